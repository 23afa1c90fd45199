"""Detects the dialect of a body, and whether it is a request or an answer.

The rules are in the ``signature.py`` of each dialect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from core.translation.dialects.registry import SPOKEN

Role = Literal["request", "answer", "event"]


def dialect_at(url: str) -> str:
    """Return the dialect of a URL, or an empty text."""
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:  # brackets around what is no IPv6 address
        return ""
    found = [
        (len(end), name)
        for name, spoken in SPOKEN.items()
        for end in spoken.signature.paths
        if path.endswith(end)
    ]
    return max(found)[1] if found else ""


def tell(body: Mapping[str, Any], url: str = "") -> tuple[Role, str]:
    """Return the role of a body and its dialect, empty if unknown."""
    event = tell_event(body)
    if event:
        return "event", event
    answer = tell_answer(body)
    if answer:
        return "answer", dialect_at(url) or answer
    return "request", dialect_at(url) or tell_request(body)


def tell_request(body: Mapping[str, Any]) -> str:
    """Return the dialect of a request, by fields that are specific to it.

    If several fit, the most common wins: model and messages is OpenAI's chat, model and prompt
    Ollama's, model and input OpenAI's embeddings. Empty for none.
    """
    sure = {name: spoken.signature.request(body) for name, spoken in SPOKEN.items()}
    best = max(sure, key=lambda name: sure[name])
    return best if sure[best] else ""


def tell_answer(body: Mapping[str, Any]) -> str:
    """Return the dialect of an answer or an error; empty where it is none."""
    return next((name for name, one in SPOKEN.items() if one.signature.answer(body)), "")


def tell_event(body: Mapping[str, Any]) -> str:
    """Return the dialect of one event of a stream; empty where it is none.

    A line of Ollama's that is not the last one counts; its last line reads as an answer, too.
    """
    return next((name for name, one in SPOKEN.items() if one.signature.event(body)), "")
