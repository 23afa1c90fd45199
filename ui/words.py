"""The interface's words, in the reader's language.

``t("chat.stop")`` gives the words of the language in use. The browser decides at first; the
switch at the side decides afterwards, for as long as the session lasts and through its links.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.note import Note
from core.words import languages, preferred, say

_KEY = "language"


def language() -> str:
    """Return the code of the language in use."""
    chosen = st.session_state.get(_KEY) or st.query_params.get("lang")
    return str(chosen) if chosen in languages() else preferred(st.context.locale or "")


def set_language(chosen: str) -> None:
    """Use a language from now on."""
    st.session_state[_KEY] = chosen


def t(key: str, **values: Any) -> str:
    """Return the text for ``key``, with ``{name}`` replaced. Raises KeyError for an unknown key."""
    return say(key, language(), values)


def note_text(note: Note) -> str:
    """Return a report's reason in the language in use."""
    return note.text(language())
