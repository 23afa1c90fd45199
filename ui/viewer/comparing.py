"""The first tab: what each field of an exchange became, and why."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.errors import DiglotError
from core.translation.aligned import AlignedRow
from ui.comparison import dialect_name
from ui.viewer.pair import FURTHER, View, rows_in
from ui.viewer.table import show_rows
from ui.words import t

__all__ = ["show_fields"]


def show_fields(view: View) -> None:
    """Draw the aligned table of the request, with further dialects as columns where wanted."""
    pair = view.pair
    show_rows(
        pair.rows,
        source=pair.source,
        target=pair.target,
        key=view.key,
        counted=False,
        beside=partial(_further, view),
    )


def _further(view: View) -> dict[str, tuple[AlignedRow, ...]]:
    """Draw the choice of further dialects; return the rows of those that are chosen."""
    offered = [name for name in FURTHER if name not in (view.pair.source, view.pair.target)]
    wanted = st.pills(
        t("viewer.also"), offered, selection_mode="multi",
        format_func=lambda name: f"＋ {dialect_name(name)}", label_visibility="collapsed",
        key=f"also_{view.key}_{'_'.join(offered)}", persist_state="session",
    )  # fmt: skip
    also = {}
    for dialect in wanted:
        try:
            also[dialect] = rows_in(view, dialect)
        except DiglotError as exc:
            st.warning(t("viewer.not_in", dialect=dialect_name(dialect), message=exc.message))
    return also
