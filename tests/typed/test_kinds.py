"""Answers of every kind, held against the official packages' types: thinking, calls, logprobs,
cut ones and empty ones, from both kinds of backend, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.scripted_backend import Scripted
from tests.typed.faces import FACES, Face, records

pytestmark = pytest.mark.slow

CHATS = [face for face in FACES if face.ollama == "/api/chat"]
CALLS = [("c1", "f", {"a": 1, "名": "é"}), ("c2", "g", {})]
LOGPROBS = [{"token": "hi", "logprob": -0.1, "bytes": [104, 105]}]
COUNTS = {"prompt_eval_count": 3, "eval_count": 2}

# What was said: thinking, text, calls, logprobs, and why it ended.
KINDS: dict[str, tuple[str, str, list[Any], list[Any], str]] = {
    "thinking": ("hm", "hi", [], [], "stop"),
    "calls": ("", "", CALLS, [], "stop"),
    "text and calls": ("hm", "Let me see.", CALLS, [], "stop"),
    "logprobs": ("", "hi", [], LOGPROBS, "stop"),
    "cut": ("", "hi", [], [], "length"),
    "empty": ("", "", [], [], "stop"),
}


def native(kind: str) -> list[dict[str, Any]]:
    """The kind as Ollama streams it; the last line alone is the whole answer's frame."""
    thinking, text, calls, logprobs, reason = KINDS[kind]
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    lines: list[dict[str, Any]] = []

    def line(**said: Any) -> None:
        message = {"role": "assistant", "content": "", **said}
        lines.append({**head, "message": message, "done": False})

    if thinking:
        line(thinking=thinking)
    if text:
        line(content=text)
        if logprobs:
            lines[-1]["logprobs"] = logprobs
    if calls:
        line(tool_calls=_native_calls(calls))
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
    return [*lines, {**head, **end, **COUNTS}]


def _native_calls(calls: list[Any]) -> list[Any]:
    return [
        {"id": i, "function": {"index": n, "name": name, "arguments": arguments}}
        for n, (i, name, arguments) in enumerate(calls)
    ]


def native_whole(kind: str) -> dict[str, Any]:
    thinking, text, calls, logprobs, _ = KINDS[kind]
    message: dict[str, Any] = {"role": "assistant", "content": text}
    body = {**native(kind)[-1], "message": message}
    more = {"thinking": thinking, "tool_calls": _native_calls(calls)}
    message |= {key: value for key, value in more.items() if value}
    return {**body, "logprobs": logprobs} if logprobs else body


def compatible(kind: str) -> list[Any]:
    thinking, text, calls, logprobs, reason = KINDS[kind]
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": thinking}] if thinking else []
    deltas += [{"content": text}] if text else []
    for n, (i, name, arguments) in enumerate(calls):
        spelt = json.dumps(arguments, ensure_ascii=False)
        first = {"index": n, "id": i, "type": "function"}
        deltas.append({"tool_calls": [{**first, "function": {"name": name, "arguments": ""}}]})
        deltas.append({"tool_calls": [{"index": n, "function": {"arguments": spelt}}]})
    events: list[Any] = []
    for delta in deltas:
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": None}
        if logprobs and delta.get("content"):
            choice["logprobs"] = {"content": logprobs}
        events.append({**head, "choices": [choice]})
    why = "tool_calls" if calls else reason
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    events.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": why}]})
    return [*events, {**head, "choices": [], "usage": usage}, "[DONE]"]


def compatible_whole(kind: str) -> dict[str, Any]:
    thinking, text, calls, logprobs, reason = KINDS[kind]
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thinking:
        message["reasoning_content"] = thinking
    if calls:
        message["tool_calls"] = [
            {
                "id": i,
                "type": "function",
                "function": {"name": n, "arguments": json.dumps(a, ensure_ascii=False)},
            }
            for i, n, a in calls
        ]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if calls else reason,
        "logprobs": {"content": logprobs} if logprobs else None,
    }
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice], "usage": usage}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("source", ["ollama", "openai"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("face", CHATS, ids=lambda face: face.path)
def test_it_parses(
    url: str, backend: Scripted, face: Face, kind: str, source: str, stream: bool
) -> None:
    # Same dialects pass each other's bytes through: those are the server's own.
    if source == "ollama":
        whole, pieces = native_whole(kind), native(kind)
        backend.lines("/api/chat", pieces) if stream else backend.json("/api/chat", whole)
    else:
        path = "/v1/chat/completions"
        if stream:
            backend.events(path, compatible(kind))
        else:
            backend.json(path, compatible_whole(kind))
    body = {"model": source, **face.body, "stream": stream}
    answer = httpx.post(url + face.path, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    thinking, text, calls, *_ = KINDS[kind]
    same = (source == "openai") == (face.path == "/v1/chat/completions")
    if same and face.path in ("/v1/chat/completions", "/api/chat"):
        return
    if stream:
        events = [face.check_event(record) for record in records(answer.content)]
        said = json.dumps(events, ensure_ascii=False)
    else:
        said = json.dumps(face.check_whole(answer.content), ensure_ascii=False)
    assert text in said and thinking in said
    for identity, name, _ in calls:
        assert f'"{identity}"' in said and f'"{name}"' in said
