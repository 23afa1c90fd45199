"""The tools at the side of the tool page: one is opened in the editor and in the form."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.tools.definitions.values import Definition
from ui.chat.lines import Line, show_lines, sidebar
from ui.toolbench.bench import bench

_ABOUT = 90


def show_side(service: Service, owner: str) -> None:
    """Draw the list; the tool in the editor is marked."""
    definitions = bench(service, owner).definitions
    place = min(int(st.session_state.get("tool_place", 0)), len(definitions) - 1)
    with sidebar():
        show_lines(
            owner,
            [line_of(one) for one in definitions],
            name="nav.tools",
            find="side.find_tool",
            current=definitions[place].tool.name if definitions else "",
            picked=lambda name: _pick([one.tool.name for one in definitions], name),
        )


def line_of(definition: Definition) -> Line:
    """Return what the list says of a tool."""
    tool = definition.tool
    about = " ".join((tool.description or "").split())
    return Line(tool.name, tool.name, about[:_ABOUT] + "…" if len(about) > _ABOUT else about)


def _pick(names: list[str], name: str) -> None:
    if name not in names:
        return
    st.session_state["tool_place"] = names.index(name)
    st.session_state["hand_tool"] = name
    if st.session_state.get("tool_view") == "paste":
        st.session_state["tool_view_wanted"] = "json"
