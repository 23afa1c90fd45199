"""What providers and deployments change in requests, and what is said of those not served."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backends.calls.provider_rules import fit_to_provider
from core.config.config import parse_config
from tests.gateway.test_app import COMPAT, HELLO, NATIVE, gateway, post
from tests.support.scripted_backend import Scripted, running

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
WHOLE = {"model": "m", "choices": [CHOICE]}
CALL = {"id": "call_0123456789abcdef", "type": "function", "function": {"name": "f",
        "arguments": "{}"}}  # fmt: skip
HISTORY = [
    *HELLO,
    {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "Abc123xyZ"}]},
    {"role": "tool", "tool_call_id": CALL["id"], "content": "1"},
    {"role": "tool", "tool_call_id": "Abc123xyZ", "content": "2"},
]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    config = f"""
model_list:
  - model_name: local
    litellm_params: {{model: openai/m, api_base: {backend.url}/v1, extra_body: {{top_a: 1}}}}
  - model_name: mistral
    litellm_params: {{model: mistral/m, api_base: {backend.url}/v1, api_key: k}}
  - model_name: azure
    litellm_params: {{model: azure/dep, api_base: {backend.url}, api_key: azure-key-0123456789,
      api_version: 2024-10-21}}
  - model_name: four
    litellm_params: {{model: openai/m, api_base: {backend.url}/api/paas/v4}}
  - model_name: cloud
    litellm_params: {{model: bedrock/claude, aws_region_name: eu}}
  - model_name: covered
    litellm_params: {{model: bedrock/claude}}
  - model_name: "p/*"
    litellm_params: {{model: "perplexity/*"}}
router_settings: {{fallbacks: [{{covered: [local]}}]}}
"""
    with gateway(config, tmp_path) as base:
        yield base


def ask(url: str, model: str, **more: Any) -> httpx.Response:
    return post(url + COMPAT, {"model": model, "messages": HELLO, **more})


def test_extra_body_is_in_every_request_on_every_way(url: str, backend: Scripted) -> None:
    backend.json(COMPAT, WHOLE)
    assert ask(url, "local").status_code == 200
    assert ask(url, "local", tools=TOOLS, top_a=2).status_code == 200
    assert post(url + NATIVE, {"model": "local", "messages": HELLO, "stream": False})
    assert [body["top_a"] for body in backend.bodies(COMPAT)] == [1, 1, 1]


def test_mistral_gets_ids_that_it_takes(url: str, backend: Scripted) -> None:
    backend.json(COMPAT, WHOLE)
    for _ in range(2):
        assert ask(url, "mistral", messages=HISTORY, tools=TOOLS).status_code == 200
    first, second = (body["messages"] for body in backend.bodies(COMPAT))
    assert first == second
    ids = [call["id"] for call in first[1]["tool_calls"]]
    assert ids == [message["tool_call_id"] for message in first[2:]]
    assert ids[1] == "Abc123xyZ" and re.fullmatch("[a-zA-Z0-9]{9}", ids[0])


def test_azure_is_asked_at_its_deployment_with_its_own_header(url: str, backend: Scripted) -> None:
    path = "/openai/deployments/dep/chat/completions?api-version=2024-10-21"
    backend.json(path, WHOLE)
    assert ask(url, "azure").status_code == 200
    (head,) = (head for head in backend.heads if path in head)
    assert "\r\napi-key: azure-key-0123456789\r\n" in head
    assert "authorization" not in head.lower()


def test_an_address_with_another_version_is_whole(url: str, backend: Scripted) -> None:
    backend.json("/api/paas/v4/chat/completions", WHOLE)
    assert ask(url, "four").status_code == 200


def test_a_model_that_is_not_served_says_why_in_every_dialect(url: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        COMPAT: {"messages": HELLO},
        "/v1/messages": {"messages": HELLO, "max_tokens": 1},
        NATIVE: {"messages": HELLO},
        "/api/generate": {"prompt": "x"},
        "/v1/responses": {"input": "x"},
        "/v1/embeddings": {"input": "x"},
    }
    for path, body in bodies.items():
        answer = post(url + path, {"model": "cloud", **body})
        assert answer.status_code == 404
        said = answer.json()["error"]
        text = said if isinstance(said, str) else said["message"]
        assert "not served here: Diglot does not speak to bedrock" in text
    assert "has no key" in ask(url, "p/sonar").json()["error"]["message"]
    assert "cloud" not in json.dumps(httpx.get(f"{url}/v1/models").json())
    unhealthy = httpx.get(f"{url}/health").json()["unhealthy_endpoints"]
    assert any("cloud is not served" in entry["error"] for entry in unhealthy)


def test_what_is_not_served_has_its_fallback(url: str, backend: Scripted) -> None:
    backend.json(COMPAT, WHOLE)
    assert ask(url, "covered").json()["model"] == "covered"


def test_other_bodies_stay_as_they_are() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: mistral/m, api_key: k}}]"
    (deployment,) = parse_config(text, environ={}).deployments
    for body in ({"input": "x"}, {"messages": "odd"}, {"messages": [1, {"tool_calls": [2]}]}):
        data = json.dumps(body).encode()
        assert fit_to_provider(data, deployment) is data
