"""SaidWords: all of a stream in which a key could stand, where the rest of it is known."""

from __future__ import annotations


class SaidWords:
    """The texts of a stream, and each chunk that was looked at; or that more came than is known."""

    __slots__ = ("_others", "known", "texts")

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self._others: list[bytes] = []
        self.known = True

    def say(self, texts: list[bytes]) -> None:
        """Add texts of chunks of which all else is known."""
        if self.known:
            self.texts += texts

    def look(self, chunk: bytes) -> None:
        """Add a chunk, or a name, in which anything may stand beside the texts."""
        if self.known:
            self._others.append(chunk)

    def lose(self) -> None:
        """Note that something came that is not known."""
        self.known = False
        self.texts, self._others = [], []

    def joined(self) -> bytes | None:
        """Return all of them; None where more came than is known."""
        return b"\n".join([b"".join(self.texts), *self._others]) if self.known else None
