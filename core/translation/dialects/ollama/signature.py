"""How bodies of Ollama's dialects are told from others, by the fields that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.dialects.dialect import Signature
from core.translation.dialects.shared.signature import CHAT, INPUT, PROMPT, count, objects, of_chat

Body = Mapping[str, Any]

_FIELDS = ("options", "keep_alive", "think", "format", "truncate", "shift", "_debug_render_only")
_GENERATE = (*_FIELDS, "system", "template", "raw", "images", "context")


def _chat(body: Body) -> int:
    if not of_chat(body):
        return 0
    found = count(body, _FIELDS)
    for message in objects(body["messages"]):
        found += ("images" in message) + ("tool_name" in message) + ("thinking" in message)
        for call in objects(message.get("tool_calls")):
            function = call.get("function")
            found += isinstance(function, dict) and isinstance(function.get("arguments"), dict)
    return CHAT + 2 * found


def _chat_answer(body: Body) -> bool:
    if "error" in body and "messages" not in body and "model" not in body:
        return isinstance(body["error"], str)
    return "done" in body and isinstance(body.get("message"), dict)


def _generate(body: Body) -> int:
    if "prompt" in body:
        return PROMPT + 2 * count(body, _GENERATE) + 1
    return 1 if ("raw" in body or "template" in body) and "contents" not in body else 0


def _generate_answer(body: Body) -> bool:
    return "done" in body and ("response" in body or "done_reason" in body)


def _embed(body: Body) -> int:
    native = "input" in body and count(body, ("truncate", "keep_alive", "options"))
    return INPUT + 1 if native else 0


# A line that is not the last one of a stream is an event; the last one reads as an answer, too.
CHAT_SIGNATURE = Signature(
    paths=("/api/chat",),
    request=_chat,
    answer=_chat_answer,
    event=lambda body: body.get("done") is False and "message" in body,
)
GENERATE = Signature(
    paths=("/api/generate",),
    request=_generate,
    answer=_generate_answer,
    event=lambda body: body.get("done") is False and "message" not in body,
)
EMBED = Signature(
    paths=("/api/embed",),
    request=_embed,
    answer=lambda body: isinstance(body.get("embeddings"), list),
)
EMBED_LEGACY = Signature(
    paths=("/api/embeddings",),
    request=lambda body: 0,
    answer=lambda body: isinstance(body.get("embedding"), list),
)
