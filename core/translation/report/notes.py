"""Why a translation did what it did, one sentence each.

A note is data: the report carries it, the pages show it, nobody computes with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.note import Note

__all__ = ["NOTES", "SOURCES"]


_API = "Ollama api/types.go"
_DOCS = "Ollama docs/api.md"
_COMPAT = "Ollama openai/openai.go"
_OPENAI = "OpenAI API reference, chat completions"
_RESPONSES = "OpenAI API reference, responses"
_ANTHROPIC = "Anthropic API reference, messages"

SOURCES: Mapping[str, str] = {
    _API: "https://github.com/ollama/ollama/blob/main/api/types.go",
    _DOCS: "https://github.com/ollama/ollama/blob/main/docs/api.md",
    _COMPAT: "https://github.com/ollama/ollama/blob/main/openai/openai.go",
    _OPENAI: "https://platform.openai.com/docs/api-reference/chat",
    _RESPONSES: "https://platform.openai.com/docs/api-reference/responses",
    _ANTHROPIC: "https://docs.anthropic.com/en/api/messages",
}
"""Where each source of a note is to be read."""

NOTES: dict[str, Note] = {
    "kept": Note("report.kept"),
    "empty": Note("report.empty"),
    "renamed": Note("report.renamed"),
    "retyped": Note("report.retyped"),
    "unsent": Note("report.unsent"),
    "added": Note("report.added"),
    "emulated": Note("report.emulated"),
    "unwanted": Note("report.unwanted"),
    "inserted": Note("report.inserted"),
    "stream_replayed": Note("report.stream_replayed"),
    "thinking_off": Note("report.thinking_off"),
    "seed_each": Note("report.seed_each"),
    "system_field": Note("report.system_field"),
    "call_left_out": Note("report.call_left_out"),
    "tools_left_out": Note("report.tools_left_out"),
    "summary_left_out": Note("report.summary_left_out"),
    "schema_unused": Note("report.schema_unused"),
    "side_settings": Note("report.side_settings"),
    "side_messages": Note("report.side_messages"),
    "kind_of_lost": Note("report.kind_of_lost"),
    "role_function": Note("report.role_function"),
    "effort_unused": Note("report.effort_unused"),
    "empty_message": Note("report.empty_message"),
    "top_level": Note("report.top_level"),
    "choice_form": Note("report.choice_form"),
    "superseded": Note("report.superseded"),
    "neutral": Note("report.neutral"),
    "bookkeeping": Note("report.bookkeeping", source=_OPENAI),
    "running": Note("report.running", source=_DOCS),
    "role_case": Note("report.role_case", source=_API),
    "reasoning": Note("report.reasoning", source=_API, since="0.9.0"),
    "refusal": Note("report.refusal", source=_OPENAI),
    "format_strict": Note("report.format_strict", source=_DOCS, since="0.5.0"),
    "required_there": Note("report.required_there"),
    "unknown": Note("report.unknown"),
    "wrong_kind": Note("report.wrong_kind"),
    "null": Note("report.null", source=_OPENAI),
    "implied": Note("report.implied"),
    "no_native": Note("report.no_native", source=_API),
    "no_openai": Note("report.no_openai", source=_OPENAI),
    "options": Note("report.options", source=_DOCS),
    "max_tokens": Note("report.max_tokens", source=_API),
    "unlimited": Note("report.unlimited", source=_API),
    "stop_list": Note("report.stop_list", source=_API),
    "think": Note("report.think", source=_API, since="0.9.0"),
    "think_relaxed": Note("report.think_relaxed", source="Ollama server/routes.go", since="0.9.0"),
    "format": Note("report.format", source=_COMPAT, since="0.5.0"),
    "format_name": Note("report.format_name", source=_COMPAT, since="0.5.0"),
    "format_description": Note("report.format_description", source=_COMPAT, since="0.5.0"),
    "arguments": Note("report.arguments", source=_API),
    "image": Note("report.image", source=_API),
    "parts": Note("report.parts", source=_API),
    "detail": Note("report.detail", source=_COMPAT),
    "developer": Note("report.developer", source=_COMPAT),
    "tool_name": Note("report.tool_name", source=_API, since="0.9.6"),
    "tool_name_found": Note("report.tool_name_found", source=_COMPAT, since="0.12.11"),
    "tool_call_id_made": Note("report.tool_call_id_made", source=_OPENAI),
    "participant": Note("report.participant", source=_API),
    "tool_type": Note("report.tool_type", source=_OPENAI),
    "strict_tool": Note("report.strict_tool", source=_COMPAT),
    "tool_choice_native": Note("report.tool_choice_native", source=_COMPAT),
    "tool_choice_emulated": Note("report.tool_choice_emulated", source="Ollama issue 8421"),
    "calls_written": Note("report.calls_written", source="Diglot"),
    "tools_emulated": Note(
        "report.tools_emulated", source="Ollama server/routes.go: does not support tools"
    ),
    "history_flattened": Note(
        "report.history_flattened", source="Ollama server/routes.go: does not support tools"
    ),
    "stream_default": Note("report.stream_default", source=_DOCS),
    "usage_always": Note("report.usage_always", source=_DOCS),
    "usage_asked": Note("report.usage_asked", source=_OPENAI),
    "deployment_default": Note("report.deployment_default"),
    "model_alias": Note("report.model_alias"),
    "joined_prompt": Note("report.joined_prompt", source=_DOCS),
    "legacy_context": Note("report.legacy_context", source=_DOCS),
    "blocks": Note("report.blocks", source=_ANTHROPIC, since="0.14.0"),
    "items": Note("report.items", source=_RESPONSES, since="0.13.3"),
    "is_error": Note("report.is_error", source=_ANTHROPIC),
    "anthropic_only": Note("report.anthropic_only", source=_ANTHROPIC),
    "thinking_budget": Note("report.thinking_budget", source=_ANTHROPIC),
    "responses_only": Note("report.responses_only", source=_RESPONSES),
    "expanded": Note("report.expanded", source=_RESPONSES),
    "raw_prompt": Note("report.raw_prompt", source=_DOCS),
    "raw_mode": Note("report.raw_mode", source=_DOCS),
    "suffix": Note("report.suffix", source=_DOCS, since="0.3.0"),
    "echo_done": Note("report.echo_done", source="OpenAI API reference, completions"),
    "legacy_logprobs": Note(
        "report.legacy_logprobs", source="OpenAI API reference, completions", since="0.12.11"
    ),
    "logprobs_implied": Note("report.logprobs_implied", source=_API, since="0.12.11"),
    "legacy_functions": Note("report.legacy_functions", source=_OPENAI),
    "choices": Note("report.choices", source=_COMPAT),
    "image_fetched": Note("report.image_fetched", source=_COMPAT),
    "embed_input": Note("report.embed_input", source=_DOCS),
    "embed_cut": Note("report.embed_cut", source=_DOCS, since="0.11.11"),
    "encoding": Note("report.encoding", source="OpenAI API reference, embeddings"),
    "unknown_kind": Note("report.unknown_kind"),
    "not_allowed": Note("report.not_allowed", source=_OPENAI),
    "allowed_tools": Note("report.allowed_tools", source=_OPENAI),
    "hosted_tool": Note("report.hosted_tool", source=_RESPONSES),
    "hosted_record": Note("report.hosted_record", source=_RESPONSES),
    "encrypted": Note("report.encrypted", source=_RESPONSES),
    "file_id": Note("report.file_id", source=_OPENAI),
    "file_bytes": Note("report.file_bytes", source=_ANTHROPIC),
    "as_text": Note("report.as_text", source=_ANTHROPIC),
    "text_tool": Note("report.text_tool", source=_RESPONSES),
    "tools_added": Note("report.tools_added", source=_RESPONSES),
    "thinking_shown": Note("report.thinking_shown"),
    "namespace": Note("report.namespace", source=_RESPONSES),
    "claude_only": Note("report.claude_only", source=_ANTHROPIC),
    "think_nearest": Note("report.think_nearest", source=_DOCS),
    "no_vision": Note("report.no_vision", source="Ollama server/routes.go"),
    "no_hearing": Note("report.no_hearing", source="Ollama server/routes.go"),
    "audio_native": Note("report.audio_native", source=_COMPAT),
}
