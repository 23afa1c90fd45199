"""The data of images and sounds, and the notes that stand in its place where bodies are kept.

A note is base64 itself (``iVBORw0KGgoAAAAN+hidden+image/png+21400+bytes+1f2e3d4c+``): every reader
of that dialect still takes the body, and equal data has equal notes in every dialect.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator

from core.translation.dialects.shared.content import picture_type

_BASE64 = rb"[A-Za-z0-9+/]*+(?:\\/[A-Za-z0-9+/]*+)*+={0,2}"
_DATA_URL = re.compile(
    rb"(data:(?:[\w.+-]+\\?/[\w.+-]+)?(?:;[\w=.-]+)*;base64,)(?=[\w+/\\])(" + _BASE64 + rb")"
)
# One letter tells where it may begin: only then are other letters passed over quickly.
_BARE = re.compile(
    rb"""([\["',](?:(?<=[\[,])\s*["']|(?<=["'])(?:data|image|b64_json)["']\s*:\s*["']))"""
    rb"""(?=[\w+/\\]{32})(""" + _BASE64 + rb""")(["'])"""
)
# What follows a sign of such data where it is some: a word in quotation marks is more often none.
_FOLLOWS = re.compile(rb"""[\w+/\\]|\s*:\s*(?:\[\s*["']|["'][\w+/\\]{16})""")
_LONG = 256
_SOUNDS = ((b"RIFF", "audio/wav"), (b"ID3", "audio/mp3"), (b"\xff\xfb", "audio/mp3"),
           (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"))  # fmt: skip


def may_be_data(data: bytes, begin: int) -> bool:
    """Tell whether data may follow after a sign of it that ends at ``begin``."""
    return _FOLLOWS.match(data, begin) is not None


def find_data(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield begin and end of each image's and sound's data, and the note for it."""
    for match in _DATA_URL.finditer(data):
        yield *match.span(2), _note(match[2])
    for match in _BARE.finditer(data):
        if len(match[2]) >= _LONG or _type(match[2]) != "data":
            yield *match.span(2), _note(match[2])


def _note(data: bytes) -> bytes:
    if b"+hidden+" in data:
        return data
    plain = data.replace(b"\\/", b"/")
    kind = _type(plain)
    size = len(plain) * 3 // 4 - plain[-2:].count(b"=")
    # The first bytes say what kind of picture it is, in every dialect, and nothing more.
    head = b"" if kind == "data" else plain[:16].rstrip(b"=")
    note = b"%b+hidden+%b+%d+bytes+%08x+" % (head, kind.encode(), size, zlib.crc32(plain))
    return note + b"+" * (-len(note) % 4)


def _type(data: bytes) -> str:
    try:
        head = b64decode(data.replace(b"\\/", b"/")[:16])
    except (Base64Error, ValueError):
        return "data"
    kind = picture_type(head)
    if kind == "image/bmp" and head[6:10] != b"\0\0\0\0":
        kind = ""
    if kind:
        return kind
    return next((name for magic, name in _SOUNDS if head.startswith(magic)), "data")
