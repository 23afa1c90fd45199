"""What is packed comes out as it went in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.exchanges.frames import WORTH, Frame, pack, unpacked


@given(st.binary(max_size=40), st.integers(0, 200))
def test_what_is_packed_comes_out_as_it_went_in(data: bytes, times: int) -> None:
    data *= times
    frame = pack(data)
    if frame is None:
        assert len(data) < WORTH or len(set(data)) > 8
        assert unpacked(data) == data
        return
    assert isinstance(frame, Frame) and len(frame) < len(data)
    assert unpacked(frame) == data and type(unpacked(frame)) is bytes
    assert pack(frame) is None
    assert unpacked(bytearray(data)) == data
