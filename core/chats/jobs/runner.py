"""Starts jobs, finds them again, and ends them when the program stops.

A job belongs to its owner like the chat that it writes in, and is invisible to others. Ended jobs
are kept for some minutes, for pages that still follow them. A page that finds no job reads the
message instead, which is written first.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Unpack

from core.chats.jobs.job import GRACE, Job, Run
from core.chats.jobs.journal import Journal
from core.chats.jobs.saving import AnswerRow
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage, MessageFacts, Step
from core.errors import BackendUnavailable, DiglotError, InvalidRequest
from core.translation.messages import Message

_WRITERS = 4
_LOOK_EVERY = 0.05


class JobRunner:
    """Starts jobs, one at a time for each chat, or several side by side.

    ``loop`` is a running loop to use, for instance because the client of the backends lives in it;
    without one a thread with its own is started when it is first needed. A finished job is kept for
    ``keep_seconds``, and at most ``keep_jobs`` of them. ``journal`` keeps answers while the
    database is down. Methods may be called from any thread; ``start`` writes to the store and so
    blocks for some milliseconds.
    """

    def __init__(
        self,
        store: Store,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        journal: Journal | None = None,
        keep_seconds: float = 300,
        keep_jobs: int = 200,
    ) -> None:
        self._store = store
        self._journal = journal
        self._closing = asyncio.Event()
        self._keep_seconds = keep_seconds
        self._keep_jobs = keep_jobs
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="chat-writer")
        self._lock = threading.Lock()
        self._loop = loop
        self._thread: _LoopThread | None = None
        self._jobs: dict[str, Job] = {}
        self._starting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = self._closed = False

    def start(
        self,
        owner: str,
        chat_id: str,
        run: Run,
        *,
        parent_id: str | None = None,
        ask: Message | None = None,
        continues: str | None = None,
        model: str = "",
        dialect: str = "",
        steps: tuple[Step, ...] = (),
        exchanges: tuple[str, ...] = (),
    ) -> Job:
        """Start an answer below ``parent_id`` (None: at the chat's root) and return its job.

        ``ask`` is a new message of the user that comes between the two; it is added only if
        the job may start. ``continues`` is the id of an answer that was cut, to be written
        on in place; ``steps`` and their ``exchanges`` are another answer's, to go on from.
        Raises InvalidRequest: ``busy`` (409) while a job of the chat runs, ``not_found`` (404)
        for a chat or message that is not the owner's.
        """
        with self._reserved(owner, chat_id):
            if continues is not None:
                return self._launch(self._reopen(owner, chat_id, continues), owner, run)
            parent_id = self._asked(owner, chat_id, ask, parent_id)
            row = self._add_row(
                owner,
                chat_id,
                parent_id,
                model=model,
                dialect=dialect,
                steps=steps,
                exchanges=exchanges,
            )
            return self._launch(row, owner, run)

    def start_batch(
        self,
        owner: str,
        chat_id: str,
        runs: Sequence[tuple[Run, str, str]],
        *,
        parent_id: str | None = None,
        ask: Message | None = None,
    ) -> list[Job]:
        """Start one answer, or several side by side, to one question; return their jobs in order.

        ``runs`` are the runs with their models and dialects. The conversation goes on from the
        first answer. Raises what ``start`` raises.
        """
        with self._reserved(owner, chat_id):
            parent_id = self._asked(owner, chat_id, ask, parent_id)
            batch = secrets.token_hex(16) if len(runs) > 1 else ""
            rows = [
                self._add_row(owner, chat_id, parent_id, model=model, dialect=dialect, batch=batch)
                for _, model, dialect in runs
            ]
            if batch:
                self._store.set_leaf(owner, chat_id, rows[0].id)
            return [
                self._launch(row, owner, run) for row, (run, _, _) in zip(rows, runs, strict=True)
            ]

    def _asked(
        self, owner: str, chat_id: str, ask: Message | None, parent_id: str | None
    ) -> str | None:
        """Return the parent of the answers: the new question, or the message given."""
        if ask is None:
            return parent_id
        return self._store.add_message(owner, chat_id, ask, parent_id=parent_id).id

    def _add_row(
        self, owner: str, chat_id: str, parent_id: str | None, **about: Unpack[MessageFacts]
    ) -> ChatMessage:
        about["state"], about["writer"] = "running", secrets.token_hex(16)
        empty = Message(role="assistant")
        return self._store.add_message(owner, chat_id, empty, parent_id=parent_id, **about)

    def get(self, owner: str, job_id: str) -> Job | None:
        """Return a job of the owner's that runs or has lately ended, or else None."""
        with self._lock:
            self._forget_old()
            job = self._jobs.get(job_id)
        return job if job is not None and job.owner == owner else None

    def running(self, owner: str, chat_id: str) -> list[Job]:
        """Return the jobs that run in a chat of the owner's, the oldest first."""
        with self._lock:
            return [job for job in self._running(chat_id) if job.owner == owner]

    def elsewhere(self, owner: str, chat_id: str) -> list[ChatMessage]:
        """Return the answers in a chat of the owner's that other processes write."""
        rows = self._store.growing.of_chat(owner, chat_id)
        with self._lock:
            return [row for row in rows if row.writer not in self._jobs]

    @property
    def closed(self) -> bool:
        """Whether no more jobs are started."""
        return self._refusing or self._closed

    def close(self) -> None:
        """End all jobs, mark their rows as interrupted, and stop the thread.

        Answers whose options are known are offered to other processes (store.handovers). Not for a
        thread whose loop the jobs run in: there it is ``aclose``.
        """
        if self._loop is not None and self._loop is _current_loop():
            raise RuntimeError("JobRunner.close would wait for its own thread: use aclose")
        if not self._shut():
            return
        if self._loop is not None and not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(3 * GRACE)
        if self._thread is not None:
            self._thread.stop()
        self._writers.shutdown(wait=False)

    async def aclose(self, *, drain: float = 0) -> None:
        """Do what ``close`` does, from any event loop, after at most ``drain`` seconds more in
        which jobs may end by themselves.
        """
        end = time.monotonic() + drain
        with self._lock:
            self._refusing = True
        # Polling: the tasks may belong to another loop.
        while self._tasks and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY)
        if self._loop is not asyncio.get_running_loop():
            await asyncio.to_thread(self.close)
        elif self._shut():
            await self._end_all()
            self._writers.shutdown(wait=False)

    @contextmanager
    def _reserved(self, owner: str, chat_id: str) -> Iterator[None]:
        """Reserve the chat: no other answer can start in it until the block ends."""
        # First, or the error "busy" would reveal that another owner has this chat.
        self._store.chat(owner, chat_id)
        elsewhere = self.elsewhere(owner, chat_id)
        with self._lock:
            self._forget_old()
            if self._refusing or self._closed:
                raise _shutting_down()
            if elsewhere or chat_id in self._starting or self._running(chat_id):
                raise InvalidRequest(
                    "this chat is still being answered: wait for it, or stop it first",
                    status=409,
                    code="busy",
                )
            self._starting.add(chat_id)
        try:
            yield
        finally:
            with self._lock:
                self._starting.discard(chat_id)

    def _reopen(self, owner: str, chat_id: str, message_id: str) -> ChatMessage:
        self._store.set_leaf(owner, chat_id, message_id)
        self._store.update_message(
            owner,
            message_id,
            state="running",
            writer=secrets.token_hex(16),
            error=None,
            finish_reason="",
        )
        return self._store.message(owner, message_id)

    def _launch(self, row: ChatMessage, owner: str, run: Run) -> Job:
        with self._lock:
            if not self._closed:
                if self._loop is None:
                    self._thread = _LoopThread()
                    self._loop = self._thread.loop
                job = Job(row, owner, self._loop)
                self._jobs[job.id] = job
                self._loop.call_soon_threadsafe(self._begin, job, row, run)
                return job
        self._store.update_message(owner, row.id, state="interrupted")
        raise _shutting_down()

    def _begin(self, job: Job, row: ChatMessage, run: Run) -> None:
        saved = AnswerRow(
            row,
            job.owner,
            self._store.growing,
            pool=self._writers,
            journal=self._journal,
            closing=self._closing,
        )
        task = asyncio.ensure_future(job.follow(run, saved))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _running(self, chat_id: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.chat_id == chat_id and not job.done]

    def _forget_old(self) -> None:
        oldest = time.monotonic_ns() - int(self._keep_seconds * 1e9)
        ended = sorted((job.ended, job.id) for job in self._jobs.values() if job.ended is not None)
        spare = len(ended) - self._keep_jobs
        for place, (when, job_id) in enumerate(ended):
            if place < spare or when < oldest:
                del self._jobs[job_id]

    def _shut(self) -> bool:
        """Refuse new jobs from now on; return whether this is the first call."""
        with self._lock:
            first = not self._closed
            self._closed = True
        return first

    async def _end_all(self) -> None:
        self._closing.set()
        left = [job for job in self._jobs.values() if not job.done]
        # Before the rows say that they are interrupted, so that nobody takes that for the end.
        await asyncio.get_running_loop().run_in_executor(self._writers, self._hand_over, left)
        for job in left:
            job.end("interrupted")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2 * GRACE)

    def _hand_over(self, jobs: Sequence[Job]) -> None:
        """Offer answers to other processes; without a database they only are interrupted."""
        for job in jobs:
            if job.options is not None:
                with suppress(DiglotError):
                    self._store.handovers.offer(job.owner, job.message_id, job.options)
                    job.handed_over = True


class _LoopThread:
    """A thread that runs an event loop until it is told to stop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        # A daemon thread, so that a program that does not call close can still exit.
        self._thread = threading.Thread(target=self._serve, name="chat-jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(GRACE)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._wait())

    async def _wait(self) -> None:
        await self._stopped.wait()


def _shutting_down() -> BackendUnavailable:
    return BackendUnavailable("the program is being shut down", code="shutting_down")


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
