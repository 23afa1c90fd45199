"""What kind of document a file is, by its bytes: its name may say anything.

A PDF begins with ``%PDF-`` (ISO 32000-1, 7.5.2), some after up to a kilobyte of something else.
Word, Excel and PowerPoint files are ZIP archives with a main part of a known name (ECMA-376, part
2); the same files with a password, and those of Office up to 2003, are compound files (MS-CFB).
"""

from __future__ import annotations

import io
import zipfile
from typing import IO

from core.documents.values import FileRefused, Kind, Limits

_PDF = b"%PDF-"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MAIN: tuple[tuple[str, Kind], ...] = (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx"))
_XML = (".xml", ".rels", ".vml")
_PIECE = 1 << 20

# An Office file may have no document type (ECMA-376, part 2, 9.1.1.4), and so no entity, of
# which some name other files and some grow without end.
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP = max(map(len, _DOCTYPES)) - 1


def kind_of(name: str, data: bytes) -> Kind | None:
    """Return the kind of a document, or None for what is none. Raises FileRefused."""
    head = data[:1024]
    # A text may speak of the sign; it has no zeros.
    if head.lstrip().startswith(_PDF) or (_PDF in head and b"\0" in data):
        return "pdf"
    if data.startswith(_COMPOUND):
        raise FileRefused("encrypted" if _ENCRYPTED in data else "old", name=name)
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as exc:
        raise FileRefused("damaged", name=name) from exc
    if "[Content_Types].xml" in names:
        for folder, kind in _MAIN:
            if any(one.startswith(folder) for one in names):
                return kind
    raise FileRefused("packed", name=name)


def check_archive(name: str, data: bytes, limits: Limits) -> None:
    """Look through an Office file before it is read. Raises FileRefused.

    What an archive says of its parts' sizes is the most that is unpacked of them (zipfile).
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        size = sum(part.file_size for part in parts)
        if size > limits.unpacked or len(parts) > limits.parts:
            most = limits.unpacked // 1_000_000
            raise FileRefused("large", name=name, size=f"{size // 1_000_000:,}", most=f"{most:,}")
        for part in parts:
            if part.flag_bits & 1:
                raise FileRefused("encrypted", name=name)
            if part.filename.lower().endswith(_XML):
                with archive.open(part) as file:
                    _check_xml(name, file)


def _check_xml(name: str, file: IO[bytes]) -> None:
    tail = b""
    while piece := file.read(_PIECE):
        seen = tail + piece
        if any(mark in seen for mark in _DOCTYPES):
            raise FileRefused("entities", name=name)
        tail = seen[-_OVERLAP:]
