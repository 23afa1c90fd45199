"""One exchange as a pair of dialects: the one it came in, and the one it is held against."""

from __future__ import annotations

import zlib
from typing import Any

from msgspec import Struct

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.align.response import align_answer, whole_answer
from core.inspector.align.stream import align_stream
from core.inspector.timeline import StreamLine, read_line
from core.translation.dialects.registry import BACKEND_KINDS, DIALECTS, SPOKEN
from core.translation.stamp import Stamp

__all__ = [
    "Pair",
    "View",
    "about",
    "answer_rows",
    "answer_ways",
    "further",
    "is_streamed",
    "other",
    "pair_of",
    "rows_in",
    "stream_rows",
]


class Pair(Struct, frozen=True, kw_only=True):
    """``derived``: the other side was never sent, only written for comparison.

    Without a request (an answer that was pasted alone) the bodies and the rows are empty.
    """

    source: str
    target: str
    derived: bool
    body: dict[str, Any]
    written: dict[str, Any]
    rows: tuple[AlignedRow, ...]


class View(Struct, frozen=True, kw_only=True):
    """What every tab is given: the exchange, who looks at it, and ``key`` for its widgets.

    ``drawer`` tells that it is drawn in one, which does not outlast a new drawing of the page.
    """

    service: Service
    owner: str
    exchange: Exchange
    pair: Pair
    key: str
    drawer: bool = False


def other(dialect: str) -> str:
    """Return the dialect to compare with."""
    return SPOKEN[dialect].partner


def further() -> list[str]:
    """Return the chat dialects that no server is asked in: they can be shown as more columns."""
    asked = {name for kind in BACKEND_KINDS.values() for name in kind.speaks}
    return [
        name for name, dialect in DIALECTS.items() if dialect.task == "chat" and name not in asked
    ]


def about(exchange: Exchange) -> tuple[str, int, int, int]:
    """Return what tells an exchange, as far as it has come, from every other."""
    return (
        exchange.id,
        zlib.crc32(exchange.client.request),
        len(exchange.backend),
        exchange.client.answer_bytes,
    )


def pair_of(exchange: Exchange) -> Pair:
    """Return both sides of an exchange's request. Raises DiglotError for a broken one."""
    source = exchange.client.dialect
    target = exchange.backend[-1].dialect if exchange.backend else other(source)
    derived = not exchange.backend or target == source
    if target == source:
        target = other(source)
    if not exchange.client.request:
        return Pair(source=source, target=target, derived=True, body={}, written={}, rows=())
    body, written = exchange.request_in(source), exchange.request_in(target)
    rows = align_request(
        body,
        written,
        source=source,
        target=target,
        about=exchange.circumstances(),
    )
    return Pair(
        source=source, target=target, derived=derived, body=body, written=written, rows=rows
    )


def rows_in(view: View, dialect: str) -> tuple[AlignedRow, ...]:
    """Return what the same request becomes in a further dialect. Raises DiglotError."""
    pair = view.pair
    written = view.exchange.request_in(dialect)
    return align_request(pair.body, written, source=pair.source, target=dialect)


def answer_ways(pair: Pair) -> tuple[str, str]:
    """Return whence and whither the answer went: the way of the request turned round."""
    return (pair.source, pair.target) if pair.derived else (pair.target, pair.source)


def answer_rows(view: View, dialect: str = "") -> tuple[str, str, tuple[AlignedRow, ...]]:
    """Return whence and whither the answer went, and what each of its fields became.

    A further ``dialect`` takes the place of the other side's. A stream is put together first.
    Raises DiglotError where a side breaks its dialect.
    """
    source, target = answer_ways(view.pair)
    sides = [_whole(view.exchange, side) for side in (source, dialect or target)]
    return source, target, align_answer(*sides, source=source, target=dialect or target)


def stream_rows(view: View, dialect: str = "") -> tuple[str, str, tuple[AlignedRow, ...]]:
    """Return the same of an answer's stream, chunk fields instead of the whole answer's."""
    source, target = answer_ways(view.pair)
    sides = [_line(view.exchange, side) for side in (source, dialect or target)]
    return source, target, align_stream(*sides)


def is_streamed(exchange: Exchange) -> bool:
    """Tell whether some side of an exchange is a stream."""
    return any(wire.streamed for wire in (exchange.client, *exchange.backend))


def _line(exchange: Exchange, dialect: str) -> StreamLine:
    return read_line(dialect, exchange.response_in(dialect), started=exchange.started)


def _whole(exchange: Exchange, dialect: str) -> dict[str, Any]:
    data = b"".join(piece for _, piece in exchange.response_in(dialect))
    wires = [wire for wire in (exchange.client, *exchange.backend) if wire.dialect == dialect]
    streamed = (wires[-1] if wires else exchange.client).streamed
    stamp = Stamp(id=exchange.id, created=exchange.started, model=exchange.model)
    return whole_answer(dialect, data, streamed=streamed, stamp=stamp)
