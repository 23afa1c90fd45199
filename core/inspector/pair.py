"""Pair: one exchange in two dialects, its own and the one it is compared with.

Used by the request page and by ``GET /diglot/exchanges/{id}/report``.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from core.exchanges.exchange import Exchange
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.align.response import align_answer, whole_answer
from core.inspector.align.stream import align_stream
from core.inspector.timeline import StreamLine, read_line
from core.translation.dialects.registry import DIALECTS, api_of
from core.translation.stamp import Stamp


class Pair(Struct, frozen=True, kw_only=True):
    """``derived``: the other side was never sent, only translated for comparison.

    Without a request (only an answer was pasted) the bodies and rows are empty.
    """

    source: str
    target: str
    derived: bool
    body: dict[str, Any]
    written: dict[str, Any]
    rows: tuple[AlignedRow, ...]


def pair_of(exchange: Exchange) -> Pair:
    """Return both sides of an exchange's request in two dialects.

    If the backend was asked in the same dialect, the other side is the request translated to the
    partner of that dialect. Raises DiglotError for a broken request.
    """
    source = exchange.client.dialect
    sent = exchange.backend[exchange.main] if exchange.backend else None
    if sent is not None and sent.dialect != source:
        return sent_pair(exchange)
    target = _partner(source)
    if not exchange.client.request:
        return Pair(source=source, target=target, derived=True, body={}, written={}, rows=())
    body, written = exchange.request_in(source), exchange.request_in(target)
    rows = align_request(body, written, source=source, target=target, accepts=exchange.accepts)
    return Pair(source=source, target=target, derived=True, body=body, written=written, rows=rows)


def sent_pair(exchange: Exchange) -> Pair:
    """Return the request of the client and the request to its backend.

    Raises IndexError where no backend was asked, DiglotError for a broken request.
    """
    source, target = exchange.client.dialect, exchange.backend[exchange.main].dialect
    body, written = exchange.bodies()
    rows = align_request(
        body, written, source=source, target=target, about=exchange.circumstances()
    )
    return Pair(source=source, target=target, derived=False, body=body, written=written, rows=rows)


def _partner(dialect: str) -> str:
    """Return the dialect for comparisons; embeddings are compared with embeddings."""
    spoken = DIALECTS.get(dialect)
    if spoken is not None:
        return spoken.partner
    other = api_of(api_of(dialect).dialects[0].partner)
    return other.embeddings[0].name


def answer_ways(pair: Pair) -> tuple[str, str]:
    """Return source and target of the answer: those of the request, swapped."""
    return (pair.source, pair.target) if pair.derived else (pair.target, pair.source)


def answer_rows(
    exchange: Exchange, pair: Pair, dialect: str = ""
) -> tuple[str, str, tuple[AlignedRow, ...]]:
    """Return source and target of the answer, and the rows of its fields.

    ``dialect`` replaces the target. A stream is assembled first. Raises DiglotError for an invalid
    answer.
    """
    source, target = answer_ways(pair)
    sides = [_whole(exchange, side) for side in (source, dialect or target)]
    return source, target, align_answer(*sides, source=source, target=dialect or target)


def stream_rows(
    exchange: Exchange, pair: Pair, dialect: str = ""
) -> tuple[str, str, tuple[AlignedRow, ...]]:
    """Return the same for a stream, with rows for chunk fields."""
    source, target = answer_ways(pair)
    sides = [_line(exchange, side) for side in (source, dialect or target)]
    return source, target, align_stream(*sides)


def is_streamed(exchange: Exchange) -> bool:
    """Tell whether an exchange has a stream."""
    return any(wire.streamed for wire in (exchange.client, *exchange.backend))


def _line(exchange: Exchange, dialect: str) -> StreamLine:
    return read_line(dialect, exchange.response_in(dialect), started=exchange.started)


def _whole(exchange: Exchange, dialect: str) -> dict[str, Any]:
    data = b"".join(piece for _, piece in exchange.response_in(dialect))
    wires = [wire for wire in (exchange.client, *exchange.backend) if wire.dialect == dialect]
    streamed = (wires[-1] if wires else exchange.client).streamed
    stamp = Stamp(id=exchange.id, created=exchange.started, model=exchange.model)
    return whole_answer(dialect, data, streamed=streamed, stamp=stamp)
