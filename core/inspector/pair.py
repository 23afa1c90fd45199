"""Pair: one exchange in two dialects, its own and the one it is compared with.

Used by the request page and by ``GET /diglot/exchanges/{id}/report``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.inspector.align.answer_scene import AnswerWays
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.align.response import align_answer, whole_answer
from core.inspector.align.stream import Whole, align_stream
from core.inspector.timeline import StreamLine, read_line, record_data
from core.translation.codec.framing import begins_stream
from core.translation.codec.json import is_object
from core.translation.dialects.registry import DIALECTS, api_of
from core.translation.stamp import Stamp

_WRITTEN = "calls_written"


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
    answer = answer_pair(exchange, pair, dialect)
    return answer.source, answer.target, answer.rows


def answer_pair(exchange: Exchange, pair: Pair, dialect: str = "") -> Pair:
    """Return both sides of an exchange's answer, as ``answer_rows`` has their rows."""
    source, target, said = _answer_sides(exchange, pair, dialect)
    if said is not None:
        body = _read(exchange, source, said.chunks, streamed=said.streamed)
    else:
        body = _whole(exchange, source)
    written = _whole(exchange, target)
    ways = _ways(exchange, pair, source)
    rows = align_answer(body, written, source=source, target=target, ways=ways)
    derived = pair.derived and said is None
    return Pair(
        source=source, target=target, derived=derived, body=body, written=written, rows=rows
    )


def stream_rows(
    exchange: Exchange, pair: Pair, dialect: str = ""
) -> tuple[str, str, tuple[AlignedRow, ...]]:
    """Return the same for a stream, with rows for chunk fields."""
    source, target, said = _answer_sides(exchange, pair, dialect)
    if said is not None:
        left = _line_of(exchange, source, said.chunks, streamed=said.streamed)
    else:
        left = _line(exchange, source)
    ways = _ways(exchange, pair, source)
    return source, target, align_stream(left, _line(exchange, target), ways=ways)


def is_streamed(exchange: Exchange) -> bool:
    """Tell whether an exchange has a stream."""
    return any(wire.streamed for wire in (exchange.client, *exchange.backend))


def _answer_sides(exchange: Exchange, pair: Pair, dialect: str) -> tuple[str, str, Wire | None]:
    """Return source and target of an answer, and the backend's own words where it was rewritten."""
    source, target = answer_ways(pair)
    if dialect:
        return source, dialect, None
    said = _rewritten(exchange)
    # What the backend said of it is the other side, not what another API would say.
    return (source, target, None) if said is None else (said.dialect, said.dialect, said)


def _rewritten(exchange: Exchange) -> Wire | None:
    """Return the backend's side of an answer that passed but for calls written as words."""
    said = exchange.backend[exchange.main] if exchange.backend else None
    same = said is not None and said.dialect == exchange.client.dialect
    return said if same and _WRITTEN in exchange.emulated.values() else None


def _ways(exchange: Exchange, pair: Pair, source: str) -> AnswerWays:
    """Return how an answer came about, where its backend was asked more than once."""
    if not exchange.emulated:
        return AnswerWays()
    if pair.derived:
        made = {_WRITTEN} & set(exchange.emulated.values())
        return AnswerWays(emulated=frozenset(made))
    others = []
    for wire in exchange.backend[:-1]:
        if wire.dialect == source and wire.status < 400 and wire.chunks:
            with suppress(DiglotError):
                others.append(_read(exchange, wire.dialect, wire.chunks, streamed=wire.streamed))
    return AnswerWays(emulated=frozenset(exchange.emulated.values()), others=others)


def _line(exchange: Exchange, dialect: str) -> StreamLine | Whole:
    pieces = exchange.response_in(dialect)
    return _line_of(exchange, dialect, pieces, streamed=_is_stream(exchange, dialect))


def _line_of(
    exchange: Exchange, dialect: str, pieces: Sequence[tuple[int, bytes]], *, streamed: bool
) -> StreamLine | Whole:
    if not streamed:
        return Whole(dialect, _read(exchange, dialect, pieces, streamed=False))
    return read_line(dialect, pieces, started=exchange.started)


def _whole(exchange: Exchange, dialect: str) -> dict[str, Any]:
    pieces = exchange.response_in(dialect)
    return _read(exchange, dialect, pieces, streamed=_is_stream(exchange, dialect))


def _is_stream(exchange: Exchange, dialect: str) -> bool:
    """Tell whether ``response_in`` returns a stream: that of the first wire in this dialect."""
    wires = [exchange.client, *reversed(exchange.backend)]
    return next((w for w in wires if w.dialect == dialect), exchange.client).streamed


def _read(
    exchange: Exchange, dialect: str, pieces: Sequence[tuple[int, bytes]], *, streamed: bool
) -> dict[str, Any]:
    """Return an answer as one body: of a stream that failed, the record that says so.

    What is no JSON object stands under ``data``, as the fields of a stream have it.
    """
    stamp = Stamp(id=exchange.id, created=exchange.started, model=exchange.model)
    data = b"".join(piece for _, piece in pieces)
    # A server may stream where nobody asked for a stream.
    if streamed or (begins_stream(data) and not is_object(data)):
        try:
            return whole_answer(dialect, data, streamed=True, stamp=stamp)
        except DiglotError:
            line = read_line(dialect, pieces, started=exchange.started)
            failed = [record for record in line.records if record.kind == "error"]
            if not failed:
                raise
            data = record_data(failed[-1], dialect)
    try:
        return whole_answer(dialect, data, streamed=False, stamp=stamp)
    except DiglotError:
        return {"data": data.decode("utf-8", "replace")} if data.strip() else {}
