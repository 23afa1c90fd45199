"""Diagrams of a model: one that may load something from elsewhere is drawn when somebody asks."""

from __future__ import annotations

import zlib

import streamlit as st

from core.chats.feed.markdown_loads import draws_foreign
from ui.words import t


def may_draw(diagram: str, key: str) -> bool:
    """Tell whether to draw a Mermaid diagram; one that may load something asks first."""
    if not draws_foreign(diagram):
        return True
    asked = f"_draw_{key}_{zlib.crc32(diagram.encode()):08x}"
    if st.session_state.get(asked):
        return True
    if st.button(t("chat.draw_diagram"), key=f"button{asked}", icon=":material/draw:"):
        st.session_state[asked] = True
        return True
    return False
