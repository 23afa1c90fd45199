"""Exports chats from the store to files, and imports them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct

from core.chats.store.store import Store
from core.chats.transfer.exports import (
    ENDINGS,
    ExportKind,
    dump_chat,
    dump_chats,
    dump_example,
    dump_markdown,
    zip_files,
)
from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import
from core.chats.values.chat import Chat
from core.errors import InvalidRequest
from core.tools.toolbox import Toolbox

_PAGE = 200


class ExportReport(Struct, frozen=True, kw_only=True):
    """How many chats an export contains, and how many had no content for it."""

    chats: int
    skipped: int


class Archive:
    """Writes and reads files of chats, each for one owner."""

    def __init__(self, store: Store, toolbox: Toolbox) -> None:
        self._store = store
        self._toolbox = toolbox

    def export(self, owner: str, chat_id: str, kind: ExportKind) -> bytes:
        """Return a chat as a file: ``json`` contains all of it, other kinds the shown branch.

        Raises InvalidRequest where there is no answer to learn from (``jsonl``).
        """
        chat = self._store.chat(owner, chat_id)
        if kind == "json":
            return _pretty(dump_chat(chat, self._store.messages(owner, chat_id)))
        path = self._store.path(owner, chat_id)
        if kind == "markdown":
            return dump_markdown(chat, path).encode()
        called = {call.name for row in path for step in row.steps for call in step.calls}
        names = [name for name in self._toolbox.names if name in called]
        return dump_example(path, tools=self._toolbox.subset(names).tools)

    def export_all(self, owner: str, kind: ExportKind) -> tuple[bytes, ExportReport]:
        """Return all chats that are listed as one file: JSON, an archive of Markdown, or lines."""
        if kind == "json":
            bodies = [
                dump_chat(chat, self._store.messages(owner, chat.id)) for chat in self._all(owner)
            ]
            report = ExportReport(chats=len(bodies), skipped=0)
            return _pretty(dump_chats(bodies)), report
        files, skipped = [], 0
        for chat in self._all(owner):
            try:
                name = f"{chat.title or 'chat'}.{ENDINGS[kind].one}"
                files.append((name, self.export(owner, chat.id, kind)))
            except InvalidRequest:
                skipped += 1
        data = zip_files(files) if kind == "markdown" else b"".join(data for _, data in files)
        return data, ExportReport(chats=len(files), skipped=skipped)

    def read(self, data: bytes) -> Import:
        """Read a file of chats, without saving. Raises InvalidRequest."""
        return read_import(data)

    def save(self, owner: str, found: Import) -> list[Chat]:
        """Save the chats of a file and return them."""
        return [
            self._store.add_chat(
                owner,
                title=chat.title,
                created=chat.created,
                updated=chat.updated,
                leaf=chat.leaf,
                pinned=chat.pinned,
                rows=chat.messages,
            )
            for chat in found.chats
        ]

    def _all(self, owner: str) -> Iterator[Chat]:
        last: Chat | None = None
        while page := self._store.chats(owner, limit=_PAGE, before=last):
            yield from page
            last = page[-1]


def _pretty(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, indent=1).encode()
