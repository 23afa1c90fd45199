"""How hard to think, as OpenAI's dialects say it and as an alias everywhere."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidRequest

__all__ = ["parse_effort"]

_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
# openai/openai.go: Ollama's own table of the words that clients have been seen to send.
_EFFORT_NAMES = {"ultra": "max"}


def parse_effort(value: Any, path: str = "reasoning_effort") -> bool | str:
    """Read one effort: a level, or a bool where a client sends Ollama's ``think``."""
    if isinstance(value, bool) and path == "think":
        return value
    effort = _EFFORT_NAMES.get(value, value) if isinstance(value, str) else ""
    if effort not in _EFFORTS:
        words = ", ".join((*sorted(_EFFORTS), *(("true", "false") if path == "think" else ())))
        raise InvalidRequest(f"{path} must be one of {words}", path=path)
    return effort
