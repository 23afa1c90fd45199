"""What stream decoders of every dialect share: records in order, and an honest end.

A broken or unfinished stream ends in a StreamError event, after all that was whole before it:
whether the network cut the bytes here or there never changes what comes out.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from core.errors import DiglotError, InvalidResponse
from core.translation.events import Event, Finish, StreamError

Record = TypeVar("Record")


class Framing(Protocol[Record]):
    """Cuts bytes into records of one kind. ``is_empty``: nothing waits for its other half."""

    @property
    def is_empty(self) -> bool: ...

    def decode(self, data: bytes) -> list[Record]: ...

    def flush(self) -> list[Record]: ...


class EventDecoder(Generic[Record]):
    """Base of the dialects' decoders: they say how one record is read, and how a stream ends."""

    unfinished = "the backend's stream ended before it was done"

    def __init__(self, framing: Framing[Record], *, ids: str) -> None:
        self._framing = framing
        self._ids = ids
        self._ended = False

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a record, in a stream that has not ended."""
        return not self._ended and self._framing.is_empty

    def decode(self, data: bytes) -> list[Event]:
        """Return the events that ``data`` completes; nothing after the end."""
        if self._ended:
            return []
        events: list[Event] = []
        try:
            self._take(self._framing.decode(data), events)
        except DiglotError as exc:
            self._fail(exc.message, events)
        return events

    def flush(self) -> list[Event]:
        """Return what is left once the bytes are over: a StreamError unless it had ended."""
        if self._ended:
            return []
        events: list[Event] = []
        try:
            self._take(self._framing.flush(), events)
        except DiglotError as exc:
            self._fail(exc.message, events)
        if not self._ended:
            self.end(events)
            if not events or not isinstance(events[-1], Finish):
                self._fail(self.unfinished, events)
            self._ended = True
        return events

    def end(self, events: list[Event]) -> None:
        """Append the end that the records so far amount to, for a dialect with two signs of it."""

    def read(self, record: Record, events: list[Event]) -> None:
        """Append what one record says. Raises a DiglotError when it cannot be read."""
        raise NotImplementedError

    def _take(self, records: list[Record], events: list[Event]) -> None:
        for record in records:
            self.read(record, events)
            if events and isinstance(events[-1], Finish | StreamError):
                self._ended = True
                return

    def _fail(self, message: str, events: list[Event]) -> None:
        self._ended = True
        events.append(StreamError(message=message, status=502, code=InvalidResponse.code))
