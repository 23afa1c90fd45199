"""Why an answer, an error or a header reads otherwise in another dialect."""

from __future__ import annotations

from core.note import Note

__all__ = ["ANSWER_NOTES"]

_API = "Ollama api/types.go"
_DOCS = "Ollama docs/api.md"
_COMPAT = "Ollama openai/openai.go"
_OPENAI = "OpenAI API reference, chat completions"

ANSWER_NOTES: dict[str, Note] = {
    "kept": Note("answer.kept"),
    "renamed": Note("answer.renamed"),
    "created": Note("answer.created", source=_API),
    "id": Note("answer.id", source=_OPENAI),
    "constant": Note("answer.constant", source=_OPENAI),
    "position": Note("answer.position", source=_OPENAI),
    "content": Note("answer.content"),
    "joined": Note("answer.joined"),
    "empty_content": Note("answer.empty_content", source=_API),
    "thinking": Note("answer.thinking", source=_COMPAT, since="0.9.0"),
    "done": Note("answer.done", source=_DOCS),
    "reason": Note("answer.reason", source=_COMPAT),
    "call_id": Note("answer.call_id", source=_API, since="0.12.10"),
    "arguments": Note("answer.arguments", source=_API),
    "prompt_tokens": Note("answer.prompt_tokens", source=_COMPAT),
    "completion_tokens": Note("answer.completion_tokens", source=_COMPAT),
    "total_tokens": Note("answer.total_tokens", source=_OPENAI),
    "token_details": Note("answer.token_details", source=_OPENAI),
    "durations": Note("answer.durations", source=_DOCS),
    "durations_read": Note("answer.durations_read", source="llama.cpp tools/server/README.md"),
    "duration_measured": Note("answer.duration_measured"),
    "logprobs": Note("answer.logprobs", source=_API, since="0.12.11"),
    "refusal": Note("answer.refusal", source=_OPENAI),
    "fingerprint": Note("answer.fingerprint", source=_COMPAT),
    "context": Note("answer.context", source=_DOCS),
    "echoed": Note("answer.echoed", source="OpenAI API reference, responses"),
    "unknown": Note("answer.unknown"),
    "added": Note("answer.added"),
    "error_text": Note("answer.error_text", source=_COMPAT),
    "error_kind": Note("answer.error_kind", source=_COMPAT),
    "vector": Note("answer.vector", source=_DOCS),
    "stream_type": Note("answer.stream_type", source=_DOCS),
    "event_name": Note("answer.event_name", source=_DOCS),
    "done_mark": Note("answer.done_mark", source=_OPENAI),
    "stream_state": Note("answer.stream_state"),
    "said_again": Note("answer.said_again"),
    "usage_not_asked": Note("answer.usage_not_asked", source=_OPENAI),
    "empty_chunk": Note("answer.empty_chunk"),
    "own_header": Note("answer.own_header"),
    "secret_header": Note("answer.secret_header"),
    "transport": Note("answer.transport"),
}
