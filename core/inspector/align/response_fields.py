"""ANSWER_FIELDS: every field of an answer or an error, with its places in each dialect.

One row is one idea. ``[]`` stands for "each item". Opaque values (arguments, probabilities,
vectors) are not split further.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class AnswerField(Struct, frozen=True, kw_only=True):
    """One field. ``paths`` are its paths by dialect, the one that Diglot writes first.

    ``note`` is the name of the reason in ANSWER_NOTES if it is not kept. ``opaque``: it is not
    split into leaves.
    """

    name: str
    paths: Mapping[str, tuple[str, ...]]
    note: str = "renamed"
    opaque: bool = False


def _row(name: str, note: str = "renamed", *, opaque: bool = False,
         **paths: str) -> AnswerField:  # fmt: skip
    places = {dialect: tuple(text.split()) for dialect, text in paths.items()}
    return AnswerField(name=name, paths=places, note=note, opaque=opaque)


_CHOICE = "choices[]"
_MESSAGE = f"{_CHOICE}.message"
_CALL = f"{_MESSAGE}.tool_calls[]"
_BLOCK = "content[]"
_ITEM = "output[]"
_IDS = "id"

ANSWER_FIELDS: tuple[AnswerField, ...] = (
    _row("model", ollama="model", generate="model", openai="model", completions="model",
         responses="model", anthropic="model", embed="model", embeddings="model"),
    _row("created", "created", ollama="created_at", generate="created_at", openai="created",
         completions="created", responses="created_at completed_at"),
    _row("id", "id", openai=_IDS, completions=_IDS, responses=_IDS, anthropic=_IDS),
    _row("kind", "constant", openai=f"object {_MESSAGE}.content[].type",
         completions="object", anthropic="type",
         responses=f"object {_ITEM}.type {_ITEM}.content[].type {_ITEM}.summary[].type",
         embeddings="object data[].object"),
    _row("block", "constant", anthropic=f"{_BLOCK}.type"),
    _row("item_id", "id", responses=f"{_ITEM}.id"),
    _row("place", "position", openai=f"{_CHOICE}.index", completions=f"{_CHOICE}.index",
         embeddings="data[].index"),
    _row("role", "constant", ollama="message.role", openai=f"{_MESSAGE}.role", anthropic="role",
         responses=f"{_ITEM}.role"),
    _row("text", "content", ollama="message.content", generate="response",
         openai=f"{_MESSAGE}.content {_MESSAGE}.content[].text", completions=f"{_CHOICE}.text",
         responses=f"{_ITEM}.content[].text", anthropic=f"{_BLOCK}.text"),
    _row("refusal", "refusal", openai=f"{_MESSAGE}.refusal",
         responses=f"{_ITEM}.content[].refusal"),
    _row("annotations", "added", openai=f"{_MESSAGE}.annotations",
         responses=f"{_ITEM}.content[].annotations", opaque=True),
    _row("thinking", "thinking", ollama="message.thinking", generate="thinking",
         openai=f"{_MESSAGE}.reasoning_content {_MESSAGE}.reasoning",
         responses=f"{_ITEM}.summary[].text", anthropic=f"{_BLOCK}.thinking"),
    _row("summary", "added", responses=f"{_ITEM}.summary"),
    _row("signature", "signature", anthropic=f"{_BLOCK}.signature"),
    _row("done", "done", ollama="done", generate="done", responses=f"status {_ITEM}.status"),
    _row("reason", "reason", ollama="done_reason", generate="done_reason",
         openai=f"{_CHOICE}.finish_reason", completions=f"{_CHOICE}.finish_reason",
         anthropic="stop_reason", responses="incomplete_details.reason"),
    _row("stop_sequence", "added", anthropic="stop_sequence",
         openai=f"{_CHOICE}.stop_reason {_CHOICE}.matched_stop",
         completions=f"{_CHOICE}.stop_reason {_CHOICE}.matched_stop"),
    _row("call.name", ollama="message.tool_calls[].function.name",
         generate="tool_calls[].function.name",
         openai=f"{_CALL}.function.name {_CALL}.custom.name {_MESSAGE}.function_call.name",
         responses=f"{_ITEM}.name", anthropic=f"{_BLOCK}.name"),
    _row("call.arguments", "arguments", opaque=True,
         ollama="message.tool_calls[].function.arguments",
         generate="tool_calls[].function.arguments",
         openai=f"{_CALL}.function.arguments {_CALL}.custom.input "
         f"{_MESSAGE}.function_call.arguments",
         responses=f"{_ITEM}.arguments {_ITEM}.input {_ITEM}.action {_ITEM}.operation",
         anthropic=f"{_BLOCK}.input"),
    _row("call.id", "call_id", ollama="message.tool_calls[].id", generate="tool_calls[].id",
         openai=f"{_CALL}.id", responses=f"{_ITEM}.call_id", anthropic=f"{_BLOCK}.id"),
    _row("call.namespace", responses=f"{_ITEM}.namespace"),
    _row("call.type", "constant", openai=f"{_CALL}.type"),
    _row("call.place", "position", ollama="message.tool_calls[].function.index",
         generate="tool_calls[].function.index", openai=f"{_CALL}.index"),
    _row("prompt_tokens", "prompt_tokens", ollama="prompt_eval_count",
         generate="prompt_eval_count", embed="prompt_eval_count",
         openai="usage.prompt_tokens", completions="usage.prompt_tokens",
         responses="usage.input_tokens", anthropic="usage.input_tokens",
         embeddings="usage.prompt_tokens"),
    _row("completion_tokens", "completion_tokens", ollama="eval_count", generate="eval_count",
         openai="usage.completion_tokens", completions="usage.completion_tokens",
         responses="usage.output_tokens", anthropic="usage.output_tokens"),
    _row("total_tokens", "total_tokens", openai="usage.total_tokens",
         completions="usage.total_tokens", responses="usage.total_tokens",
         embeddings="usage.total_tokens"),
    _row("cached_tokens", "token_details", ollama="prompt_eval_cached_count",
         generate="prompt_eval_cached_count",
         openai="usage.prompt_tokens_details.cached_tokens",
         completions="usage.prompt_tokens_details.cached_tokens",
         responses="usage.input_tokens_details.cached_tokens",
         anthropic="usage.cache_read_input_tokens"),
    _row("reasoning_tokens", "token_details",
         openai="usage.completion_tokens_details.reasoning_tokens",
         completions="usage.completion_tokens_details.reasoning_tokens",
         responses="usage.output_tokens_details.reasoning_tokens"),
    *(
        _row(name, note, ollama=native, generate=native, openai=timings, completions=timings,
             embed=native if name in ("total", "load") else "")
        for name, note, native, timings in (
            ("total", "durations", "total_duration", ""),
            ("load", "durations", "load_duration", ""),
            ("prompt", "durations", "prompt_eval_duration", "timings.prompt_ms"),
            ("completion", "durations", "eval_duration", "timings.predicted_ms"),
        )
    ),
    _row("logprobs", "logprobs", opaque=True, ollama="logprobs", generate="logprobs",
         openai=f"{_CHOICE}.logprobs.content {_CHOICE}.logprobs",
         completions=f"{_CHOICE}.logprobs",
         responses=f"{_ITEM}.content[].logprobs"),
    _row("logprobs.refusal", "refusal", openai=f"{_CHOICE}.logprobs.refusal"),
    _row("fingerprint", "fingerprint", openai="system_fingerprint",
         completions="system_fingerprint"),
    _row("context", "context", generate="context", opaque=True),
    _row("vector", "vector", opaque=True, embed="embeddings[]", embeddings="data[].embedding",
         embed_legacy="embedding"),
    _row("error.message", "error_text", ollama="error", generate="error", embed="error",
         openai="error.message error message detail",
         completions="error.message error message detail",
         responses="error.message", anthropic="error.message", embeddings="error.message"),
    _row("error.kind", "error_kind", openai="error.type", completions="error.type",
         responses="error.type", anthropic="error.type", embeddings="error.type"),
    _row("error.more", "error_kind", openai="error.param error.code",
         completions="error.param error.code", responses="error.param error.code",
         embeddings="error.param error.code", anthropic="request_id"),
)  # fmt: skip
"""The rows. A dialect without a path cannot express the field."""
