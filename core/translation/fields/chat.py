"""The rows of the chat dialects: Ollama's /api/chat and /api/generate, OpenAI's chat completions.

Rows whose ``setting`` is true are flat values that the dialect modules read and write from
this table alone, so a new sampling parameter is one row here and one test vector. The other
rows describe what the dialect modules do by code (messages, tools, formats).

Sources: Ollama api/types.go and openai/openai.go at 0.33.0-rc2, OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from core.translation.codec.kinds import ValueKind
from core.translation.fields.field import Field, chat_row, other_rows, same_row
from core.translation.fields.tools import TOOL_FIELDS


def _option(
    name: str, kind: ValueKind, openai: str = "", *, note: str = "options", **more: Any
) -> list[Field]:
    """Rows of a sampling option: its place in each dialect, and what else clients write."""
    own = openai or name
    return [
        Field(
            name=own,
            paths={"ollama": f"options.{name}", "openai": path},
            kind=kind,
            setting=True,
            alias=path != own,
            extension=not openai,
            note=note,
            **more,
        )
        for path in (own, *sorted({f"options.{name}", name} - {own}))
    ]


def _openai_only(
    name: str, *neutral: Any, kind: ValueKind = "any", harmless: bool = False
) -> Field:
    return Field(
        name=name,
        paths={"openai": name},
        kind=kind,
        setting=True,
        opaque=kind == "any",
        neutral=neutral,
        harmless=harmless,
        note="bookkeeping" if harmless else "no_native",
    )


def _ollama_only(name: str, kind: ValueKind, *neutral: Any, harmless: bool = False) -> Field:
    """A top-level native field that an OpenAI client may send too, as an extension."""
    return Field(
        name=name,
        paths={"ollama": name, "openai": name},
        kind=kind,
        setting=True,
        extension=True,
        opaque=kind == "any",
        neutral=neutral,
        harmless=harmless,
        note="running" if harmless else "no_openai",
    )


_OPTIONS = [
    *_option("temperature", "number", "temperature"),
    *_option("top_p", "number", "top_p"),
    *_option("num_predict", "integer", "max_tokens", note="max_tokens"),
    Field(
        name="max_tokens",
        paths={"ollama": "options.num_predict", "openai": "max_completion_tokens"},
        kind="integer",
        setting=True,
        alias=True,
        note="max_tokens",
    ),
    *_option("seed", "integer", "seed"),
    *_option("stop", "strings", "stop", note="stop_list"),
    *_option("frequency_penalty", "number", "frequency_penalty"),
    *_option("presence_penalty", "number", "presence_penalty"),
    # Neutral are the values that switch the sampler off.
    *_option("top_k", "integer", neutral=(0,)),
    *_option("min_p", "number", neutral=(0,)),
    *_option("typical_p", "number", neutral=(1,)),
    *_option("repeat_penalty", "number", neutral=(1,)),
    *_option("repeat_last_n", "integer", neutral=(0,)),
    *_option("num_ctx", "integer"),
    *_option("num_keep", "integer"),
    *_option("num_batch", "integer", harmless=True, note="running"),
    *_option("num_gpu", "integer", harmless=True, note="running"),
    *_option("main_gpu", "integer", harmless=True, note="running"),
    *_option("num_thread", "integer", harmless=True, note="running"),
    *_option("use_mmap", "boolean", harmless=True, note="running"),
    *_option("draft_num_predict", "integer", harmless=True, note="running"),
]

_TOP_LEVEL = [
    same_row("model", "model"),
    same_row("stream", "stream"),
    chat_row("include_usage", openai="stream_options.include_usage", note="usage_always"),
    chat_row(
        "include_obfuscation",
        openai="stream_options.include_obfuscation",
        harmless=True,
        note="bookkeeping",
    ),
    same_row("logprobs", "logprobs", kind="boolean", setting=True, neutral=(False,)),
    same_row("top_logprobs", "top_logprobs", kind="integer", setting=True, neutral=(0,)),
    chat_row("thinking", ollama="think", openai="reasoning_effort", retyped=True, note="think"),
    _ollama_only("keep_alive", "duration", harmless=True),
    _ollama_only("truncate", "boolean", True),
    _ollama_only("shift", "boolean", True),
    _ollama_only("_debug_render_only", "boolean", False),
    _openai_only("audio"),
    _openai_only("logit_bias"),
    _openai_only("metadata", harmless=True),
    _openai_only("modalities", ["text"]),
    _openai_only("n", 1),
    _openai_only("parallel_tool_calls", True),
    _openai_only("prediction", harmless=True),
    _openai_only("moderation", harmless=True),
    _openai_only("prompt_cache_key", harmless=True),
    _openai_only("prompt_cache_options", harmless=True),
    _openai_only("prompt_cache_retention", harmless=True),
    _openai_only("safety_identifier", harmless=True),
    _openai_only("service_tier", harmless=True),
    _openai_only("store", harmless=True),
    _openai_only("user", harmless=True),
    _openai_only("verbosity", "medium"),
    _openai_only("web_search_options"),
]

_JSON_SCHEMA = "response_format.json_schema"
_FORMATS = [
    chat_row("format", ollama="format", openai=f"{_JSON_SCHEMA}.schema", opaque=True,
             note="format"),
    *other_rows("format", "format", "response_format.type", retyped=True, neutral=("text",),
                note="format"),
    # What llama.cpp, vLLM and Ollama call it themselves.
    *other_rows("format", "format", "response_format.schema", "format", "guided_json",
                "json_schema", "structured_outputs.json", opaque=True, note="format"),
    chat_row("format.name", openai=f"{_JSON_SCHEMA}.name", note="format_name"),
    chat_row("format.description", openai=f"{_JSON_SCHEMA}.description", note="format_description"),
    *(
        chat_row(f"format.{key}", openai=f"response_format.{key}", alias=True, note=f"format_{key}")
        for key in ("name", "description", "strict")
    ),
    chat_row("format.strict", openai=f"{_JSON_SCHEMA}.strict", note="format_strict"),
]  # fmt: skip
_CONTENT = "messages[].content"
_CALLS = "messages[].tool_calls[]"
_IMAGES = "messages[].images[]"
_THINKING = "messages[].thinking"
_MESSAGES = [
    same_row("role", "messages[].role"),
    same_row("content", _CONTENT),
    *other_rows("content.text", _CONTENT, f"{_CONTENT}[].text", retyped=True, note="parts"),
    *other_rows("content.text", _CONTENT, f"{_CONTENT}[].refusal", retyped=True, note="refusal"),
    *other_rows("refusal", _CONTENT, "messages[].refusal", note="refusal"),
    chat_row("content.type", openai=f"{_CONTENT}[].type", note="implied"),
    # A text among the parts that is no part itself; and a tool's answer that is no text.
    *other_rows("content.text", _CONTENT, f"{_CONTENT}[]", retyped=True, note="parts"),
    chat_row("cache", openai=f"{_CONTENT}[].prompt_cache_breakpoint", harmless=True, opaque=True,
             note="bookkeeping"),
    chat_row("said", openai="messages[].audio", opaque=True, note="file_id"),
    *other_rows("content.text", _CONTENT,
                *(f"{_CONTENT}[file].file.{key}" for key in ("file_data", "filename")),
                retyped=True, note="as_text"),
    *other_rows("message.thinking", _THINKING,
                *(f"{_CONTENT}[{kind}].{key}" for kind in ("thinking", "reasoning")
                  for key in ("thinking", "text")),
                retyped=True, opaque=True, note="reasoning"),
    chat_row("image", ollama=_IMAGES, openai=f"{_CONTENT}[].image_url.url", retyped=True,
             note="image"),
    # Also as other APIs write a picture: Anthropic's, the AI SDK's, MCP's.
    *other_rows("image", _IMAGES, f"{_CONTENT}[].image_url",
                *(f"{_CONTENT}[image].{key}"
                  for key in ("source.data", "source.url", "image", "data")),
                retyped=True, note="image"),
    *(
        chat_row("content.type", openai=f"{_CONTENT}[image].{key}", alias=True, note="implied")
        for key in ("source.type", "source.media_type", "mediaType", "mimeType")
    ),
    chat_row("image.detail", openai=f"{_CONTENT}[].image_url.detail", neutral=("auto",),
             note="detail"),
    *other_rows("audio.data", _IMAGES, f"{_CONTENT}[].input_audio.data", note="audio_native"),
    chat_row("audio.format", openai=f"{_CONTENT}[].input_audio.format", note="implied"),
    chat_row("message.thinking", ollama=_THINKING, openai="messages[].reasoning_content",
             note="reasoning"),
    *other_rows("message.thinking", _THINKING, "messages[].reasoning", note="reasoning"),
    *other_rows("message.thinking", _THINKING,
                *(f"messages[].{key}" for key in (
                    "reasoning_details[].text", "reasoning_details[].summary",
                    "thinking_blocks[].thinking", "thinking_blocks[].text")),
                retyped=True, note="reasoning"),
    *(
        chat_row("thinking.mark", openai=f"messages[].{key}", harmless=True, note="bookkeeping")
        for key in (
            "reasoning_details[].type", "reasoning_details[].format", "reasoning_details[].id",
            "reasoning_details[].index", "reasoning_details[].signature",
            "thinking_blocks[].type", "thinking_blocks[].signature",
        )
    ),
    same_row("call.id", f"{_CALLS}.id"),
    same_row("call.type", f"{_CALLS}.type", note="implied"),
    chat_row("call.index", ollama=f"{_CALLS}.function.index", openai=f"{_CALLS}.index",
             note="implied"),
    same_row("call.name", f"{_CALLS}.function.name"),
    same_row("call.arguments", f"{_CALLS}.function.arguments", retyped=True, opaque=True,
             note="arguments"),
    same_row("tool_call_id", "messages[].tool_call_id"),
    chat_row("tool_name", ollama="messages[].tool_name", openai="messages[].name",
             note="tool_name"),
]  # fmt: skip
_GENERATE = [
    *(
        Field(
            name=name,
            paths={"generate": name, "ollama": _CONTENT, "openai": openai},
            alias=True,
            note="joined_prompt",
        )
        for name in ("prompt", "system")
        for openai in (_CONTENT, f"{_CONTENT}[].text")
    ),
    Field(name="image", paths={"generate": "images[]", "ollama": _IMAGES,
                               "openai": f"{_CONTENT}[].image_url.url"},
          alias=True, retyped=True, note="image"),
    Field(name="context", paths={"generate": "context"}, opaque=True, note="legacy_context"),
    Field(name="raw", paths={"generate": "raw"}, neutral=(False,), note="raw_mode"),
    Field(name="template", paths={"generate": "template"}, note="no_openai"),
]  # fmt: skip


def _with_generate(row: Field) -> Field:
    """/api/generate shares every native field that is not about messages and tools."""
    native = row.paths.get("ollama", "")
    if not native or native.startswith(("messages", "tools")):
        return row
    return replace(row, paths={**row.paths, "generate": native})


CHAT_FIELDS: tuple[Field, ...] = (
    *(_with_generate(row) for row in (*_TOP_LEVEL, *_OPTIONS, *_FORMATS)),
    *TOOL_FIELDS,
    *_MESSAGES,
    *_GENERATE,
)

EXTENSIONS: Mapping[str, frozenset[str]] = {
    # llama.cpp's server: tools/server/README.md, "POST /completion" options on the chat route.
    "llama.cpp": frozenset({"top_k", "min_p", "typical_p", "repeat_penalty", "repeat_last_n"}),
    # vLLM: docs/serving/openai_compatible_server.md, "Extra parameters".
    "vllm": frozenset({"top_k", "min_p"}),
    # Diglot's own OpenAI dialect takes every native setting.
    "diglot": frozenset(row.name for row in CHAT_FIELDS if row.extension),
}
"""What servers of OpenAI's dialect accept beyond it, by kind of server."""
