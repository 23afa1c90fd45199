"""The rows of OpenAI's Responses API (reference of 2026-11)."""

from __future__ import annotations

from functools import partial

from core.translation.fields.field import Field, own_rows
from core.translation.fields.thinking import thinking_rows

_NAME = "responses"
_ITEM = "input[]"

_SHOWN = ("content[]", "output[]")
_rows = partial(own_rows, _NAME)

RESPONSES_FIELDS: tuple[Field, ...] = (
    *thinking_rows(_NAME),
    *_rows("content", "instructions", "input",
           *(f"{_ITEM}.{key}" for key in (
               "content", "content[].text", "content[].refusal", "output", "output[].text",
               "summary[].text")), retyped=True, note="items"),
    *_rows("block.type", f"{_ITEM}.type", f"{_ITEM}.content[].type", f"{_ITEM}.output[].type",
           f"{_ITEM}.summary[].type", note="implied"),
    # From the third on as chat completions and Anthropic's API write pictures; a screenshot.
    *_rows("image", *(f"{_ITEM}.{place}.image_url" for place in _SHOWN),
           *(f"{_ITEM}.{place}.{key}" for place in _SHOWN
             for key in ("image_url.url", "source.data", "source.url", "image")),
           f"{_ITEM}.output.image_url", retyped=True, note="image"),
    *_rows("block.type", *(f"{_ITEM}.{place}.source.{key}" for place in _SHOWN
                           for key in ("type", "media_type")), note="implied"),
    *_rows("content", *(f"{_ITEM}.{place}" for place in _SHOWN), retyped=True, note="items"),
    # Messages of chat completions.
    *_rows("call.id", f"{_ITEM}.tool_calls[].id", note="items"),
    *_rows("call.type", f"{_ITEM}.tool_calls[].type", note="implied"),
    *_rows("call.name", f"{_ITEM}.tool_calls[].function.name", note="items"),
    *_rows("call.arguments", f"{_ITEM}.tool_calls[].function.arguments", retyped=True,
           note="arguments"),
    *_rows("tool_call_id", f"{_ITEM}.tool_call_id", note="items"),
    *_rows("message.thinking", f"{_ITEM}.reasoning_content", note="reasoning"),
    *(row for key in ("name", "description", "strict")
      for row in _rows(f"tools.{key}", f"tools[].function.{key}", note="tool_form")),
    *_rows("tools.parameters", "tools[].function.parameters", "tools[].input_schema", opaque=True,
           note="tool_form"),
    *_rows("max_tokens", "max_tokens", setting=True, kind="integer", note="max_tokens"),
    *_rows("format", "response_format.json_schema.schema", "text.format.json_schema.schema",
           "response_format.schema", "format", opaque=True, note="format"),
    *_rows("format", "response_format.type", retyped=True, neutral=("text",), note="format"),
    *(row for place in ("response_format", "text.format")
      for key in ("name", "description", "strict")
      for row in _rows(f"format.{key}", f"{place}.json_schema.{key}", note=f"format_{key}")),
    *_rows("image.detail", f"{_ITEM}.content[].detail", neutral=("auto",), note="detail"),
    *_rows("call.id", f"{_ITEM}.call_id", note="items"),
    *_rows("call.name", f"{_ITEM}.name", note="items"),
    *_rows("call.arguments", f"{_ITEM}.arguments", retyped=True, note="arguments"),
    *(row for path, name in (
        (f"{_ITEM}.id", "item.id"), (f"{_ITEM}.status", "item.status"),
        (f"{_ITEM}.encrypted_content", "item.encrypted"),
        (f"{_ITEM}.content[].annotations", "annotations"),
        (f"{_ITEM}.content[].logprobs", "annotations"),
        ("include", "include"), ("truncation", "truncation"), ("background", "background"),
        ("reasoning.summary", "reasoning.summary"),
        ("reasoning.generate_summary", "reasoning.summary"), ("max_tool_calls", "max_tool_calls"))
      for row in _rows(name, path, harmless=True, opaque=True, neutral=(False, "disabled"),
                       note="responses_only")),
    *_rows("previous_response_id", "previous_response_id", retyped=True, note="expanded"),
    *_rows("tool_choice", "tool_choice", retyped=True, opaque=True, neutral=("auto", "none"),
           note="tool_choice_native"),
    *_rows("format", "text.format.schema", opaque=True, note="format"),
    *_rows("format", "text.format.type", retyped=True, neutral=("text",), note="format"),
    *(row for key in ("name", "description", "strict")
      for row in _rows(f"format.{key}", f"text.format.{key}", note=f"format_{key}")),
    *_rows("verbosity", "text.verbosity", neutral=("medium",), note="no_native"),
    *_rows("content", *(f"{_ITEM}.{key}" for key in (
        "content[input_file].file_data", "content[input_file].filename",
        "output[input_file].file_data", "output[input_file].filename", "output[].stdout",
        "output[].stderr", "result", "outputs", "results")), retyped=True, note="as_text"),
    *_rows("call.arguments", *(f"{_ITEM}.{key}" for key in (
        "action", "actions", "operation", "code", "queries", "input")), retyped=True, opaque=True,
        note="text_tool"),
    *_rows("content", f"{_ITEM}.error", retyped=True, opaque=True, note="as_text"),
    *_rows("tools.description", "tools[].display_width", "tools[].display_height",
           "tools[].environment", retyped=True, note="client_tool"),
    *_rows("tools.environment", "tools[shell].environment", harmless=True, opaque=True,
           note="responses_only"),
    *_rows("call.name", f"{_ITEM}.namespace", note="namespace"),
    *_rows("tools.name", "tools[namespace].name", note="namespace"),
    *_rows("namespace", "tools[namespace].description", note="namespace"),
    *_rows("tools.type", "tools[namespace].type", "tools[namespace].tools[].type",
           note="tool_type"),
    *(row for key in ("name", "description", "strict")
      for row in _rows(f"tools.{key}", f"tools[namespace].tools[].{key}", note="tool_type")),
    *_rows("tools.parameters", "tools[namespace].tools[].parameters", opaque=True,
           note="namespace"),
    *_rows("tools.type", "tools[custom].type", "tools[namespace].tools[custom].type",
           retyped=True, note="text_tool"),
    *_rows("tools.parameters", "tools[custom].format", "tools[namespace].tools[custom].format",
           retyped=True, opaque=True, note="text_tool"),
    *_rows("openai_server",
           *(f"{_ITEM}.{key}" for key in (
               "caller", "async", "execution", "environment", "acknowledged_safety_checks",
               "pending_safety_checks", "server_label", "fingerprint", "phase",
               "approval_request_id", "container_id", "max_output_length", "output[].outcome",
               "output[].detail", "output[].prompt_cache_breakpoint", "output.type")),
           "background_options", f"{_ITEM}.prompt_cache_breakpoint",
           f"{_ITEM}.content[].prompt_cache_breakpoint",
           *(f"{place}.{key}" for place in ("tools[]", "tools[namespace].tools[]")
             for key in ("allowed_callers", "async", "defer_loading", "output_schema")),
           "access_programs", "client_metadata", "context_management", "reasoning.context",
           "reasoning.mode", "image", harmless=True, opaque=True, note="responses_only"),
    *_rows("tools.added", f"{_ITEM}.tools", retyped=True, opaque=True, note="tools_added"),
)  # fmt: skip
