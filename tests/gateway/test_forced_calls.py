"""A forced call of a tool that nobody offers: refused, not answered without any tool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import DONE, HELLO, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

SCHEMA = {"type": "object", "properties": {}}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
WEB = {"type": "web_search_20250305", "name": "web_search"}
UNKNOWN: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "messages": HELLO, "tools": [FUNCTION],
        "tool_choice": {"type": "function", "function": {"name": "g"}},
    },
    "/v1/messages": {
        "max_tokens": 9, "messages": HELLO, "tools": [{"name": "f", "input_schema": SCHEMA}],
        "tool_choice": {"type": "tool", "name": "g"},
    },
    "/v1/responses": {
        "input": "hi", "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
        "tool_choice": {"type": "function", "name": "g"},
    },
}  # fmt: skip


@pytest.fixture(params=[["completion", "tools"], ["completion"]], ids=["tools", "no tools"])
def backend(request: pytest.FixtureRequest) -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/show", {"capabilities": request.param})
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    base = f"litellm_params: {{model: ollama/m, api_base: {backend.url}}}"
    with gateway(f"model_list: [{{model_name: m, {base}}}]\n", tmp_path) as gate:
        yield gate


def test_the_name_of_no_tool_is_refused(url: str, backend: Scripted) -> None:
    for path, body in UNKNOWN.items():
        answer = httpx.post(url + path, json={"model": "m", **body}, timeout=20)
        assert answer.status_code == 400, (path, answer.text)
        assert "'g', which is none of the tools" in answer.text
    assert backend.bodies(NATIVE) == []


def test_one_that_is_left_out_cannot_be_forced_and_that_is_said(url: str) -> None:
    body = {
        **UNKNOWN["/v1/messages"], "tools": [{"name": "f", "input_schema": SCHEMA}, WEB],
        "tool_choice": {"type": "tool", "name": "web_search"},
    }  # fmt: skip
    answer = httpx.post(f"{url}/v1/messages", json={"model": "m", **body}, timeout=20)
    assert answer.status_code == 200, answer.text
    dropped = answer.headers["x-diglot-dropped"].split(",")
    assert "tools[1]" in dropped and "tool_choice.name" in dropped
