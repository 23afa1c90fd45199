"""Two dialects side by side: a table of fields, both bodies, both answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.backends.exchange import Exchange
from core.errors import DiglotError
from core.translation.aligned import AlignedRow
from ui.text import plain
from ui.words import note_text, t

__all__ = ["dialect_name", "is_native", "show_answers", "show_bodies", "show_fields"]

_OUTCOMES = ("kept", "renamed", "retyped", "defaulted", "emulated", "dropped")
_MARKS = {"kept": "=", "renamed": "↦", "retyped": "⇄", "defaulted": "＋", "emulated": "≈",
          "dropped": "✗"}  # fmt: skip
# Shown with a mark and a word as well: colour alone is not read by everyone.
_COLOURS = {"dropped": "#c0392b33", "emulated": "#d6890033", "defaulted": "#2e7d5b26",
            "renamed": "#2f6fa326", "retyped": "#2f6fa326", "kept": ""}  # fmt: skip
_LONGEST = 160
_MOST_WRAPPED = 100


def show_fields(rows: tuple[AlignedRow, ...], *, source: str, target: str, key: str = "") -> None:
    """Draw the aligned table, native on the left whichever side the request came from.

    ``key`` tells tables apart where a page has several.
    """
    counts: Counter[str] = Counter(row.outcome for row in rows)
    st.markdown(t("requests.summary", **{name: counts.get(name, 0) for name in _OUTCOMES}))
    if st.toggle(t("requests.only_changes"), value=True, key=f"only_{source}_{key}"):
        rows = tuple(row for row in rows if row.outcome != "kept")
    turned = is_native(target)
    left, right = (target, source) if turned else (source, target)
    columns = [dialect_name(left), t("requests.outcome"), dialect_name(right), t("requests.why")]
    table = pd.DataFrame([_record(row, turned=turned) for row in rows], columns=columns)
    outcomes = [row.outcome for row in rows]

    def paint(record: Any) -> list[str]:
        colour = _COLOURS[outcomes[record.name]]
        return [f"background-color: {colour}" if colour else "" for _ in record]

    styled = table.style.apply(paint, axis=1).hide(axis="index")
    if len(rows) <= _MOST_WRAPPED:
        # A table wraps its sentences, but draws every row at once.
        st.table(styled)
    else:
        st.dataframe(styled, hide_index=True, width="stretch", height=640)


def show_bodies(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    derived: bool = True,
) -> None:
    """Draw both bodies, native on the left."""
    sides = [(body, source, False), (written, target, derived)]
    if is_native(target):
        sides.reverse()
    for column, (side, dialect, made) in zip(st.columns(2), sides, strict=True):
        with column:
            _heading(dialect, derived=made)
            st.code(_pretty(side), language="json", wrap_lines=True, height=520)


def show_answers(exchange: Exchange, face: str, target: str, *, derived: bool) -> None:
    """Draw both answers as they came over the wire, native on the left."""
    sides = [(face, False), (target, derived)]
    if is_native(target):
        sides.reverse()
    for column, (dialect, made) in zip(st.columns(2), sides, strict=True):
        with column:
            _heading(dialect, derived=made)
            try:
                pieces = exchange.response_in(dialect)
            except DiglotError as exc:
                st.warning(t("requests.cannot", message=exc.message))
                continue
            text = b"".join(data for _, data in pieces).decode("utf-8", "replace")
            st.code(_pretty_text(text), language="json", wrap_lines=True, height=520)


def is_native(dialect: str) -> bool:
    """Tell whether a dialect is Ollama's own."""
    return dialect in ("ollama", "generate", "embed", "embed_legacy")


def dialect_name(dialect: str) -> str:
    """Return the name of a dialect as the pages say it."""
    if is_native(dialect):
        return t("requests.native")
    return t(f"requests.{dialect}") if dialect in _NAMED else t("requests.openai")


_NAMED = ("anthropic", "completions", "responses")


def _heading(dialect: str, *, derived: bool) -> None:
    how = t("requests.derived" if derived else "requests.sent")
    st.markdown(f"**{dialect_name(dialect)}** :gray[{how}]")


def _record(row: AlignedRow, *, turned: bool) -> list[str]:
    left, right = _cell(row.path, row.value), _cell(row.target, row.written)
    if turned:
        left, right = right, left
    note = note_text(row.note)
    if row.note.since:
        note = f"{note} ({t('requests.since')} {row.note.since})"
    return [left, f"{_MARKS[row.outcome]} {t(f'requests.{row.outcome}')}", right, note]


def _cell(path: str | None, value: Any) -> str:
    if path is None:
        return "—"
    text = json.dumps(value, ensure_ascii=False)
    return plain(f"{path}: {text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}")


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _pretty_text(text: str) -> str:
    try:
        return _pretty(json.loads(text))
    except ValueError:
        return text
