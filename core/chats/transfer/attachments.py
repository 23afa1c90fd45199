"""Files attached to a question: images for vision models, text for all models.

A document (PDF, Word, Excel, PowerPoint) is read to text, and text becomes a part of the question,
with the file's name and in a code fence, since no API of Diglot has a field for it.
"""

from __future__ import annotations

import base64
import re

from msgspec import Struct

from core.documents.kinds import kind_of
from core.documents.pictures import check_pixels
from core.documents.reading import LIMITS, read_document
from core.documents.values import Document, FileRefused
from core.note import Note
from core.translation.dialects.shared.content import picture_type
from core.translation.messages import Image, Part, Text

MAX_IMAGE = 20_000_000
"""The largest image, in bytes: OpenAI's limit (2026); Ollama has none of its own."""

MAX_TEXT = 1_000_000
"""The largest text file, in bytes: far more than the context of local models."""
_HEAD = re.compile(r"\AFile: (.+)\n(`{3,})")
_DOCUMENTS = frozenset(("pdf", "docx", "xlsx", "pptx"))


class Attachment(Struct, frozen=True, kw_only=True):
    """A file as a part of a question. ``what`` says what kind of file it is, ``text`` is what was
    read of it, and ``cut``, where not all of it was read, says what is missing.
    """

    part: Part
    what: Note
    text: str = ""
    cut: Note | None = None


def read_file(name: str, data: bytes) -> Attachment:
    """Return a file as a part of a question. Its type is detected from its bytes.

    Blocks while a document is read. Raises FileRefused for what is neither an image nor a document
    nor text, and for what is too large.
    """
    media_type = picture_type(data[:12])
    # A text may begin with BM, too, as a bitmap does.
    if media_type and media_type != "image/bmp":
        _check_size(name, data, MAX_IMAGE)
        check_pixels(data)
        image = Image(data=base64.b64encode(data).decode(), media_type=media_type)
        return Attachment(part=image, what=Note("files.kind.image"))
    _check_size(name, data, LIMITS.size)
    kind = kind_of(name, data)
    if kind is not None:
        return _document(name, read_document(name, data, kind))
    _check_size(name, data, MAX_TEXT)
    text = _decoded(name, data)
    return Attachment(part=text_part(name, text), what=Note("files.kind.text"), text=text)


def text_part(name: str, text: str) -> Text:
    """Return the text of a file as a part of a question."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    ending = name.rpartition(".")[2] if "." in name else ""
    # What was read of a document is no PDF any more.
    language = ending if ending.isalnum() and ending.lower() not in _DOCUMENTS else ""
    shown = " ".join(name.split())
    return Text(f"File: {shown}\n{fence}{language}\n{text.rstrip(chr(10))}\n{fence}")


def attached_name(part: Part) -> str:
    """Return the name of the file that a part of a question is, or nothing."""
    found = _HEAD.match(part.text) if isinstance(part, Text) else None
    return found[1] if found else ""


def _document(name: str, read: Document) -> Attachment:
    cut = None
    if read.cut:
        known = {"read": read.read, "pages": f"{read.pages:,}", "characters": f"{len(read.text):,}"}
        cut = Note(f"files.cut.{read.cut}").fill(**known)
    what = Note(f"files.kind.{read.kind}").fill(count=f"{read.pages:,}")
    return Attachment(part=text_part(name, read.text), what=what, text=read.text, cut=cut)


def _check_size(name: str, data: bytes, most: int) -> None:
    if len(data) > most:
        raise FileRefused("bytes", name=name, size=f"{len(data):,}", most=f"{most:,}")


def _decoded(name: str, data: bytes) -> str:
    """Return a file's text: UTF-8, UTF-16 with a byte order mark, or GB18030 (Chinese Windows)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = [] if b"\0" in data else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("unknown", name=name)
