"""How bodies of Anthropic's dialect are told from others, by the fields that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.dialects.dialect import Signature
from core.translation.dialects.shared.signature import CHAT, count, objects, of_chat

Body = Mapping[str, Any]

_FIELDS = ("stop_sequences", "anthropic_version", "thinking", "mcp_servers", "output_config")
_BLOCKS = ("tool_use", "tool_result", "thinking", "document", "redacted_thinking")


def _request(body: Body) -> int:
    """One sign of it is enough: no other dialect has any of these."""
    if not of_chat(body):
        return 0
    found = count(body, _FIELDS) + ("system" in body)
    found += sum("input_schema" in tool for tool in objects(body.get("tools")))
    for message in objects(body["messages"]):
        for part in objects(message.get("content")):
            found += part.get("type") in _BLOCKS or "source" in part or "cache_control" in part
    return CHAT + 10_000 if found else 0


def _answer(body: Body) -> bool:
    if body.get("type") == "error":
        return isinstance(body.get("error"), dict)
    return body.get("type") == "message" and isinstance(body.get("content"), list)


def _event(body: Body) -> bool:
    kind = body.get("type")
    return isinstance(kind, str) and (
        kind.startswith(("message_", "content_block_")) or kind == "ping"
    )


MESSAGES = Signature(paths=("/v1/messages",), request=_request, answer=_answer, event=_event)
