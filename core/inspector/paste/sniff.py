"""Telling by its shape which dialect a body is in, and whether it is a request or an answer.

How each dialect is told stands in its own folder: here they are only asked, one after another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from core.translation.dialects.registry import SPOKEN

Role = Literal["request", "answer", "event"]


def dialect_at(url: str) -> str:
    """Return the dialect that is spoken at an address, or nothing."""
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
    """Return what a body is, and its dialect; an empty one where neither can be told."""
    event = tell_event(body)
    if event:
        return "event", event
    answer = tell_answer(body)
    if answer:
        return "answer", dialect_at(url) or answer
    return "request", dialect_at(url) or tell_request(body)


def tell_request(body: Mapping[str, Any]) -> str:
    """Return the dialect of a request, by the fields that only one of them has.

    What is legal in several counts as the one that is used most: a bare model with messages is
    OpenAI's, with a prompt Ollama's, with an input OpenAI's embeddings. Empty for none.
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
