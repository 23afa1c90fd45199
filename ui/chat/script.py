"""The script that web/ is built into: its parts on the pages, and what they tell.

A part is one component. The page gives it data and the words that it says; what happens in it
comes back as events, each with a number, until the part sees that it was heard: of two clicks in
one run of the page Streamlit keeps one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args

import streamlit as st

from core.chats.service import current_service
from core.words import words
from ui.chat.routes import entry_script, home, tickets
from ui.session.account import is_operator
from ui.session.identity import browser_mark
from ui.words import language

Part = Literal["chat", "side", "models", "wire", "lines"]
Heard = Callable[[Mapping[str, Any]], None]

# Small, and always the same: what is large is a file with a name of its own, which is kept.
_LOADER = """
export default async function (page) {
  const { mount } = await import(new URL(page.data.module, document.baseURI).href);
  return mount(page);
}
"""
_MOUNTS = {
    part: st.components.v2.component(f"diglot.{part}", js=_LOADER, isolate_styles=False)
    for part in get_args(Part)
}
_KEYS: Mapping[Part, str] = {
    "chat": "surface",
    "side": "side",
    "models": "models_picker",
    "wire": "wire_live",
    "lines": "side_lines",
}


def show_part(
    part: Part, owner: str, said: Sequence[str], about: Mapping[str, Any], heard: Heard
) -> None:
    """Draw a part. ``said`` are the keys of its words; ``about`` is what else it is told, by the
    names in web/src/types.ts. ``heard`` is called before the page is drawn, with what has happened.
    """
    key, known = _KEYS[part], words(language())
    data = {
        "part": part,
        "module": f"{home()}/assets/{entry_script()}",
        "home": home(),
        "ticket": tickets.make(
            owner,
            browser_mark(st.context.cookies.to_dict()),
            operator=is_operator(current_service()),
        ),
        "language": language(),
        "words": {one: known[one] for one in said},
        "heard": heard_of(part),
        **about,
    }
    _MOUNTS[part](key=key, data=data, on_event_change=lambda: _hear(part, heard))


def heard_of(part: Part) -> int:
    """Return the number of the last event of a part that was heard."""
    return int(st.session_state.get(f"_heard_{part}", 0))


def _hear(part: Part, heard: Heard) -> None:
    # A part may tell something just as the page is drawn without it.
    state = st.session_state.get(_KEYS[part])
    told = state.event if state is not None else None
    for event in told.get("events", ()) if isinstance(told, Mapping) else ():
        if event["n"] > heard_of(part):
            st.session_state[f"_heard_{part}"] = event["n"]
            heard(event)
