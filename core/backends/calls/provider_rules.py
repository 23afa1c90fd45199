"""Changes that a provider, or the ``extra_body`` of a deployment, needs in every request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from core.config.deployment import Deployment
from core.translation.codec.json import decode_json, encode_json

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def fit_to_provider(data: bytes, deployment: Deployment) -> bytes:
    """Return a request body in the form that the provider accepts; ``data`` itself if unchanged."""
    body = decode_json(data)
    changed = bool(deployment.body)
    if changed:
        body = {**body, **deployment.body}
    if deployment.tool_ids:
        for place, key in _ids(body):
            if not re.fullmatch(deployment.tool_ids, place[key]):
                place[key] = _short(place[key])
                changed = True
    return encode_json(body) if changed else data


def _ids(body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield where ids of tool calls stand in a chat of OpenAI's dialect."""
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        if isinstance(message.get("tool_call_id"), str):
            yield message, "tool_call_id"
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict) and isinstance(call.get("id"), str):
                yield call, "id"


def _short(text: str) -> str:
    """Return nine letters and digits for ``text``: always the same, so that a call and its result
    match, also in later requests.
    """
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return "".join(_DIGITS[number // 62**place % 62] for place in range(9))
