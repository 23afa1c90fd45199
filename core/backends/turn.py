"""Turn: one request on its way to one deployment, and which way leads there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.backends.answers import JSON_TYPE, Answer
from core.backends.deployment import Deployment
from core.backends.exchange import Exchange
from core.backends.load import Route
from core.translation.clock import Stamp, rfc3339
from core.translation.messages import ChatRequest
from core.translation.reading import encode_json

__all__ = ["Turn", "dialect_for", "loaded", "looks_special", "speaks", "unasked"]

# The dialects that each kind of backend understands as they stand.
_SPOKEN = {"ollama": ("ollama", "generate"), "openai": ("openai", "completions")}

# Where each kind of backend is asked to go on from bare text.
_BARE = {"ollama": "generate", "openai": "completions"}


class Turn(Struct, kw_only=True):
    """One request on its way."""

    face: str
    body: dict[str, Any]
    raw: bytes
    route: Route
    stamp: Stamp
    exchange: Exchange
    strict: bool
    emulate: bool


def dialect_for(route: Route, request: ChatRequest) -> str:
    """Return the dialect that the backend is asked in."""
    spoken = route.deployment.dialect
    return spoken if request.prompt is None else _BARE[spoken]


def unasked(turn: Turn) -> bool:
    """Tell whether thinking is off only because Anthropic's API has it so.

    Servers of OpenAI's dialect refuse a word on thinking where a model has none to switch.
    """
    quiet = turn.face == "anthropic" and "thinking" not in turn.body
    return quiet and turn.route.deployment.dialect == "openai"


def speaks(deployment: Deployment, turn: Turn) -> bool:
    """Tell whether the backend can be sent the client's request as it stands."""
    if turn.face not in _SPOKEN[deployment.dialect] or deployment.thinking is not None:
        return False
    # llama.cpp's server counts one of several answers only, and its completions know no echo.
    return not deployment.embedded or (turn.face == "openai" and turn.body.get("n") in (None, 1))


def looks_special(body: Mapping[str, Any]) -> bool:
    """Tell whether a model may have to be able to do more than to answer in words."""
    if body.get("tools") or body.get("functions") or body.get("suffix") or body.get("images"):
        return True
    messages = body.get("messages")
    return isinstance(messages, list) and any(
        isinstance(m, dict)
        and (
            m.get("role") in ("tool", "function")
            or m.get("tool_calls")
            or m.get("images")
            or isinstance(m.get("content"), list)
        )
        for m in messages
    )


def loaded(turn: Turn) -> Answer:
    """Answer a native request without a prompt, which only asks to load the model."""
    empty: dict[str, Any] = {"response": ""}
    if turn.face == "ollama":
        empty = {"message": {"role": "assistant", "content": ""}}
    unload = turn.body.get("keep_alive") == 0
    body = {
        "model": turn.stamp.model,
        "created_at": rfc3339(time.time_ns()),
        **empty,
        "done": True,
        "done_reason": "unload" if unload else "load",
    }
    return Answer(content_type=JSON_TYPE, body=encode_json(body))
