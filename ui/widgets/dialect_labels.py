"""The names of the dialects, and two bodies side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.translation.dialects.registry import SPOKEN
from ui.widgets.text import pretty
from ui.words import t


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
            st.code(pretty(side), language="json", wrap_lines=True, height=520)


def is_native(dialect: str) -> bool:
    """Tell whether a dialect is Ollama's own."""
    return SPOKEN[dialect].native


def dialect_name(dialect: str) -> str:
    """Return a dialect's display name."""
    if is_native(dialect):
        return t("requests.native")
    return SPOKEN[dialect].label


def _heading(dialect: str, *, derived: bool) -> None:
    how = t("requests.derived" if derived else "requests.sent")
    st.markdown(f"**{dialect_name(dialect)}** :gray[{how}]")
