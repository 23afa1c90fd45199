"""Holds the answer and the stream of an exchange against the bytes that came and went."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.pair import answer_pair, is_streamed, pair_of, stream_rows
from core.inspector.timeline import StreamLine, read_line, record_data
from core.translation.dialects.registry import DIALECTS
from tests.support.answer_judge import answer_faults, stream_faults

__all__ = ["exchange_faults", "records"]


def exchange_faults(exchange: Exchange) -> Iterator[str]:
    """Yield what is wrong with the rows of what an exchange answered."""
    try:
        pair = pair_of(exchange)
    except DiglotError:
        return  # the other dialect cannot say the request at all
    others = list(_others(exchange)) if not pair.derived else []
    answer = answer_pair(exchange, pair)
    yield from answer_faults(
        answer.rows, answer.body, answer.written, answer.source, answer.target, others
    )
    if is_streamed(exchange) and pair.source in DIALECTS:
        source, target, rows = stream_rows(exchange, pair)
        left, right = _records(exchange, source), _records(exchange, target)
        yield from stream_faults(rows, left, right, source, target, others)


def records(line: StreamLine) -> list[Any]:
    """Return what a stream's records hold, and the names of its events."""
    found: list[Any] = []
    for record in line.records:
        lines = re.split(r"\r\n|\r|\n", record.data.decode("utf-8", "replace"))
        found += [text[6:].strip() for text in lines if text.startswith("event:")]
        data = record_data(record, line.dialect).decode("utf-8", "replace").strip()
        try:
            found.append(json.loads(data))
        except ValueError:
            found.append(data)
    return found


def _others(exchange: Exchange) -> Iterator[Any]:
    for wire in exchange.backend[:-1]:
        with suppress(ValueError):
            yield json.loads(wire.response)


def _records(exchange: Exchange, dialect: str) -> list[Any]:
    pieces = exchange.response_in(dialect)
    data = b"".join(piece for _, piece in pieces)
    with suppress(ValueError):
        return [json.loads(data)]
    return records(read_line(dialect, pieces, started=exchange.started))
