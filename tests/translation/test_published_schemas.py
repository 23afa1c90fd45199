"""What every vector answers, whole or streamed, against the types that its API publishes.

The types are those of the packages ``openai``, ``anthropic`` and ``ollama``, made from the
documents that describe each API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ollama
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import TypeAdapter

from core.gateway.endpoints.responses import numbered
from core.translation.dialects.openai.responses.dialect import dump_frame
from core.translation.stamp import Stamp

# Loading the packages takes longer than looking at them.
pytestmark = pytest.mark.slow

VECTORS = Path(__file__).parent.parent / "vectors"
WHOLE: dict[str, TypeAdapter[Any]] = {
    "openai": TypeAdapter(ChatCompletion),
    "completions": TypeAdapter(Completion),
    "responses": TypeAdapter(Response),
    "anthropic": TypeAdapter(Message),
    "ollama": TypeAdapter(ollama.ChatResponse),
    "generate": TypeAdapter(ollama.GenerateResponse),
}
PIECES: dict[str, TypeAdapter[Any]] = {
    **WHOLE,
    "openai": TypeAdapter(ChatCompletionChunk),
    "responses": TypeAdapter(ResponseStreamEvent),
    "anthropic": TypeAdapter(RawMessageStreamEvent),
}
ERRORS = ("error", "response.failed")

# What OpenAI's document and the Open Responses one require of every response, if only as null.
REQUIRED = {
    "background", "completed_at", "created_at", "error", "frequency_penalty", "id",
    "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "metadata",
    "model", "object", "output", "parallel_tool_calls", "presence_penalty",
    "previous_response_id", "prompt_cache_key", "reasoning", "safety_identifier", "service_tier",
    "status", "store", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p",
    "truncation", "usage",
}  # fmt: skip
NUMBERS = ("temperature", "top_p", "presence_penalty", "frequency_penalty")


def whole() -> list[Path]:
    return sorted((VECTORS / "responses").rglob("*.json"))


def streams() -> list[Path]:
    return sorted((VECTORS / "streams").rglob("case.json"))


def records(path: Path) -> Iterator[Any]:
    """Yield the bodies of an expected stream."""
    for line in path.read_text("utf-8").split("\n"):
        text = line.removeprefix("data:").strip()
        if line.startswith(("data:", "{")) and text != "[DONE]":
            yield json.loads(text)


def as_typed(target: str, body: Any) -> Any:
    """Return a piece of a stream as its type has it, where OpenAI's own servers differ from that.

    They end a choice of completions in the last piece alone, and say codes beyond the list, such
    as context_length_exceeded, on which clients act.
    """
    if target == "completions":
        ended = [{**choice, "finish_reason": "stop"} for choice in body.get("choices", ())]
        return {**body, "choices": ended}
    error = body.get("response", {}).get("error") if target == "responses" else None
    if error:
        failed = {**body["response"], "error": {**error, "code": "server_error"}}
        return {**body, "response": failed}
    return body


@pytest.mark.parametrize("path", whole(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_answers_are_as_published(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    WHOLE[case["target"]].validate_python(case["expected"])
    if case["target"] == "responses":
        assert case["expected"].keys() >= REQUIRED


@pytest.mark.parametrize("path", streams(), ids=lambda p: f"{p.parts[-3]}/{p.parts[-2]}")
def test_streams_are_as_published(path: Path) -> None:
    target = json.loads(path.read_text("utf-8"))["target"]
    for body in records(next(path.parent.glob("expected.*"))):
        if "error" in body and body.get("type", "error") in ERRORS:
            continue
        PIECES[target].validate_python(as_typed(target, body))
        if "response" in body and target == "responses":
            assert body["response"].keys() >= REQUIRED


def test_a_response_repeats_what_was_asked_in_full() -> None:
    tool = {"type": "function", "name": "f"}
    asked = {"tools": [tool], "text": {"verbosity": "low"}, "reasoning": {"effort": "low"}}
    frame = dump_frame(Stamp(id="1", created=0, model="m", asked=asked))
    assert frame["tools"] == [{**tool, "description": None, "parameters": None, "strict": False}]
    assert frame["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert frame["reasoning"] == {"effort": "low", "summary": None}
    assert all(isinstance(frame[name], float) for name in NUMBERS)
    assert frame["completed_at"] is None
    WHOLE["responses"].validate_python(frame)


def test_input_items_are_as_published() -> None:
    items = numbered(
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "ok"},
        ],
        "1",
    )
    page = {"object": "list", "data": items, "has_more": False}
    page |= {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
    TypeAdapter(ResponseItemList).validate_python(page)
