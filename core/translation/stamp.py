"""Times and ids that a translation is given. It reads no clock and makes up nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct, field


class Stamp(Struct, frozen=True, kw_only=True):
    """What one answer is marked with.

    ``id`` is unique for the answer, without any dialect's prefix; ``created`` is the start of
    the request in ns since the epoch; ``model`` is the name that the client used; ``asked`` is
    the client's request body, for dialects whose answers repeat it or depend on it.
    """

    id: str
    created: int
    model: str
    asked: Mapping[str, Any] = field(default_factory=dict)


def rfc3339(now: int) -> str:
    """Write a time in ns since the epoch as Ollama does: UTC, nanoseconds, Z."""
    seconds, rest = divmod(now, 1_000_000_000)
    return f"{_second(seconds)}.{rest:09d}Z"


# Chunks come many a second, and writing a date takes longer than translating a chunk.
@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def parse_rfc3339(text: str) -> int:
    """Read a time that Ollama wrote as seconds since the epoch; 0 for what is no time.

    A model that was never changed has the year 1, before the epoch: that is 0 too.
    """
    try:
        return max(int(datetime.fromisoformat(text).timestamp()), 0)
    except (ValueError, OverflowError):
        return 0
