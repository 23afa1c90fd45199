"""Telling by its shape which dialect a body is in, and whether it is a request or an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

__all__ = ["Role", "dialect_at", "tell", "tell_answer", "tell_event", "tell_request"]

Role = Literal["request", "answer", "event"]

_PATHS = {
    "/chat/completions": "openai",
    "/v1/completions": "completions",
    "/completions": "completions",
    "/responses": "responses",
    "/v1/messages": "anthropic",
    "/api/chat": "ollama",
    "/api/generate": "generate",
    "/api/embed": "embed",
    "/api/embeddings": "embed_legacy",
    "/embeddings": "embeddings",
}

_OLLAMA = ("options", "keep_alive", "think", "format", "truncate", "shift", "_debug_render_only")
_GENERATE = (*_OLLAMA, "system", "template", "raw", "images", "context")
_OPENAI = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "response_format", "tool_choice",
    "stream_options", "reasoning_effort", "n", "user", "stop", "frequency_penalty",
    "presence_penalty", "logit_bias", "parallel_tool_calls", "seed", "functions", "function_call",
    "store", "metadata",
)  # fmt: skip
_COMPLETIONS = (*_OPENAI, "best_of", "echo")
_RESPONSES = (
    "instructions", "max_output_tokens", "previous_response_id", "text", "reasoning", "include",
    "tools", "tool_choice", "stream", "store", "truncation", "temperature",
)  # fmt: skip
_ANTHROPIC = ("stop_sequences", "anthropic_version", "thinking", "mcp_servers", "output_config")
_BLOCKS = ("tool_use", "tool_result", "thinking", "document", "redacted_thinking")


def dialect_at(url: str) -> str:
    """Return the dialect that is spoken at an address, or nothing."""
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:  # brackets around what is no IPv6 address
        return ""
    for end, dialect in _PATHS.items():
        if path.endswith(end):
            return dialect
    return ""


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
    if isinstance(body.get("messages"), list):
        return _tell_chat(body)
    if "input" in body:
        return _tell_input(body)
    if "prompt" in body:
        return "generate" if _count(body, _GENERATE) >= _count(body, _COMPLETIONS) else (
            "completions")  # fmt: skip
    if "contents" in body:
        return ""
    return "generate" if "raw" in body or "template" in body else ""


def tell_answer(body: Mapping[str, Any]) -> str:
    """Return the dialect of an answer or an error; empty where it is none."""
    kind = body.get("object")
    if kind == "response" or (isinstance(kind, str) and kind.startswith("response.")):
        return "responses"
    if body.get("type") == "error" and isinstance(body.get("error"), dict):
        return "anthropic"
    if "error" in body and "messages" not in body and "model" not in body:
        return "ollama" if isinstance(body["error"], str) else "openai"
    if body.get("type") == "message" and isinstance(body.get("content"), list):
        return "anthropic"
    choices = body.get("choices")
    if isinstance(choices, list):
        first = choices[0] if choices and isinstance(choices[0], dict) else {}
        plain = kind == "text_completion" or ("text" in first and "message" not in first)
        return "completions" if plain else "openai"
    if kind == "list" and isinstance(body.get("data"), list):
        return "embeddings" if any("embedding" in d for d in _objects(body["data"])) else ""
    if "done" in body and isinstance(body.get("message"), dict):
        return "ollama"
    if "done" in body and ("response" in body or "done_reason" in body):
        return "generate"
    if isinstance(body.get("embeddings"), list):
        return "embed"
    return "embed_legacy" if isinstance(body.get("embedding"), list) else ""


def tell_event(body: Mapping[str, Any]) -> str:
    """Return the dialect of one event of a stream; empty where it is none.

    A line of Ollama's that is not the last one counts; its last line reads as an answer, too.
    """
    if body.get("object") == "chat.completion.chunk":
        return "openai"
    kind = body.get("type")
    if isinstance(kind, str):
        if kind.startswith("response."):
            return "responses"
        if kind.startswith(("message_", "content_block_")) or kind == "ping":
            return "anthropic"
    choices = body.get("choices")
    if isinstance(choices, list) and any("delta" in c for c in _objects(choices)):
        return "openai"
    if body.get("done") is False:
        return "ollama" if "message" in body else "generate"
    return ""


def _tell_chat(body: Mapping[str, Any]) -> str:
    native, compatible = _count(body, _OLLAMA), _count(body, _OPENAI)
    blocks = _count(body, _ANTHROPIC) + ("system" in body)
    for tool in _objects(body.get("tools")):
        blocks += "input_schema" in tool
    for message in _objects(body["messages"]):
        native += ("images" in message) + ("tool_name" in message) + ("thinking" in message)
        # The native content is always one text.
        compatible += ("tool_call_id" in message) + isinstance(message.get("content"), list)
        for call in _objects(message.get("tool_calls")):
            function = call.get("function")
            arguments = function.get("arguments") if isinstance(function, dict) else None
            native += isinstance(arguments, dict)
            compatible += isinstance(arguments, str)
        for part in _objects(message.get("content")):
            compatible += part.get("type") in ("image_url", "input_audio", "file")
            blocks += part.get("type") in _BLOCKS or "source" in part or "cache_control" in part
    if blocks:
        return "anthropic"
    if native > compatible:
        return "ollama"
    return "openai"


def _tell_input(body: Mapping[str, Any]) -> str:
    value = body["input"]
    items = list(_objects(value))
    if items or _count(body, _RESPONSES):
        return "responses"
    native = _count(body, ("truncate", "keep_alive", "options"))
    return "embed" if native else "embeddings"


def _count(body: Mapping[str, Any], names: Iterable[str]) -> int:
    return sum(name in body for name in names)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
