"""The page's definitions and cases, read once per session and saved with every change."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.chats.toolbench.saved import Workbench, new_workbench, read_workbench, write_workbench
from core.errors import DiglotError
from ui.widgets.cards import attempt
from ui.words import language

_KEY = "bench"


def bench(service: Service, owner: str) -> Workbench:
    """Return the owner's bench."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = _read(service, owner)
    kept: Workbench = st.session_state[_KEY]
    return kept


def keep(service: Service, owner: str, new: Workbench) -> None:
    """Replace and save the bench; fields that show it are redrawn."""
    st.session_state[_KEY] = new
    st.session_state["bench_revision"] = revision() + 1
    attempt(lambda: service.store.matrices.keep_toolbox(owner, write_workbench(new)))


def revision() -> int:
    """Return a number that changes with every change, for the keys of fields."""
    return int(st.session_state.get("bench_revision", 0))


def open_place(kept: Workbench) -> int:
    """Return which definition is in the editor; -1 where there is none."""
    return min(int(st.session_state.get("tool_place", 0)), len(kept.definitions) - 1)


def open_tool(place: int) -> None:
    """Show a definition in the editor from the next run on."""
    st.session_state["tool_place"] = place
    if st.session_state.get("tool_view") == "paste":
        st.session_state["tool_view_wanted"] = "json"


def _read(service: Service, owner: str) -> Workbench:
    try:
        text = service.store.matrices.toolbox(owner)
        if text is not None:
            return read_workbench(text)
    except DiglotError:
        # Written by another version, or no database: start empty, overwrite nothing yet.
        pass
    return new_workbench(service.toolbox, language=language())
