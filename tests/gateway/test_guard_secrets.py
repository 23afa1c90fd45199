"""Canaries: keys that are sent everywhere must come out nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE
from tests.gateway.test_sight import process
from tests.support.scripted_backend import Said, Scripted, running

MASTER = "sk-canary-master-4d3c2b1a0f9e"
CLIENT = "plain-canary-of-a-client-without-a-prefix"
BACKEND = "plain-canary-of-a-backend-without-a-prefix"
CANARIES = (MASTER, CLIENT, BACKEND)

CONFIG = """
model_list:
  - {{model_name: good, litellm_params: {{model: ollama/m, api_base: "{url}", api_key: {backend}}}}}
  - model_name: bad
    litellm_params: {{model: openai/m, api_base: "{url}/v1", api_key: {backend}}}
  - {{model_name: gone, litellm_params: {{model: ollama/m, api_base: "http://127.0.0.1:9"}}}}
general_settings: {{master_key: {master}}}
diglot:
  keys: [{{name: shop, key: {client}}}]
  captures: {{folder: captures}}
"""


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        # Some servers say in their error which key was wrong.
        echo = {"error": {"message": f"Incorrect API key provided: {BACKEND}", "code": "bad_key"}}
        scripted.says(COMPAT, Said([json.dumps(echo).encode()], status=401))
        yield scripted


@pytest.mark.slow
def test_no_key_comes_out_anywhere(backend: Scripted, tmp_path: Path) -> None:
    config = CONFIG.format(url=backend.url, backend=BACKEND, master=MASTER, client=CLIENT)
    seen: list[str] = []

    def look(answer: httpx.Response) -> None:
        seen.append(f"{answer.status_code} {answer.headers} {answer.text}")

    with process(tmp_path, backend, "--log", "json", text=config) as (url, log):
        for key in (CLIENT, MASTER):
            for header in ("api-key", "x-api-key", "authorization"):
                value = f"Bearer {key}" if header == "authorization" else key
                for model in ("good", "bad", "gone", "none"):
                    for path in (COMPAT, NATIVE, "/v1/messages", "/v1/responses"):
                        body: dict[str, Any] = {"model": model, "messages": HELLO, "max_tokens": 9,
                                                "input": "x", "stream": path == NATIVE}  # fmt: skip
                        look(httpx.post(url + path, json=body, headers={header: value}))
        # Wrong by one letter: not even the wrong one is said back.
        for path in (COMPAT, NATIVE, "/v1/messages", "/mcp", "/metrics"):
            look(httpx.post(url + path, json={}, headers={"api-key": CLIENT + "x"}))
            look(httpx.post(f"{url}{path}?key={CLIENT}", json={}))
        for path in ("/metrics", "/health", "/model/info", "/v1/models", "/openapi.json", "/docs"):
            look(httpx.get(url + path, headers={"api-key": MASTER}))
    shown = {"answers": "\n".join(seen), "log": log.read_text("utf-8")}
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "config.yaml":
            shown[str(file)] = file.read_text("utf-8", "replace")
    assert any("captures" in name for name in shown)
    for name, text in shown.items():
        for canary in CANARIES:
            assert canary not in text, f"{canary} in {name}: {_around(text, canary)}"


async def test_no_exchange_holds_a_key_and_none_is_anothers(backend: Scripted) -> None:
    fleet = Fleet(None, environ={"OLLAMA_HOST": backend.url, "OLLAMA_API_KEY": BACKEND})
    headers = [(b"authorization", f"Bearer {CLIENT}".encode()), (b"cookie", CLIENT.encode()),
               (b"x-custom", CLIENT.encode())]  # fmt: skip
    async with fleet:
        body = json.dumps({"model": "m", "messages": HELLO}).encode()
        await fleet.answer("openai", body, AskOptions(owner="key:shop", headers=headers))
        (exchange,) = fleet.log.newest(owner="key:shop")
        assert fleet.log.newest(owner="key:other") == fleet.log.newest(owner="") == []
        assert fleet.log.get(exchange.id, owner="key:other") is None
        wires = (exchange.client, *exchange.backend)
        kept = repr([(w.headers, w.answered, w.request, w.response) for w in wires])
        kept += repr(exchange.snippets("http://localhost"))
        for canary in CANARIES:
            assert canary not in kept


def _around(text: str, canary: str) -> str:
    at = text.index(canary)
    return text[max(at - 200, 0) : at]
