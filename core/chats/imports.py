"""Chats of other products, read and reported on before anything is kept."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.chats.exports import read_chats
from core.chats.values import ChatMessage
from core.translation.notes import Note
from core.translation.reading import decode_json

__all__ = ["Import", "ImportRow", "ImportedChat", "read_import"]


class ImportRow(Struct, frozen=True, kw_only=True):
    """One line of the report."""

    chat: str
    path: str
    outcome: Literal["changed", "skipped"]
    note: Note
    count: int = 1


class ImportedChat(Struct, frozen=True, kw_only=True):
    """One chat of a file; times in ns, 0 where the file does not say."""

    title: str
    created: int
    updated: int
    messages: tuple[ChatMessage, ...]
    leaf: str | None


class Import(Struct, frozen=True, kw_only=True):
    """What a file holds."""

    source: Literal["diglot", "chatgpt", "openwebui", "librechat"]
    chats: tuple[ImportedChat, ...]
    rows: tuple[ImportRow, ...] = ()

    @property
    def messages(self) -> int:
        """How many messages there are in all chats."""
        return sum(len(chat.messages) for chat in self.chats)


def read_import(data: bytes) -> Import:
    """Return what a file holds. Raises InvalidRequest."""
    chats = tuple(
        ImportedChat(
            title=chat.title,
            created=chat.created,
            updated=chat.updated,
            messages=tuple(messages),
            leaf=chat.leaf,
        )
        for chat, messages in read_chats(decode_json(data))
    )
    return Import(source="diglot", chats=chats)
