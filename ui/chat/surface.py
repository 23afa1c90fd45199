"""The transcript and the composer: one component, whose script is built from web/.

The page's script gives it what it is asked with and whose it is; what a chat holds it gets by the
routes in ui.chat.routes, and only what happens outside of it comes back here, as an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import streamlit as st

from core.chats.values.chat import PAGE_DIALECTS, ChatOptions
from core.words import words
from ui.chat.routes import ASSETS, home, tickets
from ui.session.identity import browser_mark
from ui.words import language, t

# Small, and always the same: what is large is a file with a name of its own, which is kept.
_LOADER = """
export default async function (page) {
  const { default: mount } = await import(new URL(page.data.module, document.baseURI).href);
  return mount(page);
}
"""
_KEY = "surface"
_HEARD = "_surface_heard"
_mount = st.components.v2.component("diglot.chat", js=_LOADER, isolate_styles=False)

WORDS = (
    "answer_now again_api again_model apis_differ arguments ask_instead attach bad "
    "branch cancel copy copy_text delete_from deleted diagram diagram_source discard "
    "draw_diagram earlier edit edit_answer edit_answer_hint edit_hint edit_send go_on_from "
    "goes_on good image input input_busy link lost lost_cause messages more newest queued "
    "regenerate remove_file result running save send send_again stop system_message "
    "thinking title undo unsaved unsent version_back version_on wire write_on"
).split()
OTHER_WORDS = ("empty.title", "error.diagnosis", "error.said", "search.assistant", "search.user")


def show_surface(
    owner: str,
    options: Sequence[ChatOptions],
    about: Mapping[str, Any],
    heard: Callable[[Mapping[str, Any]], None],
) -> None:
    """Draw it. ``about`` is what else it is told, by the names in web/src/types.ts.

    ``heard`` is called before the page is drawn, with what has happened.
    """
    data = {
        "module": f"{home()}/assets/{(ASSETS / 'entry.txt').read_text().strip()}",
        "home": home(),
        "ticket": tickets.make(owner, browser_mark(st.context.cookies.to_dict())),
        "language": language(),
        "options": msgspec.to_builtins([one for one in options if one.model]),
        "apis": {name: t(f"api.{name}") for name in PAGE_DIALECTS},
        "words": _words(),
        "heard": st.session_state.get(_HEARD, 0),
        **about,
    }
    _mount(key=_KEY, data=data, on_event_change=lambda: _hear(heard))


def _hear(heard: Callable[[Mapping[str, Any]], None]) -> None:
    """Hand on what is new of what the script tells.

    It tells each event until it sees that it was heard: of two clicks in one run of the page
    Streamlit keeps one.
    """
    told = st.session_state[_KEY].event
    for event in told.get("events", ()) if isinstance(told, Mapping) else ():
        if event["n"] > st.session_state.get(_HEARD, 0):
            st.session_state[_HEARD] = event["n"]
            heard(event)


def _words() -> dict[str, str]:
    phases = [key for key in words(language()) if key.startswith("phase.")]
    keys = [*(f"chat.{name}" for name in WORDS), *OTHER_WORDS, *phases]
    return {key: words(language())[key] for key in keys}
