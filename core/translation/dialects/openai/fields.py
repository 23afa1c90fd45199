"""The fields of OpenAI's dialects: the older completions, embeddings, and those of responses.

Those of chat completions are the hub's own names; they stand in core.translation.fields.chat.
Flat settings have the same names here, with few exceptions.

Sources: OpenAI's Responses, Completions and Embeddings API reference (2026-08).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from core.translation.dialects.openai.responses.fields import RESPONSES_FIELDS
from core.translation.fields.field import Columns, Field, own_rows
from core.translation.fields.thinking import thinking_rows

# Calls and results among the parts of a message, as Anthropic's clients write them.
_CALL = "messages[].content[tool_use]"
_RESULT = "messages[].content[tool_result]"
_rows = partial(own_rows, "openai")
_CALL_PARTS = (
    *_rows("call.id", f"{_CALL}.id", note="blocks"),
    *_rows("call.name", f"{_CALL}.name", note="blocks"),
    *_rows("tool_call_id", f"{_RESULT}.tool_use_id", note="blocks"),
    *_rows("content", f"{_RESULT}.content", f"{_RESULT}.content[].text", f"{_RESULT}.content[]",
           retyped=True, note="blocks"),
    *_rows("image", *(f"{_RESULT}.content[].{key}" for key in (
        "image_url.url", "image_url", "source.data", "source.url", "image", "data")),
        retyped=True, note="image"),
    *_rows("content.type", *(f"{_RESULT}.content[].{key}" for key in (
        "type", "source.type", "source.media_type", "mimeType", "mediaType")), note="implied"),
    *_rows("call.arguments", f"{_CALL}.input", retyped=True, opaque=True, note="arguments"),
    *_rows("is_error", f"{_RESULT}.is_error", neutral=(False,), note="is_error"),
)  # fmt: skip

# OpenAI deprecated max_tokens in favour of this name; where a client sends both it wins.
CHAT = Columns(
    dialect="openai",
    winner="max_completion_tokens",
    rows=(*thinking_rows("openai", but=("reasoning_effort",)), *_CALL_PARTS),
)

RESPONSES = Columns(
    dialect="responses",
    follows=True,
    renamed={"max_tokens": "max_output_tokens"},
    taken=frozenset({"verbosity", "logprobs"}),
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
    rows=RESPONSES_FIELDS,
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
    *own_rows("completions", "echo", "echo", neutral=(False,), retyped=True, note="echo_done"),
    *own_rows("completions", "best_of", "best_of", neutral=(1,), note="no_native"),
    *own_rows("completions", "logprobs", "logprobs", retyped=True, note="legacy_logprobs"),
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
        "include_obfuscation": "stream_options.include_obfuscation",
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
