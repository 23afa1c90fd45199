"""Texts that are the same JSON string in each dialect."""

from __future__ import annotations

from codecs import utf_8_decode

# Bytes that are decoded at a time to see whether they can be.
_PIECE = 4096

# JSON has several escapes for most letters, and each dialect its own. These are the same in all.
_PLAIN = rb'[^"\\\x00-\x1f]'
TEXT = rb'(?!")%b*+(?:\\["\\nrt]%b*+)*+' % (_PLAIN, _PLAIN)
"""Pattern of a text, not empty, that is the same JSON in each dialect."""


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8."""
    if data.isascii():
        return True
    try:
        if len(data) <= _PIECE:
            data.decode()
            return True
        # In pieces that are thrown away: one text of a long body takes several times its memory.
        view, at = memoryview(data), 0
        while at < len(data):
            at += utf_8_decode(view[at : at + _PIECE], "strict", at + _PIECE >= len(data))[1]
    except UnicodeDecodeError:
        return False
    return True
