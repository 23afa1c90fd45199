"""The fields of OpenAI's dialects: responses, the older completions, and embeddings.

Those of chat completions are the hub's own names; they stand in core.translation.fields.chat.
Flat settings have the same names here, with few exceptions.

Sources: OpenAI's Responses, Completions and Embeddings API reference (2026-08).
"""

from __future__ import annotations

from typing import Any

from core.translation.fields.field import Columns, Field, own_row, own_rows

__all__ = ["CHAT", "COMPLETIONS", "EMBEDDINGS", "RESPONSES"]

# OpenAI deprecated max_tokens in favour of this name; where a client sends both it wins.
CHAT = Columns(dialect="openai", winner="max_completion_tokens")

_NAME = "responses"

_ITEM = "input[]"

_RESPONSES = (
    *own_rows(_NAME,
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
    *own_rows(_NAME,
        {
            f"{_ITEM}.type": "block.type",
            f"{_ITEM}.content[].type": "block.type",
            f"{_ITEM}.output[].type": "block.type",
            f"{_ITEM}.summary[].type": "block.type",
        },
        note="implied",
    ),
    *own_rows(_NAME,
        {f"{_ITEM}.content[].image_url": "image", f"{_ITEM}.output[].image_url": "image"},
        retyped=True,
        note="image",
    ),
    own_row(_NAME, "image.detail", f"{_ITEM}.content[].detail",
        neutral=("auto",),
        note="detail",
    ),
    own_row(_NAME, "call.id", f"{_ITEM}.call_id", note="items"),
    own_row(_NAME, "call.name", f"{_ITEM}.name", note="items"),
    own_row(_NAME, "call.arguments", f"{_ITEM}.arguments",
        retyped=True,
        note="arguments",
    ),
    *own_rows(_NAME,
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
    own_row(_NAME, "previous_response_id", "previous_response_id", retyped=True, note="expanded"
    ),
    own_row(_NAME, "tool_choice", "tool_choice",
        retyped=True,
        opaque=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
    own_row(_NAME, "thinking", "reasoning.effort", retyped=True, note="think"),
    own_row(_NAME, "format", "text.format.schema", opaque=True, note="format"),
    own_row(_NAME, "format", "text.format.type", retyped=True, neutral=("text",),
          note="format"),
    own_row(_NAME, "format.name", "text.format.name", note="format_name"),
    own_row(_NAME, "format.description", "text.format.description",
          note="format_description"),
    own_row(_NAME, "format.strict", "text.format.strict", note="format_strict"),
    own_row(_NAME, "verbosity", "text.verbosity", neutral=("medium",),
          note="no_native"),
)  # fmt: skip


RESPONSES = Columns(
    dialect=_NAME,
    follows=True,
    renamed={"max_tokens": "max_output_tokens"},
    taken=frozenset({"max_completion_tokens", "max_tokens", "verbosity", "logprobs"}),
    standard=frozenset(
        {
            "temperature", "top_p", "max_tokens", "top_logprobs", "parallel_tool_calls",
            "metadata", "user", "store", "service_tier", "safety_identifier",
            "prompt_cache_key", "prompt_cache_retention",
        }
    ),
    same={
        "model": "model",
        "stream": "stream",
        "include_obfuscation": "stream_options.include_obfuscation",
        "tools.type": "tools[].type",
        "tools.name": "tools[].name",
        "tools.description": "tools[].description",
        "tools.parameters": "tools[].parameters",
        "tools.strict": "tools[].strict",
        "role": "input[].role",
    },
    rows=_RESPONSES,
)  # fmt: skip

_COMPLETIONS = (
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
    own_row("completions", "echo", "echo", neutral=(False,), retyped=True, note="echo_done"),
    own_row("completions", "best_of", "best_of", neutral=(1,), note="no_native"),
    own_row("completions", "logprobs", "logprobs", retyped=True, note="legacy_logprobs"),
)

COMPLETIONS = Columns(
    dialect="completions",
    follows=True,
    taken=frozenset({"max_completion_tokens", "logprobs", "top_logprobs"}),
    standard=frozenset(
        {
            "temperature", "top_p", "max_tokens", "seed", "stop", "n", "logit_bias", "user",
            "frequency_penalty", "presence_penalty",
        }
    ),
    same={
        "model": "model",
        "stream": "stream",
        "include_usage": "stream_options.include_usage",
    },
    rows=_COMPLETIONS,
)  # fmt: skip


def _embed(name: str, path: str, **more: Any) -> Field:
    return Field(name=f"embed.{name}", paths={"embeddings": path}, **more)


EMBEDDINGS = Columns(
    dialect="embeddings",
    rows=(
        _embed("model", "model"),
        _embed("input", "input", opaque=True, retyped=True, note="embed_input"),
        _embed("dimensions", "dimensions", note="embed_cut"),
        _embed("encoding_format", "encoding_format", note="encoding"),
        _embed("user", "user", harmless=True, note="bookkeeping"),
        # Natively there; from an OpenAI client they are extensions.
        _embed("truncate", "truncate", neutral=(True,), note="no_openai"),
        _embed("keep_alive", "keep_alive", harmless=True, note="running"),
        _embed("options", "options", opaque=True, note="no_openai"),
    ),
)
