"""The report of an exchange as JSON: what became of each field, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.inspector.align.request import AlignedRow, Span
from core.inspector.pair import Pair, answer_pair, is_streamed, pair_of, sent_pair, stream_rows
from core.note import Note


def exchange_report(exchange: Exchange, language: str) -> dict[str, Any]:
    """Return the report of an exchange that has ended, with its sentences in a language.

    ``request`` is what was sent, ``compared`` what another API would have been sent; ``answer``
    and ``stream`` are the way back. Where there is nothing to compare, each is None.
    """
    sent = sent_pair(exchange) if exchange.backend and exchange.client.request else None
    pair = pair_of(exchange)
    found: dict[str, Any] = {
        "id": exchange.id,
        "language": language,
        "request": None if sent is None else _pair(sent, language),
        "compared": _pair(pair, language) if pair.derived else None,
        "answer": None,
        "stream": None,
    }
    if exchange.client.chunks:
        found["answer"] = _answer(exchange, pair, language)
        if is_streamed(exchange):
            found["stream"] = _stream(exchange, pair, language)
    return found


def _pair(pair: Pair, language: str) -> dict[str, Any]:
    return {
        "source": pair.source,
        "target": pair.target,
        "body": pair.body,
        "written": pair.written,
        "rows": _rows(pair.rows, language),
    }


def _answer(exchange: Exchange, pair: Pair, language: str) -> dict[str, Any]:
    try:
        return _pair(answer_pair(exchange, pair), language)
    except DiglotError as exc:
        return {"error": exc.message, "rows": []}


def _stream(exchange: Exchange, pair: Pair, language: str) -> dict[str, Any]:
    try:
        source, target, rows = stream_rows(exchange, pair)
    except DiglotError as exc:
        return {"error": exc.message, "rows": []}
    found = _rows(rows, language)
    for row, aligned in zip(found, rows, strict=True):
        row |= {"records": _span(aligned.at), "written_records": _span(aligned.written_at)}
    return {"source": source, "target": target, "rows": found}


def _span(span: Span | None) -> dict[str, int] | None:
    """Return in which records of a stream something stands, counted from 1."""
    if span is None:
        return None
    return {"first": span.first, "last": span.last, "count": span.count}


def _rows(rows: Iterable[AlignedRow], language: str) -> list[dict[str, Any]]:
    return [
        {
            "outcome": row.outcome,
            "path": row.path,
            "value": row.value,
            "target": row.target,
            "written": row.written,
            "note": _note(row.note, language),
        }
        for row in rows
    ]


def _note(note: Note, language: str) -> dict[str, str]:
    said = {"key": note.key, "sentence": note.text(language)}
    more = {"source": note.source, "since": note.since}
    return said | {name: value for name, value in more.items() if value}
