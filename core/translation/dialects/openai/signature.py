"""How bodies of OpenAI's dialects are told from others, by the fields that only they have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.dialects.dialect import Signature
from core.translation.dialects.shared.signature import CHAT, INPUT, PROMPT, count, objects, of_chat

Body = Mapping[str, Any]

_CHAT = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "response_format", "tool_choice",
    "stream_options", "reasoning_effort", "n", "user", "stop", "frequency_penalty",
    "presence_penalty", "logit_bias", "parallel_tool_calls", "seed", "functions", "function_call",
    "store", "metadata",
)  # fmt: skip
_COMPLETIONS = (*_CHAT, "best_of", "echo")
_RESPONSES = (
    "instructions", "max_output_tokens", "previous_response_id", "text", "reasoning", "include",
    "tools", "tool_choice", "stream", "store", "truncation", "temperature",
)  # fmt: skip


def _chat(body: Body) -> int:
    """Of equals this is the one that is used most."""
    if not of_chat(body):
        return 0
    found = count(body, _CHAT)
    for message in objects(body["messages"]):
        # The native content is always one text.
        found += ("tool_call_id" in message) + isinstance(message.get("content"), list)
        for call in objects(message.get("tool_calls")):
            function = call.get("function")
            found += isinstance(function, dict) and isinstance(function.get("arguments"), str)
        for part in objects(message.get("content")):
            found += part.get("type") in ("image_url", "input_audio", "file")
    return CHAT + 2 * found + 1


def _is_response(body: Body) -> bool:
    kind = body.get("object")
    return kind == "response" or (isinstance(kind, str) and kind.startswith("response."))


def _is_text(body: Body) -> bool:
    choices = body["choices"]
    first = choices[0] if choices and isinstance(choices[0], dict) else {}
    plain = "text" in first and "message" not in first
    return body.get("object") == "text_completion" or plain


def _chat_answer(body: Body) -> bool:
    if "error" in body and "messages" not in body and "model" not in body:
        return not isinstance(body["error"], str) and not _is_response(body) and (
            body.get("type") != "error" or not isinstance(body["error"], dict)
        )  # fmt: skip
    return isinstance(body.get("choices"), list) and not _is_text(body)


def _chat_event(body: Body) -> bool:
    if body.get("object") == "chat.completion.chunk":
        return True
    return any("delta" in choice for choice in objects(body.get("choices")))


def _responses(body: Body) -> int:
    items = "input" in body and (objects(body["input"]) or count(body, _RESPONSES))
    return INPUT + 2 if items else 0


def _responses_event(body: Body) -> bool:
    kind = body.get("type")
    return isinstance(kind, str) and kind.startswith("response.")


def _embeddings_answer(body: Body) -> bool:
    data = body.get("data")
    return body.get("object") == "list" and any("embedding" in one for one in objects(data))


CHAT_SIGNATURE = Signature(
    paths=("/chat/completions",), request=_chat, answer=_chat_answer, event=_chat_event
)
COMPLETIONS = Signature(
    paths=("/completions",),
    request=lambda body: PROMPT + 2 * count(body, _COMPLETIONS) if "prompt" in body else 0,
    answer=lambda body: isinstance(body.get("choices"), list) and _is_text(body),
)
RESPONSES = Signature(
    paths=("/responses",), request=_responses, answer=_is_response, event=_responses_event
)
# What is legal in several counts as the one that is used most.
EMBEDDINGS = Signature(
    paths=("/embeddings",),
    request=lambda body: INPUT if "input" in body else 0,
    answer=_embeddings_answer,
)
