"""FIELDS: every field of a request body, with its name in each dialect.

One row is one idea. ``paths`` gives where each dialect writes it, with ``[]`` for "each item";
a dialect without a path has no way to say it. Rows whose ``setting`` is true are flat values
that the dialect modules read and write from this table alone, so a new sampling parameter is
one row here and one test vector. The other rows describe what the dialect modules do by code
(messages, tools, formats); the report is made from both, and a law holds it against what the
code really did.

Sources: Ollama api/types.go and openai/openai.go at 0.33.0-rc2, OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

__all__ = ["EXTENSIONS", "FIELDS", "Field", "Kind", "setting_paths", "settings_by_path"]

Kind = Literal["number", "integer", "boolean", "strings", "any"]


class Field(Struct, frozen=True, kw_only=True):
    """One row. ``note`` names the reason, in NOTES, for what is not simply kept."""

    name: str
    paths: Mapping[str, str]
    kind: Kind = "any"
    setting: bool = False
    alias: bool = False
    extension: bool = False
    retyped: bool = False
    opaque: bool = False
    note: str = ""


def _option(name: str, kind: Kind, openai: str = "", *, note: str = "options") -> list[Field]:
    """Rows of a sampling option: its place in each dialect, and what else clients write."""
    own = openai or name
    paths = {"ollama": f"options.{name}", "openai": own}
    rows = [Field(name=own, paths=paths, kind=kind, setting=True, extension=not openai, note=note)]
    aliases = {f"options.{name}", name} - {own}
    rows += [
        Field(
            name=own,
            paths={"ollama": f"options.{name}", "openai": alias},
            kind=kind,
            setting=True,
            alias=True,
            note=note,
        )
        for alias in sorted(aliases)
    ]
    return rows


def _openai_only(name: str, kind: Kind = "any") -> Field:
    return Field(
        name=name,
        paths={"openai": name},
        kind=kind,
        setting=True,
        opaque=kind == "any",
        note="no_native",
    )


def _ollama_only(name: str, kind: Kind) -> list[Field]:
    """A top-level native field that an OpenAI client may send too, as an extension."""
    return [
        Field(
            name=name,
            paths={"ollama": name, "openai": name},
            kind=kind,
            setting=True,
            extension=True,
            opaque=kind == "any",
            note="no_openai",
        )
    ]


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
    *_option("top_k", "integer"),
    *_option("min_p", "number"),
    *_option("typical_p", "number"),
    *_option("repeat_penalty", "number"),
    *_option("repeat_last_n", "integer"),
    *_option("num_ctx", "integer"),
    *_option("num_keep", "integer"),
    *_option("num_batch", "integer"),
    *_option("num_gpu", "integer"),
    *_option("main_gpu", "integer"),
    *_option("num_thread", "integer"),
    *_option("use_mmap", "boolean"),
    *_option("draft_num_predict", "integer"),
]

_TOP_LEVEL = [
    Field(name="model", paths={"ollama": "model", "openai": "model"}),
    Field(name="stream", paths={"ollama": "stream", "openai": "stream"}),
    Field(
        name="include_usage",
        paths={"openai": "stream_options.include_usage"},
        note="usage_always",
    ),
    Field(
        name="logprobs",
        paths={"ollama": "logprobs", "openai": "logprobs"},
        kind="boolean",
        setting=True,
    ),
    Field(
        name="top_logprobs",
        paths={"ollama": "top_logprobs", "openai": "top_logprobs"},
        kind="integer",
        setting=True,
    ),
    Field(
        name="thinking",
        paths={"ollama": "think", "openai": "reasoning_effort"},
        retyped=True,
        note="think",
    ),
    Field(
        name="thinking",
        paths={"ollama": "think", "openai": "reasoning.effort"},
        retyped=True,
        alias=True,
        note="think",
    ),
    Field(
        name="thinking", paths={"ollama": "think", "openai": "think"}, alias=True, note="think"
    ),
    *_ollama_only("keep_alive", "any"),
    *_ollama_only("truncate", "boolean"),
    *_ollama_only("shift", "boolean"),
    *_ollama_only("_debug_render_only", "boolean"),
    *(
        _openai_only(name)
        for name in (
            "audio", "logit_bias", "metadata", "modalities", "n", "parallel_tool_calls",
            "prediction", "prompt_cache_key", "prompt_cache_retention", "safety_identifier",
            "service_tier", "store", "user", "verbosity", "web_search_options",
        )
    ),
]  # fmt: skip

_FORMATS = [
    Field(
        name="format",
        paths={"ollama": "format", "openai": "response_format.json_schema.schema"},
        retyped=True,
        opaque=True,
        note="format",
    ),
    Field(name="format.type", paths={"openai": "response_format.type"}, note="implied"),
    Field(
        name="format.name",
        paths={"openai": "response_format.json_schema.name"},
        note="format_wrapper",
    ),
    Field(
        name="format.description",
        paths={"openai": "response_format.json_schema.description"},
        note="format_wrapper",
    ),
    Field(
        name="format.strict",
        paths={"openai": "response_format.json_schema.strict"},
        note="format_wrapper",
    ),
]

_TOOLS = [
    Field(name="tools.type", paths={"ollama": "tools[].type", "openai": "tools[].type"}),
    *(
        Field(
            name=f"tools.{key}",
            paths=dict.fromkeys(("ollama", "openai"), f"tools[].function.{key}"),
            opaque=key == "parameters",
        )
        for key in ("name", "description", "parameters")
    ),
    Field(name="tools.strict", paths={"openai": "tools[].function.strict"}, note="strict_tool"),
    Field(
        name="tool_choice",
        paths={"openai": "tool_choice"},
        opaque=True,
        note="tool_choice_native",
    ),
]

_MESSAGES = [
    Field(name="role", paths=dict.fromkeys(("ollama", "openai"), "messages[].role")),
    Field(name="content", paths=dict.fromkeys(("ollama", "openai"), "messages[].content")),
    Field(
        name="content.text",
        paths={"ollama": "messages[].content", "openai": "messages[].content[].text"},
        alias=True,
        retyped=True,
        note="parts",
    ),
    Field(name="content.type", paths={"openai": "messages[].content[].type"}, note="implied"),
    Field(
        name="image",
        paths={
            "ollama": "messages[].images[]",
            "openai": "messages[].content[].image_url.url",
        },
        retyped=True,
        note="image",
    ),
    Field(
        name="image",
        paths={"ollama": "messages[].images[]", "openai": "messages[].content[].image_url"},
        alias=True,
        retyped=True,
        note="image",
    ),
    Field(
        name="image.detail",
        paths={"openai": "messages[].content[].image_url.detail"},
        note="detail",
    ),
    Field(
        name="thinking",
        paths={"ollama": "messages[].thinking", "openai": "messages[].reasoning_content"},
        note="think",
    ),
    Field(
        name="thinking",
        paths={"ollama": "messages[].thinking", "openai": "messages[].reasoning"},
        alias=True,
        note="think",
    ),
    Field(name="call.id", paths=dict.fromkeys(("ollama", "openai"), "messages[].tool_calls[].id")),
    Field(
        name="call.type",
        paths={"openai": "messages[].tool_calls[].type"},
        note="implied",
    ),
    Field(
        name="call.index",
        paths={"ollama": "messages[].tool_calls[].function.index"},
        note="implied",
    ),
    Field(
        name="call.name",
        paths=dict.fromkeys(("ollama", "openai"), "messages[].tool_calls[].function.name"),
    ),
    Field(
        name="call.arguments",
        paths=dict.fromkeys(("ollama", "openai"), "messages[].tool_calls[].function.arguments"),
        retyped=True,
        opaque=True,
        note="arguments",
    ),
    Field(
        name="tool_call_id",
        paths=dict.fromkeys(("ollama", "openai"), "messages[].tool_call_id"),
    ),
    Field(
        name="tool_name",
        paths={"ollama": "messages[].tool_name", "openai": "messages[].name"},
        note="tool_name",
    ),
]

_GENERATE = [
    Field(
        name="prompt",
        paths={"generate": "prompt", "openai": "messages[].content"},
        alias=True,
        note="joined_prompt",
    ),
    Field(
        name="system",
        paths={"generate": "system", "openai": "messages[].content"},
        alias=True,
        note="joined_prompt",
    ),
    Field(
        name="images",
        paths={"generate": "images[]", "openai": "messages[].content[].image_url.url"},
        alias=True,
        retyped=True,
        note="image",
    ),
    Field(name="context", paths={"generate": "context"}, opaque=True, note="legacy_context"),
    Field(name="raw", paths={"generate": "raw"}, note="no_openai"),
    Field(name="suffix", paths={"generate": "suffix"}, note="no_openai"),
    Field(name="template", paths={"generate": "template"}, note="no_openai"),
]


def _with_generate(row: Field) -> Field:
    """/api/generate shares every native field that is not about messages and tools."""
    native = row.paths.get("ollama", "")
    if not native or native.startswith(("messages", "tools")):
        return row
    return Field(
        **{name: getattr(row, name) for name in Field.__struct_fields__ if name != "paths"},
        paths={**row.paths, "generate": native},
    )


FIELDS: tuple[Field, ...] = (
    *(_with_generate(row) for row in (*_TOP_LEVEL, *_OPTIONS, *_FORMATS)),
    *_TOOLS,
    *_MESSAGES,
    *_GENERATE,
)

EXTENSIONS: Mapping[str, frozenset[str]] = {
    # llama.cpp's server: tools/server/README.md, "POST /completion" options on the chat route.
    "llama.cpp": frozenset({"top_k", "min_p", "typical_p", "repeat_penalty", "repeat_last_n"}),
}
"""What servers of OpenAI's dialect accept beyond it, by kind of server."""


def settings_by_path(dialect: str) -> dict[str, Field]:
    """Return the flat rows that ``dialect`` can write, by path. Own names come after aliases."""
    rows = [row for row in FIELDS if row.setting and dialect in row.paths]
    return {row.paths[dialect]: row for row in sorted(rows, key=lambda row: not row.alias)}


def setting_paths(dialect: str) -> dict[str, Field]:
    """Return where ``dialect`` writes each setting, by the setting's name."""
    return {
        row.name: row for row in FIELDS if row.setting and not row.alias and dialect in row.paths
    }


def _check(rows: tuple[Field, ...]) -> None:
    seen: dict[tuple[str, str], Any] = {}
    for row in rows:
        for dialect, path in row.paths.items():
            if not row.alias and seen.setdefault((dialect, path), row) is not row:
                raise AssertionError(f"two rows own {dialect} {path}")


_check(FIELDS)
