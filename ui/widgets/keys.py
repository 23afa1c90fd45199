"""The list of keyboard shortcuts."""

from __future__ import annotations

import streamlit as st

from ui.words import t

_KEYS = (
    ("Enter", "send"),
    ("Shift+Enter", "line"),
    ("Esc", "stop"),
    ("Ctrl+Shift+O", "new"),
    ("Ctrl+K", "search"),
    ("Alt+G", "again"),
    ("Alt+J", "wire"),
    ("Alt+H", "help"),
)


def show_keys() -> None:
    """Draw the button that opens the list."""
    if st.button(
        t("keys.title"),
        icon=":material/keyboard:",
        type="tertiary",
        key="keys",
        shortcut="Alt+H",
    ):
        _list()


def _list() -> None:
    @st.dialog(t("keys.title"))
    def draw() -> None:
        for key, what in _KEYS:
            left, right = st.columns([1, 2], vertical_alignment="center")
            left.markdown(" ".join(f"`{part}`" for part in key.split("+")))
            right.write(t(f"keys.{what}"))
        st.caption(t("keys.mac"))

    draw()
