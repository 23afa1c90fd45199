"""The aligned table: native, outcome, OpenAI, reason. Its rows are exactly the report's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from msgspec import Struct

from core.inspector.align.request import AlignedRow, Span
from core.inspector.probes.compatibility import probes_of
from core.note import Note
from core.translation.report.notes import SOURCES
from core.words import words
from ui.viewer.paging import page_of
from ui.viewer.pair import View
from ui.viewer.views.evidence import Place, opened, probe_titles, show_evidence, turn_over
from ui.viewer.views.rows import draw_rows, pressed
from ui.widgets.dialect_labels import dialect_name, is_native
from ui.widgets.text import code_span
from ui.words import language, note_text, t

OUTCOMES = ("kept", "renamed", "retyped", "defaulted", "emulated", "dropped")
_MARKS = {"kept": "=", "renamed": "↦", "retyped": "⇄", "defaulted": "＋", "emulated": "≈",
          "dropped": "✗"}  # fmt: skip
_LONGEST = 160
_NAMED = 4
_FIXED = 4


class Record(Struct, frozen=True, kw_only=True):
    """One row as shown: its cells by column, and the source of its reason.

    ``place`` are its paths, ``probes`` the names of the probes that can prove it.
    """

    outcome: str
    cells: dict[str, str]
    place: Place
    probes: tuple[str, ...]
    source: str = ""


def summary(rows: Sequence[AlignedRow]) -> str:
    """Return a sentence with the number of rows of each outcome."""
    counts: Counter[str] = Counter(row.outcome for row in rows)
    return t("requests.summary", **{name: counts.get(name, 0) for name in OUTCOMES})


def short_summary(rows: Sequence[AlignedRow]) -> str:
    """Return only what is not the same, with the names of what is lost."""
    counts: Counter[str] = Counter(row.outcome for row in rows)
    said = [
        part.format(**{name: counts[name]})
        for part in words(language())["requests.summary"].split(" · ")
        for name in OUTCOMES
        if f"{{{name}}}" in part and counts[name] and name != "kept"
    ]
    lost = [row.path for row in rows if row.outcome == "dropped" and row.path]
    names = ", ".join(code_span(path) for path in lost[:_NAMED]) + ("…" if lost[_NAMED:] else "")
    if not said:
        return t("requests.nothing_else")
    return " · ".join(said) + (f": {names}" if names else "")


def show_rows(
    rows: Sequence[AlignedRow],
    *,
    source: str,
    target: str,
    key: str = "",
    counted: bool = True,
    titles: tuple[str, str] | None = None,
    beside: Callable[[], Mapping[str, Sequence[AlignedRow]]] | None = None,
    view: View | None = None,
) -> None:
    """Draw the aligned table, native on the left whichever side the rows start from.

    ``key`` tells tables apart where a page has several; ``counted`` says above it how many
    there are of each outcome. ``titles`` name the sides where dialects do not, in the order of
    the rows. ``beside`` draws what stands beside the filter and returns the rows of the same
    source in further dialects: a column each. ``view`` says whose rows they are, and gives
    those of which something can be proved a button to do so.
    """
    if counted:
        st.markdown(summary(rows))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        only = st.toggle(t("requests.only_changes"), value=True, key=f"only_{source}_{key}")
        also = beside() if beside else {}
    turned = titles is None and is_native(target)
    sides = titles or (dialect_name(source), dialect_name(target))
    shown = records(rows, sides=sides, turned=turned, also=also, only_changes=only)
    if not shown:
        st.caption(t("requests.no_difference"))
        return
    table = f"{source}-{key}"
    _, page = page_of(shown, key=f"rows_page_{table}")
    at = _open_at(view, table, page)
    # A row's evidence stands below it, so the table is split there.
    _draw(page if at is None else page[: at + 1], table, 0, view=view, at=at)
    if view is not None and at is not None:
        place = st.container()
        if page[at + 1 :]:
            _draw(page[at + 1 :], table, 1, view=view)
        with place:
            show_evidence(view, table)


def _open_at(view: View | None, table: str, page: Sequence[Record]) -> int | None:
    place = opened(view, table) if view else None
    return next((n for n, record in enumerate(page) if place and record.place == place), None)


def _draw(
    part: Sequence[Record], table: str, number: int, *, view: View | None, at: int | None = None
) -> None:
    """Draw a part of the table, of which the row ``at`` is open."""
    names = list(part[0].cells)
    kinds = ["side", "outcome", "side", "why", *["more"] * (len(names) - _FIXED)]
    columns = [{"name": n, "kind": k} for n, k in zip(names, kinds, strict=True)]
    proving = view is not None and any(record.probes for record in part)
    if view is not None:
        # Both parts of a table have the same columns.
        columns.append({"name": t("viewer.probe_column"), "kind": "prove"})
    key = f"rows-{table}-{number}"
    rows = [
        {
            "cells": [*record.cells.values(), *[""] * (view is not None)],
            "outcome": record.outcome,
            "source": record.source,
            "address": SOURCES.get(record.source, ""),
            "prove": t("viewer.probe_row_label", names=probe_titles(record.probes))
            if proving and record.probes
            else "",
            "open": place == at,
        }
        for place, record in enumerate(part)
    ]

    def press() -> None:
        place = pressed(key)
        if view is not None and place is not None and place < len(part):
            turn_over(view, table, part[place].place, part[place].probes)

    draw_rows(
        rows, columns, name=t("viewer.rows_alt", count=len(part)), key=key,
        prove=t("viewer.probe_row"), headed=number == 0, on_press=press,
    )  # fmt: skip


def records(
    rows: Sequence[AlignedRow],
    *,
    sides: tuple[str, str],
    turned: bool = False,
    also: Mapping[str, Sequence[AlignedRow]] | None = None,
    only_changes: bool = False,
) -> list[Record]:
    """Return the table's records, exactly one for each row of the reports.

    ``sides`` are the names of source and target; the target is on the left if ``turned``. Rows that
    only a further dialect has come last.
    """
    more = {dialect: _by_path(others) for dialect, others in (also or {}).items()}
    found = []
    for row in rows:
        others = {dialect: by_path.get(row.path) for dialect, by_path in more.items()}
        alike = all(other is None or other.outcome == "kept" for other in others.values())
        if only_changes and row.outcome == "kept" and alike:
            continue
        cells = _cells(row, sides, turned=turned)
        for dialect, other in others.items():
            cells[dialect_name(dialect)] = _mark(other) if other and row.path else "—"
        found.append(_record(row, cells))
    for dialect, others_rows in (also or {}).items():
        for row in others_rows:
            if row.path is None:
                cells = _cells(row, sides, turned=turned)
                cells |= dict.fromkeys((*sides, *map(dialect_name, more)), "—")
                cells[dialect_name(dialect)] = _cell(row.target, row.written, row.written_at)
                found.append(_record(row, cells))
    return found


def _record(row: AlignedRow, cells: dict[str, str]) -> Record:
    return Record(
        outcome=row.outcome,
        cells=cells,
        place=(row.path, row.target),
        probes=tuple(probe.name for probe in probes_of(row)),
        source=row.note.source,
    )


def _by_path(rows: Sequence[AlignedRow]) -> dict[str | None, AlignedRow]:
    return {row.path: row for row in rows if row.path is not None}


def _cells(row: AlignedRow, sides: tuple[str, str], *, turned: bool) -> dict[str, str]:
    pair = (_cell(row.path, row.value, row.at), _cell(row.target, row.written, row.written_at))
    (left, here), (right, there) = (
        zip(reversed(sides), reversed(pair), strict=True)
        if turned
        else zip(sides, pair, strict=True)
    )
    return {
        left: here,
        t("requests.outcome"): f"{_MARKS[row.outcome]} {t(f'requests.{row.outcome}')}",
        right: there,
        t("requests.why"): _why(row.note),
    }


def _mark(row: AlignedRow) -> str:
    if row.target is None:
        return f"{_MARKS[row.outcome]} {t(f'requests.{row.outcome}')}"
    return f"{_MARKS[row.outcome]} {_cell(row.target, row.written, row.written_at)}"


def _why(note: Note) -> str:
    """Return the reason with the version from which it holds."""
    text = note_text(note)
    return f"{text} ({t('requests.since')} {note.since})" if note.since else text


def _cell(path: str | None, value: Any, span: Span | None) -> str:
    """Return a field with its value, and with the records of a stream that hold it."""
    if path is None:
        return "—"
    text = json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f"{path}: {text}{_records(span) if span else ''}"


def _records(span: Span) -> str:
    if span.count == 1:
        return f" ‹#{span.first}›"
    return f" ‹#{span.first}-{span.last}, ×{span.count}›"
