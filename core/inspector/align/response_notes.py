"""The reasons why an answer, an error or a header differs in another dialect."""

from __future__ import annotations

from core.note import notes

_COMPAT = "Ollama openai/openai.go"
_OPENAI = "OpenAI API reference, chat completions"

ANSWER_NOTES = notes(
    "answer",
    {
        "": """kept renamed form not_carried no_place made empty alias several part content joined
            duration_measured unknown added stream_state said_again empty_chunk own_error
            content_type own_header secret_header transport""",
        "Ollama api/types.go": "created empty_content call_id arguments logprobs zero",
        _OPENAI: """id constant position total_tokens token_details refusal
            done_mark usage_not_asked""",
        _COMPAT: """thinking reason prompt_tokens completion_tokens fingerprint
            error_text error_kind""",
        "Ollama docs/api.md": "done durations context vector stream_type event_name",
        "llama.cpp tools/server/README.md": "durations_read",
        "OpenAI API reference, responses": "echoed call_kind",
        "Anthropic API reference, messages": "cached_apart signature",
        "Diglot": "written_call other_request summed",
    },
    since={
        "0.9.0": "thinking",
        "0.12.10": "call_id",
        "0.12.11": "logprobs",
    },
)
