"""A request in two dialects, side by side: each row of the report with the values it is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from core.note import Note
from core.translation.codec import json_paths as paths
from core.translation.report.report import explain_request
from core.translation.report.rows import Outcome, ReportRow
from core.translation.report.scene import Circumstances


class Span(Struct, frozen=True, kw_only=True):
    """The records of a stream that hold a field: the first and the last from 1, and how many."""

    first: int
    last: int
    count: int


class AlignedRow(Struct, frozen=True, kw_only=True):
    """One row: the value on the left, the outcome, the value on the right.

    ``at`` and ``written_at`` are the positions in a stream; None without a stream.
    """

    path: str | None
    value: Any
    outcome: Outcome
    target: str | None
    written: Any
    note: Note
    at: Span | None = None
    written_at: Span | None = None


def align(
    rows: Collection[ReportRow], body: Mapping[str, Any], written: Mapping[str, Any]
) -> tuple[AlignedRow, ...]:
    """Return the rows of a report with the values at their paths, None without a value."""
    return tuple(
        AlignedRow(
            path=row.path,
            value=None if row.path is None else value_at(body, row.path),
            outcome=row.outcome,
            target=row.target,
            written=None if row.target is None else value_at(written, row.target),
            note=row.note,
        )
        for row in rows
    )


def align_request(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    accepts: Collection[str] = (),
    about: Circumstances | None = None,
) -> tuple[AlignedRow, ...]:
    """Return ``explain_request`` with the values it is about."""
    rows = explain_request(
        body, written, source=source, target=target, accepts=accepts, about=about
    )
    return align(rows, body, written)


def value_at(body: Any, path: str) -> Any:
    """Return the value at a path such as ``messages[0].content``; None where there is none."""
    try:
        return paths.value_at(body, path)
    except KeyError:
        return None
