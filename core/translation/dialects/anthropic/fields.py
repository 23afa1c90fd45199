"""The fields of Anthropic's messages: its names for the settings, and the rows of its blocks.

The rows of messages tell the report which values mean the same; where they stand in another
dialect it finds by looking, since one message here may be several there.

Source: Anthropic's Messages API (version 2023-06-01, as of 2026-08).
"""

from __future__ import annotations

from core.translation.fields.field import Columns, Field, own_row, own_rows
from core.translation.fields.thinking import thinking_rows

_NAME = "anthropic"

SAID = ("display_width_px", "display_height_px", "display_number", "enable_zoom", "max_characters")
"""What a request says of a tool that the client runs: it becomes a part of its description."""

_BLOCK = "messages[].content[]"
_RESULT = f"{_BLOCK}.content[]"
# A picture in a document.
_INNER = "messages[].content[document].source.content[].source"


def _words(block: str) -> list[Field]:
    """Return the rows of documents and search results, which are text elsewhere."""
    document, result = f"{block[:-2]}[document]", f"{block[:-2]}[search_result]"
    said = (
        f"{document}.title", f"{document}.context", f"{document}.source.data",
        f"{document}.source.content", f"{document}.source.content[].text",
        f"{result}.title", f"{result}.source", f"{result}.content[].text",
    )  # fmt: skip
    kinds = (
        f"{document}.type", f"{document}.source.type", f"{document}.source.media_type",
        f"{document}.source.content[].type", f"{result}.type", f"{result}.content[].type",
    )  # fmt: skip
    return [
        *own_rows(_NAME, dict.fromkeys(said, "content"), retyped=True, note="as_text"),
        *own_rows(_NAME, dict.fromkeys(kinds, "block.type"), note="implied"),
    ]


_ROWS = (
    *thinking_rows(_NAME, but=("thinking", "thinking.type")),
    *own_rows(
        _NAME,
        {
            "system": "content",
            "system.text": "content",
            "system[].text": "content",
            "messages[].content": "content",
            f"{_BLOCK}.text": "content",
            f"{_BLOCK}.content": "content",
            f"{_RESULT}.text": "content",
        },
        retyped=True,
        note="blocks",
    ),
    *own_rows(
        _NAME,
        {
            "system.type": "block.type",
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
    *own_rows(
        _NAME,
        {
            f"{_BLOCK}.source.data": "image",
            f"{_BLOCK}.source.url": "image",
            f"{_RESULT}.source.data": "image",
            f"{_RESULT}.source.url": "image",
        },
        retyped=True,
        note="image",
    ),
    # Pictures and texts as OpenAI's APIs have them, and texts that are no block.
    *own_rows(
        _NAME,
        {
            f"{block}.{key}": "image"
            for block in (_BLOCK, _RESULT)
            for key in ("image_url.url", "image_url", "image")
        },
        retyped=True,
        note="image",
    ),
    *own_rows(
        _NAME,
        {f"{block}.image_url.detail": "image.detail" for block in (_BLOCK, _RESULT)},
        neutral=("auto",),
        note="detail",
    ),
    *own_rows(
        _NAME,
        {_BLOCK: "content", _RESULT: "content", f"{_BLOCK}.refusal": "content"},
        retyped=True,
        note="blocks",
    ),
    *own_rows(
        _NAME,
        {f"{_INNER}.{key}": "image" for key in ("data", "url")},
        retyped=True,
        note="image",
    ),
    *own_rows(
        _NAME,
        {f"{_INNER}.{key}": "block.type" for key in ("type", "media_type")},
        note="implied",
    ),
    own_row(_NAME, "message.thinking", f"{_BLOCK}.thinking", note="reasoning"),
    own_row(_NAME, "call.id", f"{_BLOCK}.id", note="blocks"),
    own_row(_NAME, "call.name", f"{_BLOCK}.name", note="blocks"),
    own_row(
        _NAME,
        "call.arguments",
        f"{_BLOCK}.input",
        retyped=True,
        opaque=True,
        note="arguments",
    ),
    own_row(_NAME, "tool_call_id", f"{_BLOCK}.tool_use_id", note="blocks"),
    own_row(_NAME, "is_error", f"{_BLOCK}.is_error", neutral=(False,), note="is_error"),
    *own_rows(
        _NAME,
        {
            f"{_BLOCK}.signature": "signature",
            f"{_BLOCK}.data": "redacted",
            "metadata": "user",
            "metadata.user_id": "user",
        },
        harmless=True,
        opaque=False,
        note="anthropic_only",
    ),
    *own_rows(
        _NAME,
        {f"tools[].{key}": "tools.description" for key in SAID},
        retyped=True,
        note="client_tool",
    ),
    *own_rows(
        _NAME,
        {
            "tools[].function.name": "tools.name",
            "tools[].function.description": "tools.description",
            "tools[].function.strict": "tools.strict",
        },
        note="tool_form",
    ),
    *own_rows(
        _NAME,
        {
            "tools[].function.parameters": "tools.parameters",
            "tools[].parameters": "tools.parameters",
        },
        opaque=True,
        note="tool_form",
    ),
    *own_rows(
        _NAME,
        {
            "tool_choice.type": "tool_choice",
            "tool_choice.name": "tool_choice",
            "tool_choice.function.name": "tool_choice",
            "tool_choice": "tool_choice",
        },
        retyped=True,
        neutral=("auto", "none"),
        note="tool_choice_native",
    ),
    own_row(
        _NAME,
        "parallel_tool_calls",
        "tool_choice.disable_parallel_tool_use",
        retyped=True,
        neutral=(False,),
        note="no_native",
    ),
    *own_rows(
        _NAME,
        {"thinking.type": "thinking", "output_config.effort": "thinking"},
        retyped=True,
        note="think",
    ),
    *own_rows(
        _NAME,
        {
            "output_config.format.schema": "format",
            "output_format.schema": "format",
            "response_format.json_schema.schema": "format",
            "format": "format",
        },
        opaque=True,
        note="format",
    ),
    *own_rows(
        _NAME,
        {
            "output_config.format.type": "format",
            "output_format.type": "format",
            "response_format.type": "format",
        },
        retyped=True,
        note="format",
    ),
    *_words(_BLOCK),
    *_words(_RESULT),
    *own_rows(
        _NAME,
        {
            f"{_RESULT}.title": "content",
            f"{_RESULT}.url": "content",
            f"{_RESULT}.tool_name": "content",
            f"{_RESULT}.stdout": "content",
            f"{_RESULT}.stderr": "content",
            f"{_BLOCK}.content.stdout": "content",
            f"{_BLOCK}.content.stderr": "content",
            f"{_BLOCK}.content.error_code": "content",
            f"{_BLOCK}.content.content": "content",
        },
        retyped=True,
        note="as_text",
    ),
    *own_rows(
        _NAME,
        dict.fromkeys(
            (
                "context_management",
                "cache_control",
                f"{_BLOCK}.cache_control",
                f"{_RESULT}.cache_control",
                "system[].cache_control",
                "tools[].cache_control",
                "tools[].defer_loading",
                "tools[].eager_input_streaming",
                "tools[].allowed_callers",
                "tools[].input_examples",
                f"{_BLOCK}.caller",
                f"{_BLOCK}.server_name",
                f"{_BLOCK}.toolset_name",
                f"{_BLOCK}.encrypted_content",
                f"{_BLOCK}.citations",
                f"{_BLOCK}.transformations",
                f"{_BLOCK}.tool_changes",
                f"{_BLOCK}.content[].citations",
                f"{_BLOCK}.content[].transformations",
                "messages[].clear_at",
                "messages[].output_config",
                "system[].citations",
                "thinking.block_binding",
                f"{_RESULT}.encrypted_content",
                f"{_RESULT}.page_age",
                "betas",
                "billing_policy",
                "compaction",
                "diagnostics",
                "fallback_credit_token",
                "fallbacks",
                "inference_geo",
                "output_config.task_budget",
                "speed",
                "user_profile_id",
                "workspace_id",
            ),
            "claude_only",
        ),
        harmless=True,
        opaque=True,
        note="claude_only",
    ),
    *(
        own_row(_NAME, f"format.{key}", f"response_format.json_schema.{key}", note=f"format_{key}")
        for key in ("name", "description", "strict")
    ),
    own_row(_NAME, "mcp_servers", "mcp_servers", opaque=True, note="hosted_tool"),
    own_row(_NAME, "container", "container", opaque=True, note="hosted_tool"),
    own_row(_NAME, "thread", "thread", opaque=True, retyped=True, note="expanded"),
)

MESSAGES = Columns(
    dialect=_NAME,
    follows=True,
    renamed={"stop": "stop_sequences"},
    taken=frozenset({"metadata", "max_completion_tokens", "tool_choice"}),
    standard=frozenset({"temperature", "top_p", "top_k", "stop", "max_tokens", "service_tier"}),
    same={
        "model": "model",
        "stream": "stream",
        "tools.type": "tools[].type",
        "tools.name": "tools[].name",
        "tools.description": "tools[].description",
        "tools.parameters": "tools[].input_schema",
        "tools.strict": "tools[].strict",
        "role": "messages[].role",
    },
    rows=_ROWS,
)
