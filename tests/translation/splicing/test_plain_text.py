"""Bytes are UTF-8 where they can be decoded, however long they are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.translation.splicing.plain_text import is_utf8

PIECE = 4096


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


letters = st.text(max_size=4).map(lambda text: text.encode("utf-8", "surrogatepass"))


@given(st.integers(0, 3), st.integers(-5, 5), letters | st.binary(max_size=6), st.integers(0, 5000))
@example(1, -1, "é".encode()[:1], 0)
@example(1, -1, "é".encode(), 9)
def test_it_tells_what_decoding_tells(times: int, near: int, odd: bytes, more: int) -> None:
    data = "é".encode() + b"a" * max(0, times * PIECE + near - 2) + odd + b"b" * more
    assert is_utf8(data) == decodes(data)


@pytest.mark.parametrize("text", ["é", "漢", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_letter_that_two_pieces_share_is_whole(text: str, shift: int) -> None:
    data = ("a" * shift + text * PIECE).encode()
    assert is_utf8(data)
    assert not is_utf8(data[:-1])
