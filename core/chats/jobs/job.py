"""One background job: it writes an answer whether or not a page is watching.

A Streamlit script is a thread that any click may kill, so it never reads from a backend. It follows
a job: ``job.wait(version, timeout)`` returns a newer Snapshot as soon as there is one. The job
folds what its run yields into one answer, in an event loop, and has that answer's row written while
it grows. The row is written before the job is ``done``: while the database is down, a finished
answer is in the phase ``saving``.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.chats.jobs.answer import Answer, Phase, RunValue
from core.chats.jobs.saving import AnswerRow
from core.chats.values.chat import ChatMessage, ChatOptions, MessageChanges, State, Step
from core.error_kinds import error_facts
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.tools.approvals import ApprovalQueue
from core.translation.messages import ToolCall

WRITE_EVERY = 0.4
"""Seconds between writes of a growing answer: what a killed process loses at most."""

TOUCH_EVERY = 2.0
"""Seconds after which even an unchanged row is written, as a sign of life (LostAnswers)."""

GRACE = 5.0
"""Seconds that a run may take to close its connection after its job has ended."""

_log = logging.getLogger(__name__)

Run = Callable[["Job"], AsyncIterator[RunValue]]
"""Makes what a job follows: the hub's events, or what run_tools yields. Called once, in the job's
loop, and closed when the job ends. It may also call note_phase and note_exchange.
"""


class Snapshot(Struct, frozen=True, kw_only=True):
    """A job at one moment; ``version`` rises with every change.

    ``text`` and ``thinking`` are of the turn that is being written; turns that called tools are
    ``steps``. ``state`` is ``running`` until ``done``. ``numbers``: see core.chats.jobs.answer.
    ``saved`` is false while writing to the database fails. ``waiting`` are calls of tools that a
    person decides about.
    """

    version: int
    phase: Phase
    state: State
    done: bool
    text: str
    thinking: str
    steps: tuple[Step, ...]
    numbers: dict[str, Any]
    finish_reason: str
    error: dict[str, Any] | None
    exchanges: tuple[str, ...]
    saved: bool = True
    waiting: tuple[ToolCall, ...] = ()


class Job:
    """One answer being written. The public methods may be called from any thread.

        queued ──follow()──> loading ──(events)──> thinking, calling, writing … ──> done
                    cancel(), end(state), an error ──> the same end, with what was written

    Two tasks run: one folds events into ``_answer``, one writes the row as it grows. ``saving``
    is the phase while the last write of the row fails and is repeated.

    ``started`` and ``ended`` (None while it runs) are on the clock of time.monotonic_ns.
    """

    def __init__(self, row: ChatMessage, owner: str, loop: asyncio.AbstractEventLoop) -> None:
        self.id = row.writer
        self.owner = owner
        self.chat_id = row.chat_id
        self.message_id = row.id
        self.started = time.monotonic_ns()
        self.ended: int | None = None
        self._loop = loop
        self._changed = threading.Condition()
        self._version = 0
        self._seen: Snapshot | None = None
        self._phase: Phase = "queued"
        self._state: State = "running"
        self._answer = Answer(row, began=self.started)
        self._exchanges = row.exchanges
        self._error: dict[str, Any] | None = None
        self._saved = True
        # What it was asked with, and whether it was left to another process.
        self.options: ChatOptions | None = None
        self.handed_over = False
        # Where its calls wait for a person, if some do (core.chats.jobs.approving).
        self.approvals: ApprovalQueue | None = None
        # The final state, once the job was ended early: nothing is folded in after that.
        self._ending: State | None = None
        self._pump: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        # Called after each change, in whatever thread it was made.
        self.listeners: set[Callable[[], None]] = set()
        # Called once all values of the run have been read.
        self.when_answered: Callable[[Job], None] | None = None

    @property
    def done(self) -> bool:
        """Whether the answer has ended and its row is written."""
        return self.ended is not None

    def snapshot(self) -> Snapshot:
        """Return the job as it is now: the same object as long as nothing changes."""
        with self._changed:
            if self._seen is None or self._seen.version != self._version:
                self._seen = self._look()
            return self._seen

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have ``listener`` called, in any thread, after each change, until the block ends."""
        self.listeners.add(listener)
        try:
            yield
        finally:
            self.listeners.discard(listener)

    def waited(self) -> float:
        """Return the seconds since the answer was asked for."""
        return (time.monotonic_ns() - self.started) / 1e9

    def wait(self, version: int, timeout: float | None) -> Snapshot:
        """Block until the job is past ``version`` or ``timeout`` seconds are over."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout)
        return self.snapshot()

    def cancel(self) -> None:
        """Stop the answer; the text so far is kept, and the connection to the backend is closed."""
        self.end("stopped")

    def end(self, state: State) -> None:
        """End the job early, in ``state``, unless it has already ended."""
        with self._changed:
            if self._ending is not None or self.done:
                return
            self._ending = state
        # In a closed loop nothing runs any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop)

    def note_exchange(self, exchange: Exchange) -> None:
        """Keep the id of a call to the backend with the message."""
        with self._change():
            self._exchanges = (*self._exchanges, exchange.id)

    def note_phase(self, phase: Phase) -> None:
        """Set the phase, where the run knows more than its events show."""
        with self._change():
            self._phase = phase

    async def follow(self, run: Run, row: AnswerRow) -> None:
        """Fold what the run yields, write the row as it grows, end. For the JobRunner."""
        pump = self._pump = asyncio.create_task(self._fold_all(run))
        pump.add_done_callback(lambda _: self._over.set())
        if self._ending is not None:
            self._stop()
        state: State = "failed"
        try:
            await self._write_along(row)
            with self._changed:
                self._answer.end(time.monotonic_ns())
                state = self._outcome(pump)
                changes = self._row(state)
            await row.finish(changes, self._note_saving)
        finally:
            with self._change():
                self._state, self._phase, self.ended = state, "done", time.monotonic_ns()
        # The run may still be closing its connection.
        await asyncio.wait({pump}, timeout=GRACE)

    async def _fold_all(self, run: Run) -> None:
        error: DiglotError | None
        try:
            await self._fold_values(run)
            error = self._answer.failure()
        except DiglotError as raised:
            error = raised
        except Exception as raised:
            # An unexpected error must show in the message, not only in the log.
            _log.exception("the run of a job failed")
            error = DiglotError(f"the answer failed: {type(raised).__name__}: {raised}")
        if error is not None:
            with self._change():
                self._error = error_facts(error)

    async def _fold_values(self, run: Run) -> None:
        self.note_phase("loading")
        values = run(self)
        try:
            count = 0
            async for value in values:
                self._fold(value)
                count += 1
                # A run that never awaits would block the event loop.
                if count % 64 == 0:
                    await asyncio.sleep(0)
        finally:
            if isinstance(values, AsyncGenerator):
                await values.aclose()
        if self.when_answered is not None:
            self.when_answered(self)

    def _fold(self, value: RunValue) -> None:
        with self._change():
            if self._ending is None:
                self._phase = self._answer.add(value, time.monotonic_ns()) or self._phase

    async def _write_along(self, row: AnswerRow) -> None:
        version, last = -1, 0.0
        while not await self._is_over(WRITE_EVERY):
            now = time.monotonic()
            if self._version == version and now - last < TOUCH_EVERY:
                continue
            with self._changed:
                changed, version = self._version != version, self._version
                changes = self._row("running") if changed else MessageChanges(state="running")
            last = now
            try:
                if not await row.grow(changes):
                    # Deleted, or stopped from another process.
                    self.end("stopped")
                self._note_saved(True)
            except DiglotError as error:
                _log.warning("a growing answer was not written: %s", error)
                self._note_saved(False)
                version = -1

    def _note_saved(self, saved: bool) -> None:
        if saved != self._saved:
            with self._change():
                self._saved = saved

    def _note_saving(self) -> None:
        with self._change():
            self._saved, self._phase = False, "saving"

    async def _is_over(self, timeout: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), timeout)
        return self._over.is_set()

    def _stop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            # Do not wait for the run to close.
            self._over.set()

    def _outcome(self, pump: asyncio.Task[None]) -> State:
        if self._ending is not None:
            self._error = None
            return self._ending
        if pump.cancelled():
            return "interrupted"
        return "failed" if self._error else "complete"

    def _row(self, state: State) -> MessageChanges:
        return MessageChanges(
            message=self._answer.message(),
            state=state,
            steps=self._steps_as(state),
            numbers=self._answer.numbers(),
            finish_reason=self._answer.finish_reason,
            error=self._error,
            exchanges=self._exchanges,
        )

    def _steps_as(self, state: State) -> tuple[Step, ...]:
        """Return the steps, with the calls marked that wait, for whoever reads the row."""
        steps = self._answer.steps
        waiting = self.approvals.waiting if self.approvals is not None else ()
        if state != "running" or not waiting:
            return steps
        ids = {call.id for call in waiting}
        calls = (
            replace(call, how="waiting") if call.id in ids and call.result is None else call
            for call in steps[-1].calls
        )
        return (*steps[:-1], replace(steps[-1], calls=tuple(calls)))

    def _look(self) -> Snapshot:
        return Snapshot(
            version=self._version,
            phase=self._phase,
            state=self._state,
            done=self.done,
            text=self._answer.text,
            thinking=self._answer.thinking,
            steps=self._answer.steps,
            numbers=self._answer.numbers(),
            finish_reason=self._answer.finish_reason,
            error=self._error,
            exchanges=self._exchanges,
            saved=self._saved,
            waiting=self.approvals.waiting if self.approvals is not None else (),
        )

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._version += 1
            self._changed.notify_all()
        for listener in tuple(self.listeners):
            listener()
