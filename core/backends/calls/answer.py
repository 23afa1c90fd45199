"""The answer for a client: a whole body, or a stream that has begun.

The first piece of a stream is read before the answer is returned: an error before it is raised with
its own status instead of following a 200.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import msgspec
from msgspec import Struct

from core.errors import BackendError, DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.http.client import Reply
from core.translation.conversions.table import StreamConversion

JSON_TYPE = "application/json"


class Fail(Protocol):
    """Returns the error event that ends a stream, empty if the stream has ended."""

    def __call__(self, error: DiglotError, *, now: int) -> bytes: ...


class Answer(Struct, kw_only=True):
    """The answer for a client. ``body`` is the whole body, or is followed by the pieces of
    ``rest``.

    Close ``rest`` before calling ``fail``. ``arrived`` tells, where it is known, that all that
    ``rest`` is made of is here.
    """

    content_type: str
    body: bytes
    rest: AsyncGenerator[bytes] | None = None
    fail: Fail | None = None
    arrived: Callable[[], bool] | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)


async def stream_answer(
    exchange: Exchange, wire: Wire, reply: Reply, translator: StreamConversion, content_type: str
) -> Answer:
    """Start a stream. Raises BackendError if it starts with an error."""
    pieces = _pieces(exchange, wire, reply, translator)
    try:
        first = await anext(pieces, b"")
        # Pieces without content may still be followed by an error.
        while not (translator.spoke or translator.error or translator.finish):
            more = await anext(pieces, None)
            if more is None:
                break
            first += more
    except BaseException:
        reply.close()
        raise
    exchange.client.streamed = wire.streamed = True
    error = translator.error
    if error is not None and not translator.spoke:
        await pieces.aclose()
        exchange.client.forget()
        raise BackendError(error.message, status=error.status, code=error.code)
    return Answer(
        content_type=content_type,
        body=first,
        rest=pieces,
        fail=translator.fail,
        arrived=reply.arrived,
    )


async def _pieces(
    exchange: Exchange, wire: Wire, reply: Reply, translator: StreamConversion
) -> AsyncGenerator[bytes]:
    """Yield the client's bytes: one read of the backend, one translation, one write."""
    last = b""
    try:
        while chunk := await reply.chunk():
            now = time.time_ns()
            wire.came(chunk, now)
            data = translator.feed(chunk, now=now)
            if data:
                exchange.client.came(data, now)
                yield data
            if translator.error is not None:
                return
        last = translator.close(now=time.time_ns())
    except DiglotError as exc:
        last = translator.fail(exc, now=time.time_ns())
    finally:
        reply.close()
        exchange.client.came(last, time.time_ns())
        if translator.finish is not None:
            wire.usage = translator.finish.usage
        if translator.error is not None:
            exchange.error = translator.error.message
        exchange.end()
    if last:
        yield last
