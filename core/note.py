"""Note: one sentence that people read, by its key; the words stand in a folder a language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.words import say


class Note(Struct, frozen=True):
    """One sentence. ``values`` are filled into it, by name.

    ``source`` is the document that it is from; ``since`` the Ollama version from which it holds.
    An empty key stands for words that are somebody else's, such as a server's error.
    """

    key: str
    source: str = ""
    since: str = ""
    values: tuple[tuple[str, Any], ...] = ()

    def fill(self, **values: Any) -> Note:
        """Return the note with these values, beside those that it has."""
        filled = {**dict(self.values), **values}
        kept = {n: tuple(v) if isinstance(v, list) else v for n, v in filled.items()}
        return replace(self, values=tuple(kept.items()))

    def text(self, language: str) -> str:
        """Return the sentence. Raises KeyError where the language has no such key."""
        values = dict(self.values)
        return say(self.key, language, values) if self.key else str(values["text"])


def quoted(text: str) -> Note:
    """Return the note that is somebody else's words, the same in every language."""
    return Note("", values=(("text", text),))


def notes(
    section: str, sources: Mapping[str, str], since: Mapping[str, str] | None = None
) -> dict[str, Note]:
    """Return the notes of one section of the words, by name.

    ``sources`` lists the names, with spaces between them, under the document that they are from;
    ``since`` those that hold only from an Ollama version on.
    """
    versions = {name: v for v, names in (since or {}).items() for name in names.split()}
    return {
        name: Note(f"{section}.{name}", source=source, since=versions.get(name, ""))
        for source, names in sources.items()
        for name in names.split()
    }
