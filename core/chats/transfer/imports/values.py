"""The content of a file of chats, before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from core.chats.transfer.imports.report import ImportRow, Outcome, Unit
from core.chats.values.chat import ChatMessage
from core.note import Note

Source = Literal["diglot", "chatgpt", "openwebui", "librechat"]


class ImportedChat(Struct, frozen=True, kw_only=True):
    """One chat of a file; times in ns, 0 where the file does not say."""

    title: str
    created: int
    updated: int
    messages: tuple[ChatMessage, ...]
    leaf: str | None
    pinned: bool = False


class Reason(Struct, frozen=True, kw_only=True):
    """All rows of a report with the same outcome and reason, over all chats, with examples."""

    unit: Unit
    outcome: Outcome
    note: Note
    count: int
    chats: int
    examples: tuple[tuple[str, str], ...]


class Import(Struct, frozen=True, kw_only=True):
    """What a file holds.

    ``seen_chats`` and ``seen_messages`` count what the file contains. Each message is either in
    ``chats``, or a row of the report says that it was joined or skipped; likewise each chat.
    """

    source: Source
    chats: tuple[ImportedChat, ...]
    rows: tuple[ImportRow, ...] = ()
    seen_chats: int
    seen_messages: int

    @property
    def messages(self) -> int:
        """How many messages there are in all chats."""
        return sum(len(chat.messages) for chat in self.chats)

    def reasons(self) -> list[Reason]:
        """Return the report grouped over all chats, in its order."""
        together: dict[tuple[Unit, Outcome, str], list[ImportRow]] = {}
        for row in self.rows:
            together.setdefault((row.unit, row.outcome, row.why), []).append(row)
        return [_reason(rows) for rows in together.values()]


def _reason(rows: Sequence[ImportRow]) -> Reason:
    first = rows[0]
    return Reason(
        unit=first.unit,
        outcome=first.outcome,
        note=first.note,
        count=sum(row.count for row in rows),
        chats=len({row.chat for row in rows if row.chat}),
        examples=tuple((row.chat, row.paths[0]) for row in rows[:3]),
    )
