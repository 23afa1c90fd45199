"""The pieces of a paste: requests and answers with their dialects, or the reason why there are
none.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from core.errors import InvalidRequest
from core.note import Note
from core.words import DEFAULT

_MOST_VALUES = 2_000_000
PieceKind = Literal["json", "curl", "python", "javascript", "har", "stream", "http", "litellm"]


class Piece(Struct, frozen=True, kw_only=True):
    """One request, one answer, or both.

    ``kind`` is the format of the paste. ``dialect`` is empty if unknown. ``request`` is the body as
    values; ``answer`` the raw body, or the raw stream where ``streamed``. ``headers`` are masked.
    ``line`` is where it begins in the text, from 1.
    """

    kind: PieceKind
    dialect: str
    method: str = "POST"
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    request: dict[str, Any] | None = None
    answer: bytes = b""
    streamed: bool = False
    status: int = 0
    line: int = 1
    notes: tuple[Note, ...] = ()


class Unreadable(InvalidRequest):
    """A paste that cannot be read; ``line`` and ``column`` count from 1."""

    code = "unreadable_paste"

    def __init__(self, note: Note, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {note.text(DEFAULT)}")
        self.note = note
        self.line = line
        self.column = column


def place_of(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of a character of ``text``."""
    before = text[: max(index, 0)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def is_bounded(value: Any) -> bool:
    """Tell whether a value contains at most two million values when written out.

    A program can nest one list twice in another, that one twice again, and so on.
    """
    left, count = [value], 0
    while left:
        item = left.pop()
        count += 1
        if count > _MOST_VALUES:
            return False
        if isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
    return True
