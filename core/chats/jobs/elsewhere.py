"""An answer that another process writes, followed by reading its row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from core.chats.jobs.job import Snapshot
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage
from core.errors import DiglotError
from core.translation.messages import ToolCall, text_of

_LOOK_EVERY = 0.4
"""Seconds between two reads of the row: as often as a job writes it."""

_LOOK_ANYWAY = 2.0
"""Seconds between two reads where changes are told (core.chats.store.news)."""


class AnswerElsewhere:
    """What a page needs of a Job (core.chats.jobs.job), read from the row that the job writes."""

    def __init__(self, store: Store, owner: str, row: ChatMessage) -> None:
        self.id = row.writer
        self.owner = owner
        self.chat_id = row.chat_id
        self.message_id = row.id
        self.started = time.monotonic_ns()
        self._store = store
        self._snapshot = _seen(row)
        self._looked = time.monotonic()
        # Whether somebody is told of changes, and whether there was one since the last read.
        self._told = False
        self._changed = False

    @property
    def done(self) -> bool:
        """Whether the answer has ended and its row is written."""
        return self._snapshot.done

    def snapshot(self) -> Snapshot:
        """Return the answer as its row was last seen; the same object while nothing changes."""
        told = self._told and self._store.growing.news.heard
        pause = _LOOK_ANYWAY if told else _LOOK_EVERY
        if not self.done and (self._changed or time.monotonic() - self._looked >= pause):
            self._looked, self._changed = time.monotonic(), False
            # A short outage of the database is ignored: the next call asks again.
            with suppress(DiglotError):
                row = self._store.message(self.owner, self.message_id)
                if row.updated != self._snapshot.version or row.state != self._snapshot.state:
                    self._snapshot = _seen(row)
        return self._snapshot

    @contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have ``listener`` called, in any thread, after each change, until the block ends; where
        changes are not told, ``snapshot`` has to be asked.
        """

        def changed() -> None:
            self._changed = True
            listener()

        self._told = True
        try:
            with self._store.growing.news.followed(self.message_id, changed):
                yield
        finally:
            self._told = False

    def waited(self) -> float:
        """Return the seconds since the answer was first seen here."""
        return (time.monotonic_ns() - self.started) / 1e9

    def wait(self, version: int, timeout: float | None) -> Snapshot:
        """Block until the row is past ``version`` or ``timeout`` seconds are over."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = self.snapshot()
            left = _LOOK_EVERY if deadline is None else deadline - time.monotonic()
            if seen.version != version or left <= 0:
                return seen
            time.sleep(min(left, _LOOK_EVERY))

    def cancel(self) -> None:
        """Ask the process that writes the answer to stop. Raises BackendUnavailable."""
        self._store.growing.stop(self.owner, self.message_id)


def _seen(row: ChatMessage) -> Snapshot:
    done = row.state != "running"
    text = text_of(row.message)
    waiting = tuple(
        ToolCall(id=call.id, name=call.name, arguments=call.arguments)
        for step in row.steps
        for call in step.calls
        if call.how == "waiting" and not done
    )
    return Snapshot(
        version=row.updated,
        phase="done" if done else "deciding" if waiting else "writing" if text else "reading",
        state=row.state,
        done=done,
        text=text,
        thinking=row.message.thinking,
        steps=row.steps,
        numbers=dict(row.numbers),
        finish_reason=row.finish_reason,
        error=dict(row.error) if row.error else None,
        exchanges=row.exchanges,
        waiting=waiting,
    )
