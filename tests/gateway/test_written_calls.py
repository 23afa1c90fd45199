"""Calls that a backend's model wrote as words, through the whole gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, NATIVE, gateway
from tests.support.scripted_backend import running

CALL = '```json\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n```'
TOOL = {"name": "get_weather", "input_schema": {"type": "object"}}
ASKED = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [TOOL],
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_they_are_calls_for_the_client(tmp_path: Path, kind: str, stream: bool) -> None:
    with running() as backend:
        pieces = [CALL[i : i + 7] for i in range(0, len(CALL), 7)]
        if kind == "openai":
            chunks: list[Any] = [{"choices": [{"delta": {"content": p}}]} for p in pieces]
            end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
            backend.events(COMPAT, [*chunks, end, "[DONE]"])
            whole = {"choices": [{"message": {"content": CALL}, "finish_reason": "stop"}]}
            if not stream:
                backend.json(COMPAT, whole)
        elif stream:
            lines = [{"message": {"content": p}, "done": False} for p in pieces]
            backend.lines(NATIVE, [*lines, DONE])
        else:
            backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": CALL}})
        base_url = backend.url + ("/v1" if kind == "openai" else "")
        config = f"""
model_list: [{{model_name: m, litellm_params: {{model: "{kind}/m", api_base: "{base_url}"}}}}]
"""
        with gateway(config, tmp_path) as base:
            answer = httpx.post(f"{base}/v1/messages", json={**ASKED, "stream": stream}, timeout=20)
    assert answer.status_code == 200, answer.text
    assert "```" not in answer.text
    assert '"stop_reason":"tool_use"' in answer.text
    if not stream:
        (block,) = answer.json()["content"]
        assert (block["type"], block["name"], block["input"]) == (
            "tool_use",
            "get_weather",
            {"city": "Rome"},
        )
        assert "calls_written" in answer.headers["x-diglot-emulated"]
    else:
        assert json.dumps('{"city":"Rome"}') in answer.text


OFFERED = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}],
}
TWO = CALL + '\n{"name": "get_weather", "arguments": {"city": "Lima"}}'
WORDS = "{ and } are braces."


def compatible(text: str, *, thought: str = "") -> list[Any]:
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    deltas = [{"role": "assistant", "content": ""}, *({"content": p} for p in pieces)]
    if thought:
        deltas.insert(1, {"reasoning_content": thought})
    chunks = [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": d}]} for d in deltas]
    end = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    return [*chunks, end, usage, "[DONE]"]


def streamed(text: str) -> list[dict[str, Any]]:
    lines = [line[6:] for line in text.split("\n") if line.startswith("data: {")]
    return [json.loads(line) for line in lines]


@pytest.fixture
def same(tmp_path: Path) -> Any:
    with running() as backend:
        config = f"""
model_list:
  - {{model_name: m, litellm_params: {{model: openai/m, api_base: "{backend.url}/v1"}}}}
  - {{model_name: n, litellm_params: {{model: ollama/n, api_base: "{backend.url}"}}}}
"""
        with gateway(config, tmp_path) as base:
            yield backend, base


@pytest.mark.parametrize(("text", "cities"), [(CALL, ["Rome"]), (TWO, ["Rome", "Lima"])])
@pytest.mark.parametrize("thought", ["", "hm"])
def test_a_stream_that_passes_as_bytes_has_them_too(
    same: Any, text: str, cities: list[str], thought: str
) -> None:
    backend, base = same
    backend.events(COMPAT, compatible(text, thought=thought))
    body = {**OFFERED, "stream": True, "stream_options": {"include_usage": True}}
    answer = httpx.post(f"{base}/v1/chat/completions", json=body, timeout=20)
    chunks = streamed(answer.text)
    deltas = [c["delta"] for chunk in chunks for c in chunk["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    given = [json.loads(call["function"]["arguments"]) for call in calls]
    assert given == [{"city": city} for city in cities]
    assert "".join(delta.get("content") or "" for delta in deltas) == ""
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == thought
    # A piece that passes as it came has what its server wrote.
    reasons = [c.get("finish_reason") for chunk in chunks for c in chunk["choices"]]
    assert [reason for reason in reasons if reason] == ["tool_calls"]
    assert chunks[-1]["usage"]["completion_tokens"] == 4
    assert answer.text.endswith("data: [DONE]\n\n")


def test_a_whole_answer_that_passes_as_bytes_has_them_too(same: Any) -> None:
    backend, base = same
    said = {"role": "assistant", "content": CALL}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    backend.json(COMPAT, {"id": "c", "model": "m", "choices": [choice]})
    answer = httpx.post(f"{base}/v1/chat/completions", json=OFFERED, timeout=20)
    (choice,) = answer.json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert answer.headers["x-diglot-emulated"] == "calls_written"


@pytest.mark.parametrize("stream", [False, True])
def test_so_has_ollamas_own(same: Any, stream: bool) -> None:
    backend, base = same
    if stream:
        told: list[Any] = [{"model": "n", "message": {"content": piece}, "done": False}
                           for piece in (CALL[:9], CALL[9:])]  # fmt: skip
        backend.lines(NATIVE, [*told, DONE])
    else:
        backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": CALL}})
    body = {**OFFERED, "model": "n", "stream": stream}
    answer = httpx.post(f"{base}/api/chat", json=body, timeout=20)
    lines: list[Any] = [json.loads(line) for line in answer.text.splitlines()]
    calls = [call for line in lines for call in line["message"].get("tool_calls", ())]
    assert [call["function"]["arguments"] for call in calls] == [{"city": "Rome"}]
    assert "".join(line["message"]["content"] for line in lines) == ""
    assert lines[-1]["done"] is True


@pytest.mark.parametrize("text", [WORDS, "It is warm.", '{"name": "other", "arguments": {}}'])
def test_every_other_stream_passes_byte_for_byte(same: Any, text: str) -> None:
    backend, base = same
    backend.events(COMPAT, compatible(text))
    given = {**OFFERED, "stream": True}
    answer = httpx.post(f"{base}/v1/chat/completions", json=given, timeout=20)
    bare = {**given, "tools": []}
    alone = httpx.post(f"{base}/v1/chat/completions", json=bare, timeout=20)
    assert answer.content == alone.content
    assert text == "".join(
        c["delta"].get("content") or "" for chunk in streamed(answer.text) for c in chunk["choices"]
    )


def test_who_asks_for_json_gets_what_the_model_wrote(same: Any) -> None:
    backend, base = same
    said = {"role": "assistant", "content": CALL}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    backend.json(COMPAT, {"id": "c", "model": "m", "choices": [choice]})
    for more in ({"response_format": {"type": "json_object"}}, {"tool_choice": "none"}):
        answer = httpx.post(f"{base}/v1/chat/completions", json={**OFFERED, **more}, timeout=20)
        assert answer.json()["choices"][0]["message"] == said


@pytest.mark.parametrize("stream", [False, True])
def test_the_report_says_so_where_bytes_passed(same: Any, stream: bool) -> None:
    backend, base = same
    if stream:
        backend.events(COMPAT, compatible(CALL))
    else:
        said = {"role": "assistant", "content": CALL}
        choice = {"index": 0, "message": said, "finish_reason": "stop"}
        backend.json(COMPAT, {"id": "c", "model": "m", "choices": [choice]})
    body = {**OFFERED, "stream": stream}
    answer = httpx.post(f"{base}/v1/chat/completions", json=body, timeout=20)
    identity = answer.headers["x-diglot-id"]
    report = httpx.get(f"{base}/diglot/exchanges/{identity}/report").json()
    for part in ("answer", "stream") if stream else ("answer",):
        # What the backend said and what the client was told are of one dialect.
        assert report[part]["source"] == report[part]["target"] == "openai"
        rows = [row for row in report[part]["rows"] if row["note"]["key"] == "answer.written_call"]
        assert [row["path"] for row in rows if row["path"]]
        assert any((row["target"] or "").endswith("function.arguments") for row in rows)


def test_its_history_is_told_in_its_own_words(same: Any) -> None:
    backend, base = same
    said = {"role": "assistant", "content": CALL}
    choice = {"index": 0, "message": said, "finish_reason": "stop"}
    backend.json(COMPAT, {"id": "c", "model": "m", "choices": [choice]})
    called = httpx.post(f"{base}/v1/chat/completions", json=OFFERED, timeout=20).json()
    call = called["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "31 degrees"}
    again = {**OFFERED, "messages": [*OFFERED["messages"], call, result]}
    answer = httpx.post(f"{base}/v1/chat/completions", json=again, timeout=20)
    assert answer.headers["x-diglot-emulated"].startswith("history_in_words")
    *_, told, fresh = backend.bodies(COMPAT)[-1]["messages"]
    assert told == {
        "role": "assistant",
        "content": '{"name": "get_weather", "arguments": {"city":"Rome"}}',
    }
    assert fresh["role"] == "user" and "get_weather: 31 degrees" in fresh["content"]
    # Other calls may follow.
    assert backend.bodies(COMPAT)[-1]["tools"] == OFFERED["tools"]


def test_a_history_of_calls_that_the_server_made_is_left_as_it_is(same: Any) -> None:
    backend, base = same
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    history = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "31"},
    ]
    asked = {**OFFERED, "messages": [*OFFERED["messages"], *history]}
    httpx.post(f"{base}/v1/chat/completions", json=asked, timeout=20)
    assert backend.bodies(COMPAT)[-1]["messages"] == asked["messages"]
