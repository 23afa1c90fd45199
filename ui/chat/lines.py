"""The list at the side of a page: its tools, exchanges or models, to find one and to open it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.chat.script import show_part
from ui.words import t

WORDS = ("side.nothing",)


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: ``id`` is what is told when it is picked, ``about`` stands below its title."""

    id: str
    title: str
    about: str = ""


def sidebar() -> DeltaGenerator:
    """Return where a page's own things stand in the sidebar: the place that ui.main leaves."""
    place: DeltaGenerator = st.session_state.get("_sidebar", st.sidebar)
    return place


def show_lines(
    owner: str,
    lines: Sequence[Line],
    *,
    name: str,
    find: str,
    current: str = "",
    picked: Callable[[str], None] | None = None,
    container: str = "",
) -> None:
    """Draw the list; ``name`` and ``find`` are keys of words.

    A click calls ``picked`` with the line's id before the page is drawn anew, or without it moves
    the page to the container whose key is ``container`` and the id.
    """

    def heard(event: Mapping[str, Any]) -> None:
        if picked is not None and event.get("kind") == "pick":
            picked(str(event.get("line")))

    about = {
        "name": t(name),
        "find": t(find),
        "lines": msgspec.to_builtins(list(lines)),
        "current": current,
        # The class that Streamlit gives to a container with a key.
        "goes": f"st-key-{container}" if container else "",
    }
    show_part("lines", owner, WORDS, about, heard)
