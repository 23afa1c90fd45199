"""The tools at the side of the tool page: one is opened in the editor and in the form."""

from __future__ import annotations

import streamlit as st

from core.chats.service import Service
from core.tools.definitions.values import Definition
from ui.chat.lines import Line, show_lines, sidebar
from ui.toolbench.bench import bench, open_place, open_tool

_ABOUT = 90


def show_side(service: Service, owner: str) -> None:
    """Draw the list; the tool in the editor is marked."""
    kept = bench(service, owner)
    definitions = kept.definitions
    with sidebar():
        show_lines(
            owner,
            [line_of(one) for one in definitions],
            name="nav.tools",
            find="side.find_tool",
            current=definitions[open_place(kept)].tool.name if definitions else "",
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
    open_tool(names.index(name))
    st.session_state["hand_tool"] = name
