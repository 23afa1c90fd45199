"""Files of other programs, read, and what their reports say."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import, ImportedChat
from core.chats.values.chat import ChatMessage

FILES = Path(__file__).parents[1] / "chats/transfer/imports/files"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89"
)


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(name: str) -> Import:
    return read_import((FILES / name).read_bytes())


def why(found: Import) -> dict[tuple[str, str, str], int]:
    counts: dict[tuple[str, str, str], int] = {}
    for row in found.rows:
        key = (row.unit, row.outcome, row.why)
        counts[key] = counts.get(key, 0) + row.count
    return counts


def row(chat: ImportedChat, known: str) -> ChatMessage:
    return next(one for one in chat.messages if one.id == known)


def adds_up(found: Import) -> None:
    counts = why(found)
    lost = sum(
        n for (unit, what, _), n in counts.items() if unit == "message" and what != "changed"
    )
    assert found.seen_messages == found.messages + lost
    gone = sum(n for (unit, _, _), n in counts.items() if unit == "chat")
    assert found.seen_chats == len(found.chats) + gone
