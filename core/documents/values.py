"""What is known of a document: its kind, its text, and why a file cannot be read."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from core.errors import InvalidRequest
from core.note import Note

Kind = Literal["pdf", "docx", "xlsx", "pptx"]

Cut = Literal["", "damaged", "memory", "pages", "slow", "text"]
"""What ended the reading: everything before it was read."""

Reason = Literal[
    "bytes", "damaged", "empty", "encrypted", "entities", "large", "memory", "old", "packed",
    "pixels", "slow", "unknown", "waiting",
]  # fmt: skip
"""Why nothing of a file can be read; each has its sentence under ``files.refused``."""


class FileRefused(InvalidRequest):
    """A file cannot be sent; ``note`` says why in each language."""

    code = "file_refused"

    def __init__(self, reason: Reason, **values: Any) -> None:
        self.reason = reason
        self.note = Note(f"files.refused.{reason}").fill(**values)
        super().__init__(self.note.text("en"), path="files")


class Document(Struct, frozen=True, kw_only=True):
    """A file's text. ``read`` of its ``pages`` (of a workbook: its sheets; of a presentation: its
    slides; a Word file has none) are in it, all of them where nothing was ``cut``.
    """

    kind: Kind
    text: str
    pages: int = 0
    read: int = 0
    cut: Cut = ""


class Limits(Struct, frozen=True, kw_only=True):
    """What reading one file may take: its bytes, bytes once unpacked, pages, characters of text,
    seconds on the clock and of a processor, and bytes of address space. ``at_once`` files are
    read at the same time; others wait for ``patience`` seconds.
    """

    size: int = 32_000_000
    unpacked: int = 300_000_000
    parts: int = 10_000
    pages: int = 500
    text: int = 1_000_000
    time: float = 40.0
    processor: int = 20
    memory: int = 1024 * 1024 * 1024
    at_once: int = 2
    patience: float = 60.0
