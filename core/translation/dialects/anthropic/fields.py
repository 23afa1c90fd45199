"""The fields of Anthropic's messages: its names for the settings, and the rows of its blocks.

The rows of messages tell the report which values mean the same; where they stand in another
dialect it finds by looking, since one message here may be several there.

Source: Anthropic's Messages API (version 2023-06-01, as of 2026-08).
"""

from __future__ import annotations

from functools import partial

from core.translation.fields.field import Columns, Field, own_rows
from core.translation.fields.thinking import thinking_rows

_NAME = "anthropic"

SAID = ("display_width_px", "display_height_px", "display_number", "enable_zoom", "max_characters")
"""What a request says of a tool that the client runs: it becomes a part of its description."""

_BLOCK = "messages[].content[]"
_RESULT = f"{_BLOCK}.content[]"
# A picture in a document.
_INNER = "messages[].content[document].source.content[].source"


_rows = partial(own_rows, _NAME)


def _words(block: str) -> list[Field]:
    """Return the rows of documents and search results, which are text elsewhere."""
    document, result = f"{block[:-2]}[document]", f"{block[:-2]}[search_result]"
    return [
        *_rows("content", f"{document}.title", f"{document}.context", f"{document}.source.data",
               f"{document}.source.content", f"{document}.source.content[].text",
               f"{result}.title", f"{result}.source", f"{result}.content[].text",
               retyped=True, note="as_text"),
        *_rows("block.type", f"{document}.type", f"{document}.source.type",
               f"{document}.source.media_type", f"{document}.source.content[].type",
               f"{result}.type", f"{result}.content[].type", note="implied"),
    ]  # fmt: skip


_ROWS = (
    *thinking_rows(_NAME, but=("thinking", "thinking.type")),
    *_rows("content", "system", "system.text", "system[].text", "messages[].content",
           f"{_BLOCK}.text", f"{_BLOCK}.content", f"{_RESULT}.text", retyped=True, note="blocks"),
    *_rows("block.type", "system.type", "system[].type", f"{_BLOCK}.type",
           f"{_BLOCK}.source.type", f"{_BLOCK}.source.media_type", f"{_RESULT}.type",
           f"{_RESULT}.source.type", f"{_RESULT}.source.media_type", note="implied"),
    # The last are pictures as OpenAI's APIs have them.
    *_rows("image", f"{_BLOCK}.source.data", f"{_BLOCK}.source.url", f"{_RESULT}.source.data",
           f"{_RESULT}.source.url",
           *(f"{block}.{key}" for block in (_BLOCK, _RESULT)
             for key in ("image_url.url", "image_url", "image")),
           retyped=True, note="image"),
    *_rows("image.detail", f"{_BLOCK}.image_url.detail", f"{_RESULT}.image_url.detail",
           neutral=("auto",), note="detail"),
    # Texts that are no block, and OpenAI's.
    *_rows("content", _BLOCK, _RESULT, f"{_BLOCK}.refusal", retyped=True, note="blocks"),
    *_rows("image", f"{_INNER}.data", f"{_INNER}.url", retyped=True, note="image"),
    *_rows("block.type", f"{_INNER}.type", f"{_INNER}.media_type", note="implied"),
    *_rows("message.thinking", f"{_BLOCK}.thinking", note="reasoning"),
    *_rows("call.id", f"{_BLOCK}.id", note="blocks"),
    *_rows("call.name", f"{_BLOCK}.name", note="blocks"),
    *_rows("call.arguments", f"{_BLOCK}.input", retyped=True, opaque=True, note="arguments"),
    *_rows("tool_call_id", f"{_BLOCK}.tool_use_id", note="blocks"),
    *_rows("is_error", f"{_BLOCK}.is_error", neutral=(False,), note="is_error"),
    *_rows("signature", f"{_BLOCK}.signature", harmless=True, note="anthropic_only"),
    *_rows("redacted", f"{_BLOCK}.data", harmless=True, note="anthropic_only"),
    *_rows("user", "metadata", "metadata.user_id", harmless=True, note="anthropic_only"),
    *_rows("tools.description", *(f"tools[].{key}" for key in SAID), retyped=True,
           note="client_tool"),
    *(
        row
        for key in ("name", "description", "strict")
        for row in _rows(f"tools.{key}", f"tools[].function.{key}", note="tool_form")
    ),
    *_rows("tools.parameters", "tools[].function.parameters", "tools[].parameters", opaque=True,
           note="tool_form"),
    *_rows("tool_choice", "tool_choice.type", "tool_choice.name", "tool_choice.function.name",
           "tool_choice", retyped=True, neutral=("auto", "none"), note="tool_choice_native"),
    *_rows("parallel_tool_calls", "tool_choice.disable_parallel_tool_use", retyped=True,
           neutral=(False,), note="no_native"),
    *_rows("thinking", "thinking.type", "output_config.effort", retyped=True, note="think"),
    *_rows("format", "output_config.format.schema", "output_format.schema",
           "response_format.json_schema.schema", "format", opaque=True, note="format"),
    *_rows("format", "output_config.format.type", "output_format.type", "response_format.type",
           retyped=True, note="format"),
    *_words(_BLOCK),
    *_words(_RESULT),
    *_rows("content", f"{_RESULT}.title", f"{_RESULT}.url", f"{_RESULT}.tool_name",
           f"{_RESULT}.stdout", f"{_RESULT}.stderr", f"{_BLOCK}.content.stdout",
           f"{_BLOCK}.content.stderr", f"{_BLOCK}.content.error_code", f"{_BLOCK}.content.content",
           retyped=True, note="as_text"),
    *_rows("claude_only", "context_management", "cache_control", f"{_BLOCK}.cache_control",
           f"{_RESULT}.cache_control", "system[].cache_control", "tools[].cache_control",
           "tools[].defer_loading", "tools[].eager_input_streaming", "tools[].allowed_callers",
           "tools[].input_examples", f"{_BLOCK}.caller", f"{_BLOCK}.server_name",
           f"{_BLOCK}.toolset_name", f"{_BLOCK}.encrypted_content", f"{_BLOCK}.citations",
           f"{_BLOCK}.transformations", f"{_BLOCK}.tool_changes", f"{_BLOCK}.content[].citations",
           f"{_BLOCK}.content[].transformations", "messages[].clear_at",
           "messages[].output_config", "system[].citations", "thinking.block_binding",
           f"{_RESULT}.encrypted_content", f"{_RESULT}.page_age", "betas", "billing_policy",
           "compaction", "diagnostics", "fallback_credit_token", "fallbacks", "inference_geo",
           "output_config.task_budget", "speed", "user_profile_id", "workspace_id",
           harmless=True, opaque=True, note="claude_only"),
    *(
        row
        for key in ("name", "description", "strict")
        for row in _rows(f"format.{key}", f"response_format.json_schema.{key}",
                         note=f"format_{key}")
    ),
    *_rows("mcp_servers", "mcp_servers", opaque=True, note="hosted_tool"),
    *_rows("container", "container", opaque=True, note="hosted_tool"),
    *_rows("thread", "thread", opaque=True, retyped=True, note="expanded"),
)  # fmt: skip

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
