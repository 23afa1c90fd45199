"""The rows of the dialects that only clients speak: Anthropic's messages, OpenAI's responses
and its older completions.

Flat settings have the same names there as in chat completions, with few exceptions. The rows
of messages tell the report which values mean the same; where they stand in another dialect it
finds by looking, since one message here may be several there.

Sources: Anthropic's Messages API (version 2023-06-01, as of 2026-08), OpenAI's Responses and
Completions API reference (2026-08).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from core.translation.fields.field import Field

__all__ = ["CLIENT_DIALECT_FIELDS", "STANDARD", "with_client_dialects"]

# Where a setting has another name than in chat completions.
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "anthropic": {"stop": "stop_sequences"},
    "responses": {"max_tokens": "max_output_tokens"},
    "completions": {},
}

# Names that mean something else there, and are read by code.
_TAKEN = {
    "anthropic": frozenset({"metadata", "max_completion_tokens", "tool_choice"}),
    "responses": frozenset({"max_completion_tokens", "max_tokens", "verbosity", "logprobs"}),
    "completions": frozenset({"max_completion_tokens", "logprobs", "top_logprobs"}),
}

STANDARD: Mapping[str, frozenset[str]] = {
    "anthropic": frozenset(
        {"temperature", "top_p", "top_k", "stop", "max_tokens", "service_tier"}
    ),
    "responses": frozenset(
        {
            "temperature", "top_p", "max_tokens", "top_logprobs", "parallel_tool_calls",
            "metadata", "user", "store", "service_tier", "safety_identifier",
            "prompt_cache_key", "prompt_cache_retention",
        }
    ),
    "completions": frozenset(
        {
            "temperature", "top_p", "max_tokens", "seed", "stop", "n", "logit_bias", "user",
            "frequency_penalty", "presence_penalty",
        }
    ),
}  # fmt: skip
"""The settings that each of these dialects has itself; all others are extensions in it."""


def with_client_dialects(row: Field) -> Field:
    """Return a row of the chat dialects with its names in these dialects, where it has some."""
    path = row.paths.get("openai", "")
    if row.setting and path:
        paths = dict(row.paths)
        for client_dialect, renamed in _RENAMED.items():
            own = path if row.alias else renamed.get(row.name, path)
            if own not in _TAKEN[client_dialect] and not (row.alias and own in renamed.values()):
                paths[client_dialect] = own
        return replace(row, paths=paths)
    more = _SAME.get(row.name)
    if more and not row.alias:
        return replace(row, paths={**row.paths, **more})
    return row


# Rows of chat_fields that these dialects write at one place of their own.
_SAME: Mapping[str, Mapping[str, str]] = {
    "model": {"anthropic": "model", "responses": "model", "completions": "model"},
    "stream": {"anthropic": "stream", "responses": "stream", "completions": "stream"},
    "include_usage": {"completions": "stream_options.include_usage"},
    "include_obfuscation": {"responses": "stream_options.include_obfuscation"},
    "tools.type": {"anthropic": "tools[].type", "responses": "tools[].type"},
    "tools.name": {"anthropic": "tools[].name", "responses": "tools[].name"},
    "tools.description": {
        "anthropic": "tools[].description",
        "responses": "tools[].description",
    },
    "tools.parameters": {"anthropic": "tools[].input_schema", "responses": "tools[].parameters"},
    "tools.strict": {"anthropic": "tools[].strict", "responses": "tools[].strict"},
    "role": {"anthropic": "messages[].role", "responses": "input[].role"},
}


def _client_dialect(name: str, dialect: str, path: str, **more: Any) -> Field:
    return Field(name=name, paths={dialect: path}, alias=True, **more)


def _rows(dialect: str, paths: Mapping[str, str], **more: Any) -> list[Field]:
    return [_client_dialect(name, dialect, path, **more) for path, name in paths.items()]


_BLOCK = "messages[].content[]"
_RESULT = f"{_BLOCK}.content[]"

_ANTHROPIC = [
    *_rows(
        "anthropic",
        {
            "system": "content",
            "system[].text": "content",
            "messages[].content": "content",
            f"{_BLOCK}.text": "content",
            f"{_BLOCK}.content": "content",
            f"{_RESULT}.text": "content",
        },
        retyped=True,
        note="blocks",
    ),
    *_rows(
        "anthropic",
        {
            "system[].type": "block.type",
            f"{_BLOCK}.type": "block.type",
            f"{_BLOCK}.source.type": "block.type",
            f"{_BLOCK}.source.media_type": "block.type",
            f"{_RESULT}.type": "block.type",
            f"{_RESULT}.source.type": "block.type",
            f"{_RESULT}.source.media_type": "block.type",
        },
        note="implied",
    ),
    *_rows(
        "anthropic",
        {
            f"{_BLOCK}.source.data": "image",
            f"{_BLOCK}.source.url": "image",
            f"{_RESULT}.source.data": "image",
            f"{_RESULT}.source.url": "image",
        },
        retyped=True,
        note="image",
    ),
    _client_dialect("message.thinking", "anthropic", f"{_BLOCK}.thinking", note="reasoning"),
    _client_dialect("call.id", "anthropic", f"{_BLOCK}.id", note="blocks"),
    _client_dialect("call.name", "anthropic", f"{_BLOCK}.name", note="blocks"),
    _client_dialect(
        "call.arguments",
        "anthropic",
        f"{_BLOCK}.input",
        retyped=True,
        opaque=True,
        note="arguments",
    ),
    _client_dialect("tool_call_id", "anthropic", f"{_BLOCK}.tool_use_id", note="blocks"),
    _client_dialect(
        "is_error", "anthropic", f"{_BLOCK}.is_error", neutral=(False,), note="is_error"
    ),
    *_rows(
        "anthropic",
        {
            f"{_BLOCK}.signature": "signature",
            f"{_BLOCK}.data": "redacted",
            f"{_BLOCK}.cache_control": "cache_control",
            f"{_RESULT}.cache_control": "cache_control",
            "system[].cache_control": "cache_control",
            "tools[].cache_control": "cache_control",
            "cache_control": "cache_control",
            "metadata": "user",
            "metadata.user_id": "user",
        },
        harmless=True,
        opaque=False,
        note="anthropic_only",
    ),
    *_rows(
        "anthropic",
        {"tool_choice.type": "tool_choice", "tool_choice.name": "tool_choice"},
        retyped=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
    _client_dialect(
        "parallel_tool_calls",
        "anthropic",
        "tool_choice.disable_parallel_tool_use",
        retyped=True,
        neutral=(False,),
        note="no_native",
    ),
    *_rows(
        "anthropic",
        {"thinking.type": "thinking", "output_config.effort": "thinking"},
        retyped=True,
        note="think",
    ),
    *_rows(
        "anthropic",
        {"thinking.budget_tokens": "thinking.budget", "thinking.display": "thinking.display"},
        harmless=True,
        note="thinking_budget",
    ),
    *_rows(
        "anthropic",
        {"output_config.format.schema": "format", "output_format.schema": "format"},
        opaque=True,
        note="format",
    ),
    *_rows(
        "anthropic",
        {"output_config.format.type": "format", "output_format.type": "format"},
        retyped=True,
        note="format",
    ),
]

_ITEM = "input[]"

_RESPONSES = [
    *_rows(
        "responses",
        {
            "instructions": "content",
            "input": "content",
            f"{_ITEM}.content": "content",
            f"{_ITEM}.content[].text": "content",
            f"{_ITEM}.content[].refusal": "content",
            f"{_ITEM}.output": "content",
            f"{_ITEM}.output[].text": "content",
            f"{_ITEM}.summary[].text": "content",
        },
        retyped=True,
        note="items",
    ),
    *_rows(
        "responses",
        {
            f"{_ITEM}.type": "block.type",
            f"{_ITEM}.content[].type": "block.type",
            f"{_ITEM}.output[].type": "block.type",
            f"{_ITEM}.summary[].type": "block.type",
        },
        note="implied",
    ),
    *_rows(
        "responses",
        {f"{_ITEM}.content[].image_url": "image", f"{_ITEM}.output[].image_url": "image"},
        retyped=True,
        note="image",
    ),
    _client_dialect(
        "image.detail",
        "responses",
        f"{_ITEM}.content[].detail",
        neutral=("auto",),
        note="detail",
    ),
    _client_dialect("call.id", "responses", f"{_ITEM}.call_id", note="items"),
    _client_dialect("call.name", "responses", f"{_ITEM}.name", note="items"),
    _client_dialect(
        "call.arguments",
        "responses",
        f"{_ITEM}.arguments",
        retyped=True,
        note="arguments",
    ),
    *_rows(
        "responses",
        {
            f"{_ITEM}.id": "item.id",
            f"{_ITEM}.status": "item.status",
            f"{_ITEM}.encrypted_content": "item.encrypted",
            f"{_ITEM}.content[].annotations": "annotations",
            f"{_ITEM}.content[].logprobs": "annotations",
            "include": "include",
            "truncation": "truncation",
            "background": "background",
            "reasoning.summary": "reasoning.summary",
            "reasoning.generate_summary": "reasoning.summary",
            "max_tool_calls": "max_tool_calls",
        },
        harmless=True,
        opaque=True,
        neutral=(False, "disabled"),
        note="responses_only",
    ),
    _client_dialect(
        "previous_response_id", "responses", "previous_response_id", retyped=True, note="expanded"
    ),
    _client_dialect(
        "tool_choice",
        "responses",
        "tool_choice",
        retyped=True,
        opaque=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
    _client_dialect("thinking", "responses", "reasoning.effort", retyped=True, note="think"),
    _client_dialect("format", "responses", "text.format.schema", opaque=True, note="format"),
    _client_dialect("format", "responses", "text.format.type", retyped=True, neutral=("text",),
          note="format"),
    _client_dialect("format.name", "responses", "text.format.name", note="format_name"),
    _client_dialect("format.description", "responses", "text.format.description",
          note="format_description"),
    _client_dialect("format.strict", "responses", "text.format.strict", note="format_strict"),
    _client_dialect("verbosity", "responses", "text.verbosity", neutral=("medium",),
          note="no_native"),
]  # fmt: skip

_COMPLETIONS = [
    Field(
        name="raw_prompt",
        paths={"completions": "prompt", "generate": "prompt"},
        opaque=True,
        retyped=True,
        alias=True,
        note="raw_prompt",
    ),
    Field(
        name="suffix",
        paths={"completions": "suffix", "generate": "suffix"},
        alias=True,
        note="suffix",
    ),
    _client_dialect(
        "echo", "completions", "echo", neutral=(False,), retyped=True, note="echo_done"
    ),
    _client_dialect("best_of", "completions", "best_of", neutral=(1,), note="no_native"),
    _client_dialect("logprobs", "completions", "logprobs", retyped=True, note="legacy_logprobs"),
]


def _embed(name: str, *dialects: str, **more: Any) -> Field:
    return Field(name=f"embed.{name}", paths=dict.fromkeys(dialects, name), **more)


_EMBEDDINGS = [
    _embed("model", "embeddings", "embed", "embed_legacy"),
    Field(
        name="embed.input",
        paths={"embeddings": "input", "embed": "input", "embed_legacy": "prompt"},
        opaque=True,
        retyped=True,
        note="embed_input",
    ),
    _embed("dimensions", "embeddings", "embed", note="embed_cut"),
    _embed("encoding_format", "embeddings", note="encoding"),
    _embed("user", "embeddings", harmless=True, note="bookkeeping"),
    # Natively there; from an OpenAI client they are extensions.
    _embed("truncate", "embeddings", "embed", neutral=(True,), note="no_openai"),
    _embed("keep_alive", "embeddings", "embed", "embed_legacy", harmless=True, note="running"),
    _embed("options", "embeddings", "embed", "embed_legacy", opaque=True, note="no_openai"),
]

CLIENT_DIALECT_FIELDS: tuple[Field, ...] = (*_ANTHROPIC, *_RESPONSES, *_COMPLETIONS, *_EMBEDDINGS)
