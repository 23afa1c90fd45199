"""Why a translation did what it did, one sentence each.

A note is data: the report carries it, the pages show it, nobody computes with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.note import notes

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

NOTES = notes(
    "report",
    {
        "": """kept empty renamed retyped unsent added emulated unwanted inserted stream_replayed
            thinking_off seed_each system_field call_left_out tools_left_out summary_left_out
            schema_unused side_settings side_messages kind_of_lost role_function effort_unused
            empty_message top_level choice_form superseded neutral required_there unknown
            wrong_kind implied deployment_default model_alias unknown_kind thinking_shown
            tool_form client_tool""",
        _OPENAI: """bookkeeping refusal null no_openai tool_call_id_found tool_call_id_made
            tool_type usage_asked legacy_functions not_allowed allowed_tools file_id""",
        _DOCS: """running format_strict options stream_default usage_always
            joined_prompt legacy_context raw_prompt raw_mode suffix embed_input embed_cut
            think_nearest""",
        _API: """role_case reasoning no_native max_tokens unlimited stop_list think arguments image
            parts tool_name participant logprobs_implied""",
        "Ollama server/routes.go": "think_relaxed no_vision no_hearing",
        _COMPAT: """format format_name format_description detail developer
            tool_name_found strict_tool tool_choice_native choices image_fetched audio_native""",
        "Ollama issue 8421": "tool_choice_emulated",
        "Diglot": "calls_written history_in_words call_in_words",
        "Ollama server/routes.go: does not support tools": "tools_emulated history_flattened",
        _ANTHROPIC: """blocks is_error anthropic_only thinking_budget file_bytes
            as_text claude_only""",
        _RESPONSES: """items responses_only expanded hosted_tool hosted_record encrypted text_tool
            tools_added namespace""",
        "OpenAI API reference, completions": "echo_done legacy_logprobs",
        "OpenAI API reference, embeddings": "encoding",
    },
    since={
        "0.3.0": "suffix",
        "0.5.0": "format_strict format format_name format_description",
        "0.9.0": "reasoning think think_relaxed",
        "0.9.6": "tool_name",
        "0.11.11": "embed_cut",
        "0.12.11": "tool_name_found legacy_logprobs logprobs_implied",
        "0.13.3": "items",
        "0.14.0": "blocks",
    },
)
