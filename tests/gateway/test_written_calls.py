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
