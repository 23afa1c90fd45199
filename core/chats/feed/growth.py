"""Answers on their way to a page: what has come since it last looked, as server-sent events.

===========  ==================================================================================
``chat``     a ChatView (core.chats.feed.view): first of all, and once all answers have ended
``grow``     a Grow: what one answer has gained
``failed``   a FaultView: the stream ends without the rest
``end``      the stream is over
===========  ==================================================================================

Whoever loses the stream asks for it again with the ``at`` of the last Grow, and misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from msgspec import Struct

from core.chats.feed.shown import at_of, show_chat
from core.chats.feed.view import (
    ChatView,
    MessageView,
    StepView,
    Viewer,
    WaitingView,
    step_view,
    waiting_view,
)
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job, Snapshot
from core.chats.service import Service
from core.error_kinds import error_facts
from core.errors import DiglotError, InvalidRequest
from core.translation.codec.framing import encode_sse
from core.translation.codec.json import encode_json

_PAUSE = 0.016
"""Seconds after an event that adds to an answer: a screen draws no more often."""

_LOOK = 0.4
"""Seconds between two looks at an answer that another process writes."""

_PATIENCE = 75
"""Looks until nobody is thought to go on with an answer that was handed over."""

_ALIVE = 15.0
"""Seconds after which a line without meaning shows that the connection is alive."""

_LAST = 4
"""Messages that are shown again once the answers have ended."""


class Grow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one answer has gained. ``at`` is where it ends now.

    ``text`` and ``thinking`` are added to what is there; with ``anew`` they take its place, and
    ``steps`` take the place of all that are there. ``waiting`` are the calls that the
    reader decides about now, ``waited`` the seconds since the question.
    """

    id: str
    at: str
    phase: str
    saved: bool = True
    anew: bool = False
    text: str = ""
    thinking: str = ""
    steps: tuple[StepView, ...] | None = None
    waiting: tuple[WaitingView, ...] = ()
    waited: float = 0.0


def places(view: ChatView) -> dict[str, str]:
    """Return how far each answer is that a view shows while it is being written."""
    shown: list[MessageView] = []
    for message in view.messages:
        shown += message.together or (message,)
    return {message.id: message.at for message in shown if message.at}


async def follow(
    service: Service, owner: str, chat_id: str, viewer: Viewer, seen: Mapping[str, str]
) -> AsyncIterator[bytes]:
    """Yield the growth of a chat's answers from where ``seen`` has them, until all have ended."""
    at, more = dict(seen), 0
    try:
        while True:
            jobs = await asyncio.to_thread(service.running, owner, chat_id)
            more = max(more, len(jobs))
            answers = [_Answer(job, at.get(job.message_id, ""), viewer.language) for job in jobs]
            with _woken(jobs) as woken:
                async for event in _grow(answers, woken):
                    yield event
            if any(isinstance(job, Job) and job.handed_over for job in jobs):
                # Without an end: the browser asks again, and another process has the rest.
                return
            at |= {answer.id: answer.at for answer in answers}
            cut = any(job.snapshot().state == "interrupted" for job in jobs)
            if not jobs:
                cut = await asyncio.to_thread(_is_cut, service, owner, at)
            if not (cut and await _goes_on(service, owner, chat_id)):
                break
        view = await asyncio.to_thread(
            show_chat, service, owner, chat_id, viewer, limit=_LAST + more
        )
        yield event_of("chat", view)
    except DiglotError as error:
        yield event_of("failed", viewer.fault(error_facts(error)))
    yield event_of("end", {})


def _is_cut(service: Service, owner: str, seen: Iterable[str]) -> bool:
    """Tell whether an answer that the reader has seen grow is between two processes."""
    for one in seen:
        # Deleted meanwhile.
        with suppress(InvalidRequest):
            if service.store.message(owner, one).state in ("running", "interrupted"):
                return True
    return False


async def _goes_on(service: Service, owner: str, chat_id: str) -> bool:
    """Wait while a cut answer is between two processes; return whether it is written again."""
    settled = 0
    for _ in range(_PATIENCE):
        if await asyncio.to_thread(service.running, owner, chat_id):
            return True
        offered = await asyncio.to_thread(service.is_handed_over, owner, chat_id)
        # Twice: another process has taken it a moment before it runs there.
        settled = 0 if offered else settled + 1
        if settled == 2:
            break
        await asyncio.sleep(_LOOK)
    return False


async def _grow(answers: Sequence[_Answer], woken: asyncio.Event) -> AsyncIterator[bytes]:
    quiet = 0.0
    while True:
        woken.clear()
        spoke = False
        for answer in answers:
            grown = await answer.look()
            if grown is not None:
                quiet = 0.0
                added = grown.text or grown.thinking or grown.steps or grown.waiting
                spoke = spoke or bool(added)
                yield event_of("grow", grown)
        if all(answer.done for answer in answers):
            return
        if spoke:
            # Not after a mere change of phase, which would hold up the first words.
            await asyncio.sleep(_PAUSE)
        try:
            async with asyncio.timeout(_LOOK):
                await woken.wait()
        except TimeoutError:
            quiet += _LOOK
            if quiet > _ALIVE:
                quiet = 0.0
                yield b":\n\n"


class _Answer:
    """One answer, and how much of it has been told."""

    def __init__(self, job: Job | AnswerElsewhere, at: str, language: str) -> None:
        self.done = False
        self.id = job.message_id
        self._job = job
        self._language = language
        self._version = -1
        self._at = _numbers(at)
        self._steps: tuple[object, ...] = ()

    @property
    def at(self) -> str:
        """Where what has been told ends."""
        return ".".join(map(str, self._at))

    async def look(self) -> Grow | None:
        """Return what has come since the last look, or None."""
        if isinstance(self._job, AnswerElsewhere):
            # It reads the database.
            now = await asyncio.to_thread(self._job.snapshot)
        else:
            now = self._job.snapshot()
        self.done = now.done
        if now.version == self._version:
            return None
        self._version = now.version
        return self._grown(now)

    def _grown(self, now: Snapshot) -> Grow:
        turns, thought, said = self._at
        anew = turns != len(now.steps) or thought > len(now.thinking) or said > len(now.text)
        if anew:
            thought = said = 0
        changed = now.steps != self._steps
        self._steps = now.steps
        self._at = (len(now.steps), len(now.thinking), len(now.text))
        return Grow(
            id=self._job.message_id,
            at=at_of(now),
            phase=now.phase,
            saved=now.saved or now.done,
            anew=anew,
            text=now.text[said:],
            thinking=now.thinking[thought:],
            steps=tuple(step_view(step, self._language) for step in now.steps) if changed else None,
            waiting=waiting_view(now.waiting),
            waited=self._job.waited(),
        )


@contextmanager
def _woken(jobs: Sequence[Job | AnswerElsewhere]) -> Iterator[asyncio.Event]:
    """Give an event that is set whenever one of the jobs has changed."""
    woken, loop = asyncio.Event(), asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(woken.set)

    with ExitStack() as stack:
        for job in jobs:
            stack.enter_context(job.telling(wake))
        yield woken


def _numbers(at: str) -> tuple[int, int, int]:
    parts = at.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return (0, 0, 0)
    turns, thought, said = (int(part[:12]) for part in parts)
    return (turns, thought, said)


def event_of(name: str, data: object) -> bytes:
    """Return one event of a stream that a page reads."""
    return encode_sse(encode_json(data), name.encode())
