"""Frames: bytes that are kept compressed (zstd, RFC 8878), since hardly any are looked at again.

A hundred exchanges of an agent repeat one prompt a hundred times, and each chunk of a stream is
mostly the same: a sixth to a twelfth of their bytes is left, for 1 µs a kilobyte.
"""

from __future__ import annotations

import threading

from zstandard import ZstdCompressor, ZstdDecompressor

WORTH = 256
"""Bytes from which it is worth it."""

_LEVEL = 1


class _Coders(threading.local):
    """For each thread its own: one cannot be used twice at a time, and takes 8 µs to make."""

    def __init__(self) -> None:
        self.pack = ZstdCompressor(level=_LEVEL).compress
        self.unpack = ZstdDecompressor().decompress


_coders = _Coders()


class Frame(bytes):
    """Bytes that are packed: told apart by their type, so that one look sees which they are."""

    __slots__ = ()


def pack(data: bytes | bytearray) -> Frame | None:
    """Return bytes packed; None where that would take as much, or they are."""
    if len(data) < WORTH or isinstance(data, Frame):
        return None
    frame = Frame(_coders.pack(data))
    return frame if len(frame) < len(data) else None


def unpacked(data: bytes | bytearray) -> bytes:
    """Return bytes as they were, packed or not."""
    return _coders.unpack(data) if isinstance(data, Frame) else bytes(data)
