"""The line of numbers under an answer."""

from __future__ import annotations

from core.chats.feed.numbers import numbers_line, seconds


def test_only_what_was_measured_is_said_and_estimates_are_marked() -> None:
    assert numbers_line({}, "en") == ""
    counted = {"completion_tokens": 1200, "completion_ns": 10**9, "prompt_tokens": 3000}
    assert numbers_line(counted, "en") == "1200.0 tok/s · 1,200 tok · prompt 3,000 tok"
    guessed = {"first_token_ns": 123_000_000, "completion_tokens": 4, "stream_ns": 2 * 10**9}
    assert numbers_line(guessed, "en") == "first token 0.12 s · ~2.0 tok/s · 4 tok"
    assert "加载 1.00 s" in numbers_line({"load_ns": 10**9}, "zh")
    assert numbers_line({"load_ns": 10**6}, "en") == ""


def test_long_times_have_no_hundredths() -> None:
    assert (seconds(9_990_000_000), seconds(12_300_000_000)) == ("9.99 s", "12 s")
