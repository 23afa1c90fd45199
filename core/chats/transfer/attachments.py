"""Files attached to a question: images for vision models, text for all models.

A text file becomes a part of the question, with its name and in a code fence, since no API of
Diglot has a field for it.
"""

from __future__ import annotations

import base64
import re

from core.errors import InvalidRequest
from core.translation.messages import Image, Part, Text

MAX_IMAGE = 20_000_000
"""The largest image, in bytes: OpenAI's limit (2026); Ollama has none of its own."""

MAX_TEXT = 1_000_000
"""The largest text file, in bytes: far more than the context of local models."""

_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_HEAD = re.compile(r"\AFile: (.+)\n(`{3,})")


def read_file(name: str, data: bytes) -> Part:
    """Return a file as a part of a question. Its type is detected from its bytes.

    Raises InvalidRequest for what is neither an image nor text, and for what is too large.
    """
    media_type = _image_type(data)
    if media_type:
        _check_size(name, data, MAX_IMAGE)
        return Image(data=base64.b64encode(data).decode(), media_type=media_type)
    _check_size(name, data, MAX_TEXT)
    text = _decoded(name, data)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    ending = name.rpartition(".")[2] if "." in name else ""
    language = ending if ending.isalnum() else ""
    shown = " ".join(name.split())
    return Text(f"File: {shown}\n{fence}{language}\n{text.rstrip(chr(10))}\n{fence}")


def attached_name(part: Part) -> str:
    """Return the name of the file that a part of a question is, or nothing."""
    found = _HEAD.match(part.text) if isinstance(part, Text) else None
    return found[1] if found else ""


def _image_type(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _IMAGES.items() if data.startswith(magic)), "")


def _check_size(name: str, data: bytes, most: int) -> None:
    if len(data) > most:
        raise InvalidRequest(
            f"{name} has {len(data):,} bytes; at most {most:,} can be sent",
            path="files",
            code="file_refused",
        )


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
    raise InvalidRequest(
        f"{name} is neither an image (PNG, JPEG, WebP, GIF) nor text, and models can be sent "
        "nothing else: save it as text, or take a picture of it",
        path="files",
        code="file_refused",
    )
