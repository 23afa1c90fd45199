"""The answer for a client: a whole body, or a stream that has begun.

The first piece of a stream is read before the answer is returned: an error before it is raised with
its own status instead of following a 200.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from typing import Protocol
from urllib.parse import quote

import msgspec
from msgspec import Struct

from core.backends.balancing.load import Lease
from core.backends.calls.asked import Sent
from core.errors import BackendError, DiglotError, Unsupported
from core.exchanges.exchange import Exchange
from core.http.client import Reply
from core.translation.conversions.table import StreamConversion
from core.translation.dialects.registry import SPOKEN
from core.translation.report.report import dropped
from core.translation.report.rows import ReportRow

JSON_TYPE = "application/json"

LOSSES = ("x-diglot-dropped", "x-diglot-emulated")
"""The headers that say what of a request its answer does without, or was made up for."""

_LONGEST_LIST = 2000
"""The most characters of x-diglot-dropped: some clients refuse longer headers."""


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


class Stream:
    """A stream on its way from a backend to the client, read by read.

        held ──(first words, an error, or the end)──> ready ──begin()──> Answer, or BackendError
         │                                              │
         └── take(chunk) ── take(chunk) ── ... ─────────┴── take(chunk) ... ──> finish(), once

    Whoever reads waits for the backend in ``pieces``, or is told of what comes and calls ``take``
    and ``finish``: the rules are the same.
    """

    __slots__ = ("_content_type", "_exchange", "_reply", "_translator", "_wire", "ended")

    def __init__(self, sent: Sent, reply: Reply) -> None:
        self._exchange = sent.call.exchange
        self._wire = sent.sending.wire
        self._reply = reply
        self._translator: StreamConversion = sent.conversion.stream()
        self._content_type = SPOKEN[sent.call.incoming.client_dialect].stream_type
        self.ended = False

    @property
    def ready(self) -> bool:
        """Whether it is known that the stream begins, or that it does not."""
        translator = self._translator
        return bool(translator.spoke or translator.error or translator.finish)

    @property
    def failed(self) -> bool:
        """Whether the backend has said that it failed: nothing follows."""
        return self._translator.error is not None

    @property
    def refused(self) -> bool:
        """Whether it is an error and nothing else. ``finish`` comes before ``begin`` then."""
        return self._translator.error is not None and not self._translator.spoke

    def take(self, chunk: bytes) -> bytes:
        """Return the client's bytes for what one read of the backend gave."""
        now = time.time_ns()
        self._wire.came(chunk, now)
        data = self._translator.feed(chunk, now=now)
        if data:
            self._exchange.client.came(data, now)
        return data

    def close(self) -> bytes:
        """Return the last bytes, once the backend has closed its side. ``finish`` comes next."""
        return self._translator.close(now=time.time_ns())

    def fail(self, error: DiglotError) -> bytes:
        """Return the last bytes where the backend, or its answer, fails. ``finish`` comes next."""
        return self._translator.fail(error, now=time.time_ns())

    def finish(self, last: bytes) -> None:
        """Note that the stream is over: nothing comes after ``last``, or nobody takes it."""
        exchange, wire, translator = self._exchange, self._wire, self._translator
        self.ended = True
        self._reply.close()
        exchange.client.came(last, time.time_ns())
        if translator.finish is not None:
            wire.usage = translator.finish.usage
        if translator.error is not None:
            exchange.error = translator.error.message
        exchange.end()

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield the client's bytes: one read of the backend, one translation, one write."""
        last = b""
        try:
            while chunk := await self._reply.chunk():
                data = self.take(chunk)
                if data:
                    yield data
                if self.failed:
                    return
            last = self.close()
        except DiglotError as exc:
            last = self.fail(exc)
        finally:
            self.finish(last)
        if last:
            yield last

    def begin(self, held: bytes, rest: AsyncGenerator[bytes]) -> Answer:
        """Return the answer that begins with ``held``; ``rest`` are its ``pieces`` from there on.

        Raises BackendError where the stream is an error and nothing else.
        """
        exchange, error = self._exchange, self._translator.error
        exchange.client.streamed = self._wire.streamed = True
        if error is not None and self.refused:
            exchange.client.forget()
            raise BackendError(error.message, status=error.status, code=error.code)
        return Answer(
            content_type=self._content_type,
            body=held,
            rest=rest,
            fail=self._translator.fail,
            arrived=self._reply.arrived,
        )


async def stream_answer(stream: Stream, held: bytes = b"") -> Answer:
    """Start a stream, of which ``held`` was read.

    Raises BackendError where it is an error and nothing else.
    """
    pieces = stream.pieces()
    try:
        # Pieces without content may still be followed by an error.
        while not stream.ready:
            more = await anext(pieces, None)
            if more is None:
                break
            held += more
    except BaseException:
        await pieces.aclose()
        raise
    if stream.refused:
        await pieces.aclose()
    return stream.begin(held, pieces)


def is_stream(sent: Sent, reply: Reply) -> bool:
    """Tell whether an answer is the stream that was asked for, not a whole answer instead."""
    conversion = sent.conversion
    whole = conversion.json_is_whole and reply.content_type.startswith(JSON_TYPE)
    return conversion.streams and not whole


def whole_answer(sent: Sent, whole: bytes) -> Answer:
    """Return the converted answer of a backend. Raises InvalidResponse, BackendError."""
    conversion, wire = sent.conversion, sent.sending.wire
    body, wire.usage = conversion.response(whole, now=time.time_ns())
    answer = Answer(content_type=conversion.answer_type, body=body)
    add_headers(answer, sent)
    return answer


def add_headers(answer: Answer, sent: Sent) -> None:
    """Add what was lost on the way, and whether calls were made of words so far."""
    answer.headers |= sent.headers
    if "calls_written" in sent.call.exchange.emulated.values():
        told = (answer.headers.get("x-diglot-emulated", ""), "calls_written")
        answer.headers["x-diglot-emulated"] = ",".join(filter(None, told))


def begin_answer(lease: Lease, answer: Answer, exchange: Exchange) -> None:
    """End a lease now, or at the end of the stream."""
    lease.began()
    # A stream may be over before it begins: all was held back until its end.
    if answer.rest is None or exchange.ended:
        lease.end(exchange)
    else:
        exchange.on_end = lease.end


def note_answer(exchange: Exchange, answer: Answer) -> None:
    """Record what the client is told."""
    client = exchange.client
    answer.headers["x-diglot-id"] = exchange.id
    client.status = 200
    client.answered = (("content-type", answer.content_type), *answer.headers.items())
    if answer.rest is None:
        client.came(answer.body, time.time_ns())
        exchange.end()


def loss_headers(rows: tuple[ReportRow, ...], *, strict: bool) -> dict[str, str]:
    """Return the headers about dropped and emulated fields. Raises Unsupported in strict mode."""
    headers: dict[str, str] = {}
    lost = dropped(rows)
    if lost and strict:
        raise Unsupported(
            f"{lost[0]} cannot be said to this backend, and strict mode was asked for. "
            "Leave it out, or send the request without strict mode.",
            path=lost[0],
        )
    if lost:
        # Keys are text from the client: quoted, so that they cannot end the header line.
        listed = ",".join(quote(path, safe="[]. ") for path in lost)
        headers["x-diglot-dropped"] = listed[:_LONGEST_LIST]
    ways = {row.note.key.rpartition(".")[2] for row in rows if row.outcome == "emulated"}
    if ways:
        headers["x-diglot-emulated"] = ",".join(sorted(ways))
    return headers
