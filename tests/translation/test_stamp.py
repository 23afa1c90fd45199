"""Times as Ollama writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.translation.stamp import parse_rfc3339, rfc3339


def test_a_time_has_nanoseconds_and_is_utc() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000000Z"
    assert rfc3339(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123456789Z"


@given(seconds=st.integers(0, 4_000_000_000))
def test_a_time_is_read_as_it_was_written(seconds: int) -> None:
    assert parse_rfc3339(rfc3339(seconds * 1_000_000_000)) == seconds


@pytest.mark.parametrize("text", ["", "soon", "0001-01-01T00:00:00Z", "2023-99-99T00:00:00Z"])
def test_what_is_no_time_is_zero(text: str) -> None:
    assert parse_rfc3339(text) == 0


def test_a_time_zone_is_taken_into_account() -> None:
    assert parse_rfc3339("2023-11-15T06:13:20.5+08:00") == 1_700_000_000
