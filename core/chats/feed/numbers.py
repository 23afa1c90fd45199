"""The numbers of an answer as one quiet line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.words import say


def numbers_line(numbers: Mapping[str, Any], language: str) -> str:
    """Return what was measured (core.chats.jobs.answer); estimates are marked with ~."""
    parts = []
    if numbers.get("first_token_ns"):
        parts.append(say("numbers.first", language, {"time": seconds(numbers["first_token_ns"])}))
    count = numbers.get("completion_tokens")
    spent = numbers.get("completion_ns")
    if count and (spent or numbers.get("stream_ns")):
        mark = "" if spent else "~"
        speed = count / ((spent or numbers["stream_ns"]) / 1e9)
        parts.append(say("numbers.speed", language, {"speed": f"{mark}{speed:.1f}"}))
    if count:
        parts.append(say("numbers.tokens", language, {"count": f"{count:,}"}))
    if numbers.get("prompt_tokens"):
        parts.append(say("numbers.prompt", language, {"count": f"{numbers['prompt_tokens']:,}"}))
    if numbers.get("load_ns", 0) > 50_000_000:
        parts.append(say("numbers.load", language, {"time": seconds(numbers["load_ns"])}))
    return " · ".join(parts)


def seconds(duration: int) -> str:
    """Write a duration given in ns."""
    return f"{duration / 1e9:.2f} s" if duration < 10e9 else f"{duration / 1e9:.0f} s"
