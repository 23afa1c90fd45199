"""Pictures with more pixels than anything can draw are told by their heads."""

from __future__ import annotations

import struct

import pytest

from core.chats.transfer.attachments import read_file
from core.documents.pictures import check_pixels, dimensions
from core.documents.values import FileRefused

MANY = (30_000, 29_999)


def png(width: int, height: int) -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x01\0\0\0\0"
    )


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0"


def jpeg(width: int, height: int) -> bytes:
    """With a thumbnail's frame inside of another segment, and fill bytes before the frame."""
    inside = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", 8, 8)
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(inside)) + inside
    return b"\xff\xd8" + segment + b"\xff\xff\xc2\0\x11\x08" + struct.pack(">HH", height, width)


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\0\0\0\0WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size


def lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", bits)


@pytest.mark.parametrize("make", [png, gif, jpeg, webp])
def test_too_many_pixels_are_refused(make: object) -> None:
    assert callable(make)
    assert dimensions(make(*MANY)) == MANY
    with pytest.raises(FileRefused, match="30,000 × 29,999"):
        read_file("a.png", make(*MANY))
    assert dimensions(make(10_000, 10_000)) == (10_000, 10_000)
    check_pixels(make(10_000, 10_000))


def test_a_lossless_picture_has_its_size_in_bits() -> None:
    assert dimensions(lossless(16_000, 12_345)) == (16_000, 12_345)
    assert dimensions(b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480)) == (
        640,
        480,
    )


@pytest.mark.parametrize("make", [png, gif, jpeg, webp, lossless])
def test_a_head_that_is_cut_anywhere_is_no_error(make: object) -> None:
    assert callable(make)
    whole = make(640, 480)
    for cut in range(len(whole)):
        check_pixels(whole[:cut])
    assert dimensions(b"\xff\xd8" + b"\xff\xe0\0\0" * 5000) is None
    assert dimensions(b"<svg/>") is None
