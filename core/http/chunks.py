"""Chunks of a body (RFC 9112, 7.1), as far as they can be told without a parser."""

from __future__ import annotations


def whole_chunk(data: bytes) -> bytes:
    """Return the content of ``data``, where that is one chunk as most servers write it; else
    nothing (RFC 9112, 7.1).
    """
    at = data.find(b"\r\n", 1, 8)
    size = len(data) - at - 4
    if at > 0 < size and data.startswith(b"%x\r" % size) and data.endswith(b"\r\n"):
        return data[at + 2 : -2]
    return b""
