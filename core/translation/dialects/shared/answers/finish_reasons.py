"""Why an answer ended, in the words of many servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.messages import FinishReason

# In lower case. OpenAI's own; Anthropic's; Gemini's; Mistral's (model_length); vLLM's and SGLang's
# (abort); DeepSeek's (insufficient_system_resource). An answer that ended in an error is cut.
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "max_length": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "insufficient_system_resource": "length",
    "abort": "length",
    "error": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "spii": "content_filter",
}


def read_stop(body: Mapping[str, Any]) -> str:
    """Return the stop sequence that an answer says it ended at, "" where it says none.

    ``stop_sequence`` is Anthropic's name. Beside a finish reason it is vLLM's ``stop_reason`` or
    SGLang's ``matched_stop``; a number there is the id of a token.
    """
    names = ("stop_reason", "matched_stop") if body.get("finish_reason") else ("stop_sequence",)
    found = [body.get(name) for name in names]
    return next((stop for stop in found if isinstance(stop, str) and stop), "")


def read_reason(value: Any, *, called: bool) -> FinishReason:
    """Read a finish reason; words that nobody knows become "stop", as nothing raw may leak.

    A call outweighs a plain stop; a cut at the limit outweighs the call.
    """
    if isinstance(value, dict):
        # SGLang's own form: {"type": "length", "length": 20}.
        value = value.get("type")
    reason = _REASONS.get(value.lower(), "stop") if isinstance(value, str) else "stop"
    return "tool_calls" if called and reason == "stop" else reason
