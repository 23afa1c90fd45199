"""Every word that the interface says, in 中文 and English: a folder each, a file for each page.

``t("chat.stop")`` gives the words of the language in use. The browser decides at first; the
switch at the side decides afterwards, for as long as the session lasts and through its links.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st
import yaml

from core.note import Note

__all__ = ["LANGUAGES", "language", "note_text", "set_language", "t", "words"]

Language = Literal["zh", "en"]

LANGUAGES: Mapping[Language, str] = {"zh": "中文", "en": "English"}

_FOLDER = Path(__file__).parent / "words"
_KEY = "language"


@lru_cache
def words(language: Language) -> Mapping[str, str]:
    """Return all words of one language by their keys."""
    flat: dict[str, str] = {}
    for file in sorted((_FOLDER / language).glob("*.yaml")):
        _flatten(yaml.safe_load(file.read_text("utf-8")), "", flat)
    return flat


def language() -> Language:
    """Return the language in use."""
    chosen = st.session_state.get(_KEY) or st.query_params.get("lang")
    if chosen in LANGUAGES:
        return "zh" if chosen == "zh" else "en"
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def set_language(chosen: Language) -> None:
    """Use a language from now on."""
    st.session_state[_KEY] = chosen


def t(key: str, **values: Any) -> str:
    """Return the words for ``key``, with ``{name}`` replaced. Raises KeyError for no such key."""
    text = words(language())[key]
    return text.format(**values) if values else text


def note_text(note: Note) -> str:
    """Return a report's reason in the language in use."""
    return note.zh if language() == "zh" else note.en


def _flatten(value: Any, path: str, flat: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(item, f"{path}.{key}" if path else str(key), flat)
    else:
        flat[path] = str(value)
