"""An answer whose head leaves together with the beginning of its body.

uvicorn writes the head of an answer and each piece of its body one by one, and uvloop hands each
to the system at once. A system call takes longer than most of what is done for a request. And it
looks at each of twenty headers by two patterns; here all are looked at in one pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

BODY_FOLLOWS = "diglot.body_follows"
"""Key of ``http.response.start`` that promises: the body's beginning is sent next, at once.

Its value is the body's length in bytes, which then stands in no header, or None where it is not
known. Servers pass over keys that they do not know (ASGI 3.0, "Extensions").
"""

_FRAMING = (b"content-length", b"content-encoding", b"transfer-encoding")
# What no header may hold (RFC 9110, 5.5): all control characters but the tab.
_BROKEN = bytes([*range(9), *range(10, 32), 127])


class JoinedHead(RequestResponseCycle):
    """uvicorn's cycle of a request and its answer, which keeps the promise of ``BODY_FOLLOWS``."""

    chunks = True
    """Whether a body whose length is not known may be sent in chunks."""

    async def send(self, message: Any) -> None:
        """Send on; a head that is followed at once waits for what follows."""
        # What packs bodies may stand between and say the length itself, as in the app's process.
        if BODY_FOLLOWS not in message or any(name in _FRAMING for name, _ in message["headers"]):
            await super().send(message)
            return
        length = message[BODY_FOLLOWS]
        usual = not (self._logged or self.flow.write_paused or self.disconnected)
        # To HEAD no body is written, whatever is sent.
        if usual and self.scope["method"] != "HEAD":
            self._begin(message, length)
            return
        sized = [] if length is None else [(b"content-length", b"%d" % length)]
        changed: Any = {**message, "headers": [*message["headers"], *sized]}
        await super().send(changed)

    @property
    def _logged(self) -> bool:
        """Whether uvicorn logs each answer."""
        return self.access_log and self.access_logger.isEnabledFor(logging.INFO)

    def _begin(self, message: Any, length: int | None) -> None:
        """Do what ``super().send`` does with the beginning of an answer, in less time."""
        head = self._head(message["status"], header_lines(message["headers"]), length)
        self.transport = _Joining(self, head)  # type: ignore[assignment]

    def _head(self, status: int, lines: bytes, length: int | None) -> bytes:
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = length is None and self.chunks
        framing = b"transfer-encoding: chunked\r\n\r\n" if self.chunks else b"\r\n"
        if length is not None:
            self.expected_content_length = length
            framing = b"content-length: %d\r\n\r\n" % length
        if not self.keep_alive:
            framing = b"connection: close\r\n" + framing
        return b"".join((STATUS_LINE[status], _default(self.default_headers), lines, framing))

    def begin_again(self, scope: Any, headers: Any, on_response: Callable[[], None]) -> None:
        """Take the next request of a connection, whose body is read, in the place of one that is
        answered, and that nobody else refers to any more. ``headers`` are uvicorn's own.
        """
        self.scope = scope
        self.default_headers = headers
        self.on_response = on_response
        self.body = bytearray()
        self.response_started = self.response_complete = False
        self.chunked_encoding = None
        self.expected_content_length = 0

    # Without waiting --------------------------------------------------------------------------

    @property
    def usual(self) -> bool:
        """Whether an answer may begin by ``begin_now``: nothing has to be waited for or said."""
        waits = self._logged or self.flow.write_paused or self.disconnected
        return not (waits or self.response_started or self.transport.is_closing())

    def begin_now(self, lines: bytes, body: bytes, *, length: int | None, more: bool) -> None:
        """Begin an answer with the status 200 and the headers ``lines``.

        ``length`` is that of the body, None where it is not known.
        """
        self.write_now(body, more=more, head=self._head(200, lines, length))

    def write_now(self, body: bytes, *, more: bool, head: bytes = b"") -> None:
        """Write a piece of an answer, as ``send`` does. The caller looks after a slow client."""
        if self.chunked_encoding:
            # Joined, not formatted: that copies a long body several times.
            piece = (head, b"%x\r\n" % len(body), body, b"\r\n") if body else (head,)
            self.transport.write(b"".join(piece if more else (*piece, b"0\r\n\r\n")))
        else:
            self.expected_content_length -= len(body)
            self.transport.write(head + body)
        if not more:
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            # As run_asgi does: else the connection and its last cycle would keep each other.
            on_response, self.on_response = self.on_response, _nothing
            on_response()


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as they are sent. Raises RuntimeError for one that holds a line's end."""
    lines = [b": ".join(pair) for pair in headers]
    lines.append(b"")
    joined = b"\r\n".join(lines)
    # Each line has one end, of two of these. A search takes seven times as long.
    if len(joined) - len(joined.translate(None, _BROKEN)) != 2 * len(lines) - 2:
        raise RuntimeError("Invalid HTTP header value.")
    return joined


_defaults: list[tuple[Any, bytes]] = [((), b"")]


def _default(headers: Any) -> bytes:
    """Return the lines of uvicorn's own headers: one list of them is used for a second or more."""
    known, lines = _defaults[0]
    if known is not headers:
        lines = header_lines(headers)
        _defaults[0] = (headers, lines)
    return lines


def _nothing() -> None:
    """Stand for what was done."""


class _Joining:
    """Stands for the transport until the first write after the head's, with which that goes."""

    __slots__ = ("_cycle", "_head", "_transport")

    def __init__(self, cycle: JoinedHead, head: bytes) -> None:
        self._cycle = cycle
        self._transport: asyncio.Transport = cycle.transport
        self._head = head

    def write(self, data: bytes) -> None:
        self._cycle.transport = self._transport
        self._transport.write(self._head + data)

    def close(self) -> None:
        self._transport.write(self._head)
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()
