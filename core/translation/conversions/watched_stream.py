"""WatchedStream: a stream that passes as bytes, unless its text is calls that a model wrote.

Only text that may be the beginning of a call is waited for. If it turns out to be calls, they are
written as the dialect has them; else the bytes go on as they came.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import DiglotError
from core.translation.conversions.passed_stream import PassedStream
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, Finish, StreamError, TextDelta, ToolCallDelta
from core.translation.stamp import Stamp


class WatchedStream:
    """One stream of one dialect: a StreamConversion.

        watching ──(text that may be a call)──> waiting ──(calls)──> written
            └──────(any other text, a call, an end)──┴────> passed on, not looked at again

    ``amend`` is given what the backend said, holds back text that may be calls, and returns
    calls in its place once it is known that they are some.
    """

    def __init__(
        self,
        dialect: str,
        stamp: Stamp,
        passed: PassedStream,
        *,
        amend: Callable[[list[Event]], list[Event]],
        include_usage: bool,
    ) -> None:
        self._decoder = DIALECTS[dialect].decoder(ids=stamp.id)
        self._encoder = DIALECTS[dialect].encoder(stamp, include_usage=include_usage)
        self._passed = passed
        self._amend = amend
        self._watching = True
        self._waiting = False
        self._held = bytearray()
        self._said: list[Event] = []
        self._finish: Finish | None = None

    @property
    def error(self) -> StreamError | None:
        """What the stream failed of."""
        return self._passed.error

    @property
    def finish(self) -> Finish | None:
        """How the stream ended."""
        return self._finish or self._passed.finish

    @property
    def spoke(self) -> bool:
        """Whether anything of the answer was said."""
        return self._finish is not None or self._passed.spoke

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what may be sent on."""
        if self._finish is not None:
            return b""
        if not self._watching:
            return self._passed.feed(data, now=now)
        return self._look(data, self._decoder.decode(data), now)

    def close(self, *, now: int) -> bytes:
        """Return what is left once the backend has closed its side."""
        if self._finish is not None:
            return b""
        last = self._look(b"", self._decoder.flush(), now) if self._watching else b""
        return last if self._finish is not None else last + self._passed.close(now=now)

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the dialect's error event; nothing where the stream has already ended."""
        if self._finish is not None:
            return b""
        return self._pass_on(now) + self._passed.fail(error, now=now)

    def _look(self, data: bytes, events: list[Event], now: int) -> bytes:
        said = self._amend(events)
        self._said += said
        self._held += data
        if any(isinstance(one, ToolCallDelta) for one in said) and not any(
            isinstance(one, ToolCallDelta) for one in events
        ):
            return self._write(now)
        if any(_settles(one) for one in said):
            self._watching = False
        elif self._waiting or any(isinstance(one, TextDelta) and one.text for one in events):
            self._waiting = True
            return b""
        return self._pass_on(now)

    def _pass_on(self, now: int) -> bytes:
        data = bytes(self._held)
        self._held.clear()
        self._said = []
        return self._passed.feed(data, now=now) if data else b""

    def _write(self, now: int) -> bytes:
        """Write the calls, and what else was held back with them."""
        self._finish = next((one for one in self._said if isinstance(one, Finish)), Finish())
        return self._encoder.encode(self._said, now=now)


def _settles(event: Event) -> bool:
    """Tell whether an event shows that the text is no call: it was let go, or there is an end."""
    if isinstance(event, TextDelta):
        return bool(event.text)
    return isinstance(event, ToolCallDelta | StreamError | Finish)
