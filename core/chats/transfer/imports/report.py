"""The report of an import: everything that is not kept exactly as it was."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.note import Note, notes

Unit = Literal["file", "chat", "message", "part"]

Outcome = Literal["joined", "changed", "skipped"]
"""Joined to another message, kept in another form, or not kept."""

WHY = notes(
    "import",
    {
        "": """turn empty hidden prompt_only broken twice orphan loop image_missing image_made
            file_missing file_refused audio citation recap arguments unknown role edited sources
            no_chats bad_file"""
    },
)


class ImportRow(Struct, frozen=True, kw_only=True):
    """One line of the report: one outcome for one reason in one chat.

    ``chat`` is the title of the chat, ``paths`` are the places in the file.
    """

    unit: Unit
    outcome: Outcome
    why: str
    chat: str
    paths: tuple[str, ...]

    @property
    def note(self) -> Note:
        """The reason in words."""
        return WHY[self.why]

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.paths)


class Ledger:
    """The report while a file is read. ``chat`` is the title of the current chat."""

    def __init__(self) -> None:
        self.chat = ""
        self.messages = 0
        self.chats = 0
        self._places: dict[tuple[Unit, Outcome, str, str], list[str]] = {}

    def add(self, unit: Unit, outcome: Outcome, why: str, path: str) -> None:
        """Add the thing at ``path``, which is not kept as it was."""
        self._places.setdefault((unit, outcome, why, self.chat), []).append(path)

    def rows(self) -> tuple[ImportRow, ...]:
        """Return the report: first what is skipped, then what is changed, then what is joined."""
        order = ("skipped", "changed", "joined")
        rows = [
            ImportRow(unit=unit, outcome=outcome, why=why, chat=chat, paths=tuple(paths))
            for (unit, outcome, why, chat), paths in self._places.items()
        ]
        return tuple(sorted(rows, key=lambda row: order.index(row.outcome)))
