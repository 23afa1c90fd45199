"""Runs that say what a test tells them to, and waiting as a page does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Future

from core.chats.jobs.answer import RunValue
from core.chats.jobs.job import Job, Snapshot
from core.chats.store.store import Store
from core.translation.events import Finish
from core.translation.messages import Message, Text, text_of

QUESTION = Message(role="user", parts=(Text("今天天气如何?"),))

Script = Callable[[Job], AsyncIterator[RunValue]]


def script(*values: RunValue) -> Script:
    """A run that says what it is given and ends."""

    async def run(_job: Job) -> AsyncIterator[RunValue]:
        for value in values:
            yield value

    return run


class Gate:
    """Something to wait for in a loop that a test opens from its own thread."""

    def __init__(self) -> None:
        self._opened: Future[None] = Future()

    def open(self) -> None:
        self._opened.set_result(None)

    def __await__(self) -> Generator[None]:
        # Shielded, or a run that is cancelled would take the future with it.
        return asyncio.shield(asyncio.wrap_future(self._opened)).__await__()


class Held:
    """A run that says what it is given and then waits until it is let go or closed."""

    def __init__(self, *values: RunValue, after: tuple[RunValue, ...] = (Finish(),)) -> None:
        self.values = values
        self.after = after
        self.go = Gate()
        self.closed = threading.Event()

    async def __call__(self, _job: Job) -> AsyncIterator[RunValue]:
        try:
            for value in self.values:
                yield value
            await self.go
            for value in self.after:
                yield value
        finally:
            self.closed.set()


def finished(job: Job) -> Snapshot:
    """Wait for a job as a page does, and return its last snapshot."""
    deadline = time.monotonic() + 10
    seen = job.snapshot()
    while not seen.done:
        assert time.monotonic() < deadline, "the job did not end"
        seen = job.wait(seen.version, 1)
    return seen


def until(job: Job, reached: Callable[[Snapshot], bool]) -> Snapshot:
    deadline = time.monotonic() + 10
    seen = job.snapshot()
    while not reached(seen):
        assert time.monotonic() < deadline, f"the job stayed at {seen}"
        seen = job.wait(seen.version, 1)
    return seen


def stored_text(store: Store, job: Job) -> str:
    return text_of(store.message(job.owner, job.message_id).message)
