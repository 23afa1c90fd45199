"""What every way of a request has in common, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, post
from tests.support.scripted_backend import Said, Scripted, running

MANY = {f"key_{number}": 1 for number in range(900)}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    config = f"""
model_list:
  - model_name: native
    litellm_params: {{model: ollama/m, api_base: {backend.url}}}
  - model_name: compat
    litellm_params: {{model: openai/m, api_base: {backend.url}/v1}}
"""
    with gateway(config, tmp_path) as base:
        yield base


def test_the_list_of_what_was_dropped_has_an_end_on_every_way(url: str, backend: Scripted) -> None:
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
    backend.json("/api/embed", {"model": "m", "embeddings": [[1.0]], "prompt_eval_count": 1})
    for answer in (
        post(url + COMPAT, {"model": "native", "messages": HELLO, **MANY}),
        post(f"{url}/v1/embeddings", {"model": "native", "input": "x", **MANY}),
    ):
        assert answer.status_code == 200
        assert len(answer.headers["x-diglot-dropped"]) == 2000


def test_a_part_that_only_the_backend_knows_reaches_it(url: str, backend: Scripted) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}}
    backend.json(COMPAT, {"model": "m", "choices": [choice]})
    messages = [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "v"}}]}]
    answer = post(url + COMPAT, {"model": "compat", "messages": messages, "odd": {"a": [1]}})
    assert answer.status_code == 200
    assert answer.json()["model"] == "compat"


def test_a_server_without_streams_gives_a_stream_all_the_same(url: str, backend: Scripted) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}}
    backend.json(COMPAT, {"model": "m", "choices": [{**choice, "finish_reason": "stop"}]})
    for path in (COMPAT, NATIVE, "/v1/messages"):
        body = {"model": "compat", "messages": HELLO, "max_tokens": 9, "stream": True}
        answer: httpx.Response = post(url + path, body)
        assert answer.headers["content-type"].split(";")[0] != "application/json"
        assert "hello" in answer.text


def test_an_error_of_a_server_without_streams_keeps_its_words(url: str, backend: Scripted) -> None:
    backend.says(COMPAT, Said([b'{"error":"Unexpected endpoint"}'], 200, "application/json"))
    body = {"model": "compat", "messages": HELLO, "max_tokens": 9, "stream": True}
    answer = post(f"{url}/v1/messages", body)
    assert (answer.status_code, "Unexpected endpoint" in answer.text) == (502, True)
