"""How many pixels a picture has, by its head: a small file may hold a thousand million of them.

PNG: W3C PNG (third edition), 11.2.1. GIF: GIF89a, 18. JPEG: ITU T.81, B.2.2. WebP: RFC 9649, 2.
"""

from __future__ import annotations

from core.documents.values import FileRefused

MAX_PIXELS = 100_000_000
"""The most pixels of a picture that is shown or sent: they take 400 MB where it is drawn."""

_PNG = b"\x89PNG\r\n\x1a\n"
# Start of frame of each kind of JPEG; the others in between define tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS = 1000


def check_pixels(data: bytes) -> None:
    """Raise FileRefused for a picture of more than MAX_PIXELS; what is none is not looked at."""
    width, height = dimensions(data) or (0, 0)
    if width * height > MAX_PIXELS:
        raise FileRefused("pixels", width=f"{width:,}", height=f"{height:,}",
                          most=f"{MAX_PIXELS:,}")  # fmt: skip


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP; None where the head does not say."""
    if data.startswith(_PNG):
        return _big(data[16:20]), _big(data[20:24])
    if data.startswith(b"GIF8"):
        return _little(data[6:8]), _little(data[8:10])
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] == b"\xff":
            at += 1
        if data[at : at + 1] != b"\xff":
            return None
        kind = data[at + 1] if at + 1 < len(data) else 0
        if kind in _FRAMES:
            return _big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7])
        at += 2 + _big(data[at + 2 : at + 4])
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + _little(data[24:27]), 1 + _little(data[27:30])
    if kind == b"VP8L":
        bits = _little(data[21:25])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return _little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
