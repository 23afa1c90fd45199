"""Note: one reason for what was done, in both languages."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Note"]


class Note(Struct, frozen=True):
    """One reason. ``since`` is the Ollama version from which it holds, where that is known."""

    zh: str
    en: str
    source: str = ""
    since: str = ""
