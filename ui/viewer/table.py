"""The aligned table: native, what happened, OpenAI, why. Its rows are the report's, no others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from msgspec import Struct

from core.translation.aligned import AlignedRow
from core.translation.notes import SOURCES, Note
from ui.comparison import dialect_name, is_native
from ui.text import plain
from ui.words import note_text, t

__all__ = ["OUTCOMES", "Record", "records", "show_rows", "summary"]

OUTCOMES = ("kept", "renamed", "retyped", "defaulted", "emulated", "dropped")
_MARKS = {"kept": "=", "renamed": "↦", "retyped": "⇄", "defaulted": "＋", "emulated": "≈",
          "dropped": "✗"}  # fmt: skip
# Shown with a mark and a word as well: colour alone is not read by everyone.
_COLOURS = {"dropped": "#c0392b33", "emulated": "#d6890033", "defaulted": "#2e7d5b26",
            "renamed": "#2f6fa326", "retyped": "#2f6fa326", "kept": ""}  # fmt: skip
_LONGEST = 160
_MOST_WRAPPED = 100


class Record(Struct, frozen=True, kw_only=True):
    """One row as it is shown: its cells by column, and where its reason is written down."""

    outcome: str
    cells: dict[str, str]
    source: str = ""


def summary(rows: Sequence[AlignedRow]) -> str:
    """Return how many rows there are of each outcome, in words."""
    counts: Counter[str] = Counter(row.outcome for row in rows)
    return t("requests.summary", **{name: counts.get(name, 0) for name in OUTCOMES})


def show_rows(
    rows: Sequence[AlignedRow],
    *,
    source: str,
    target: str,
    key: str = "",
    counted: bool = True,
    titles: tuple[str, str] | None = None,
    beside: Callable[[], Mapping[str, Sequence[AlignedRow]]] | None = None,
) -> None:
    """Draw the aligned table, native on the left whichever side the rows start from.

    ``key`` tells tables apart where a page has several; ``counted`` says above it how many
    there are of each outcome. ``titles`` name the sides where dialects do not, in the order of
    the rows. ``beside`` draws what stands beside the filter and returns the rows of the same
    source in further dialects: a column each.
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
    wrapped = len(shown) <= _MOST_WRAPPED
    table = pd.DataFrame([_written(record, markdown=wrapped) for record in shown])

    def paint(cells: Any) -> list[str]:
        colour = _COLOURS[shown[cells.name].outcome]
        return [f"background-color: {colour}" if colour else "" for _ in cells]

    styled = table.style.apply(paint, axis=1).hide(axis="index")
    if wrapped:
        # A table wraps its sentences, but draws every row at once.
        st.table(styled)
    else:
        st.dataframe(styled, hide_index=True, width="stretch", height=640)


def records(
    rows: Sequence[AlignedRow],
    *,
    sides: tuple[str, str],
    turned: bool = False,
    also: Mapping[str, Sequence[AlignedRow]] | None = None,
    only_changes: bool = False,
) -> list[Record]:
    """Return what the table shows, a record a row, none but those of the reports.

    ``sides`` are the names of where the rows start from and of where they lead, which is on
    the left where they are ``turned``. What only a further dialect needs written comes last.
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
        found.append(Record(outcome=row.outcome, cells=cells, source=row.note.source))
    for dialect, others_rows in (also or {}).items():
        for row in others_rows:
            if row.path is None:
                cells = _cells(row, sides, turned=turned)
                cells |= dict.fromkeys((*sides, *map(dialect_name, more)), "—")
                cells[dialect_name(dialect)] = _cell(row.target, row.written)
                found.append(Record(outcome=row.outcome, cells=cells, source=row.note.source))
    return found


def _by_path(rows: Sequence[AlignedRow]) -> dict[str | None, AlignedRow]:
    return {row.path: row for row in rows if row.path is not None}


def _cells(row: AlignedRow, sides: tuple[str, str], *, turned: bool) -> dict[str, str]:
    pair = (_cell(row.path, row.value), _cell(row.target, row.written))
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
    return f"{_MARKS[row.outcome]} {_cell(row.target, row.written)}"


def _why(note: Note) -> str:
    """Return the reason with the version from which it holds."""
    text = note_text(note)
    return f"{text} ({t('requests.since')} {note.since})" if note.since else text


def _cell(path: str | None, value: Any) -> str:
    if path is None:
        return "—"
    text = json.dumps(value, ensure_ascii=False)
    return f"{path}: {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}"


def _written(record: Record, *, markdown: bool) -> dict[str, str]:
    """Return the cells with the source beside the reason: as a link where there can be one."""
    cells = {key: plain(text) if markdown else text for key, text in record.cells.items()}
    if record.source:
        where = SOURCES.get(record.source, "")
        name = f"[{record.source}]({where})" if markdown and where else record.source
        cells[t("requests.why")] += f" — {name}"
    return cells
