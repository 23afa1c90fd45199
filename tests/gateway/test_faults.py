"""Known faults of servers between the two dialects, which this one does not have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, word
from tests.support.scripted_backend import PLAIN, Said, Scripted, running

COUNT = "/v1/messages/count_tokens"
TAGS = {
    "models": [
        {"name": "a:latest", "model": "a:latest", "modified_at": "2026-01-02T03:04:05.123456789Z"},
        {"name": "ns/b:7b", "model": "ns/b:7b", "modified_at": "2026-01-02T05:04:05+02:00"},
        {"name": "c:1b", "model": "c:1b", "modified_at": "0001-01-01T00:00:00Z"},
    ]
}
SAID = {**DONE, "message": {"role": "assistant", "content": "hello"}}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/tags", TAGS)
        scripted.json(NATIVE, SAID)
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    config = f"""
model_list:
  - model_name: "*"
    litellm_params: {{model: "ollama/*", api_base: {backend.url}, api_key: sk-of-the-backend}}
"""
    with gateway(config, tmp_path) as base:
        yield base


def post(url: str, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(url + path, json=body, headers=headers, timeout=20)


def test_a_wildcard_lists_what_is_there(url: str) -> None:
    listed = httpx.get(f"{url}/v1/models").json()["data"]
    assert [model["id"] for model in listed] == ["a:latest", "ns/b:7b", "c:1b"]
    assert [model["owned_by"] for model in listed] == ["library", "ns", "library"]


def test_times_of_models_are_read(url: str) -> None:
    listed = httpx.get(f"{url}/v1/models").json()["data"]
    assert [model["created"] for model in listed] == [1767323045, 1767323045, 0]


@pytest.mark.parametrize("name", ["ns/b:7b", "ns%2Fb:7b", "a"])
def test_a_model_whose_name_holds_a_slash(url: str, name: str) -> None:
    answer = httpx.get(f"{url}/v1/models/{name}")
    assert answer.status_code == 200
    assert answer.json()["id"] == name.replace("%2F", "/")


def test_no_models_are_an_empty_list(url: str, backend: Scripted) -> None:
    backend.json("/api/tags", {"models": None})
    assert httpx.get(f"{url}/v1/models").json() == {"object": "list", "data": []}
    assert httpx.get(f"{url}/api/tags").json() == {"models": []}


def test_health_asks_no_model(url: str, backend: Scripted) -> None:
    before = len(backend.asked)
    for path in ("/health/liveliness", "/health/liveness"):
        assert httpx.get(url + path).status_code == 200
    assert len(backend.asked) == before


@pytest.mark.parametrize(
    ("path", "kind"),
    [(COMPAT, "text/event-stream"), (NATIVE, "application/x-ndjson"),
     ("/v1/messages", "text/event-stream"), ("/v1/responses", "text/event-stream")],
)  # fmt: skip
def test_streams_are_marked_as_such(url: str, backend: Scripted, path: str, kind: str) -> None:
    backend.lines(NATIVE, [word("he"), word("llo"), DONE])
    body = {"model": "a", "messages": HELLO, "input": "hi", "max_tokens": 5, "stream": True}
    answer = post(url, path, body)
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"


def test_no_header_of_the_client_reaches_the_backend(url: str, backend: Scripted) -> None:
    own = {"authorization": "Bearer sk-of-the-client", "x-own": "1", "cookie": "a=b"}
    post(url, COMPAT, {"model": "a", "messages": HELLO}, **own)
    head = next(head for head in backend.heads if f"POST {NATIVE}" in head).lower()
    assert f"host: {backend.url.removeprefix('http://')}" in head
    assert "sk-of-the-backend" in head
    assert not any(word in head for word in ("sk-of-the-client", "x-own", "cookie"))


def test_a_cloud_model_is_a_model(url: str, backend: Scripted) -> None:
    answer = post(url, COMPAT, {"model": "gpt-oss:120b-cloud", "messages": HELLO})
    assert answer.json()["choices"][0]["message"]["content"] == "hello"
    assert backend.bodies(NATIVE)[0]["model"] == "gpt-oss:120b-cloud"


def test_tokens_are_counted(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("h"), {**DONE, "prompt_eval_count": 42}])
    answer = post(url, COUNT, {"model": "a", "messages": HELLO})
    assert answer.json() == {"input_tokens": 42}
    assert backend.bodies(NATIVE)[0]["options"] == {"num_predict": 1}


def test_a_count_says_what_of_the_request_the_model_is_not_told(
    url: str, backend: Scripted
) -> None:
    backend.lines(NATIVE, [word("h"), {**DONE, "prompt_eval_count": 42}])
    asked = {"model": "a", "messages": HELLO, "mood": "good"}
    counted = post(url, COUNT, asked)
    answered = post(url, "/v1/messages", {**asked, "max_tokens": 5, "stream": True})
    assert (counted.status_code, counted.json()) == (200, {"input_tokens": 42})
    assert counted.headers["x-diglot-dropped"] == answered.headers["x-diglot-dropped"] == "mood"
    refused = post(url, COUNT, asked, **{"x-diglot-strict": "1"})
    assert (refused.status_code, len(backend.bodies(NATIVE))) == (400, 2)
    assert "mood" in refused.json()["error"]["message"]


def test_tools_that_a_model_has_not_learnt_are_not_counted_and_said(
    url: str, backend: Scripted
) -> None:
    backend.json("/api/show", PLAIN)
    backend.lines(NATIVE, [word("h"), {**DONE, "prompt_eval_count": 42}])
    tools = [{"name": "look", "input_schema": {"type": "object", "properties": {}}}]
    for choice in ({"type": "any"}, {"type": "auto"}):
        asked = {"model": "a", "messages": HELLO, "tools": tools, "tool_choice": choice}
        counted = post(url, COUNT, asked)
        assert counted.json() == {"input_tokens": 42}
        assert "tools[0].name" in counted.headers["x-diglot-dropped"]
    # One question each: nothing is asked aside, as for an answer.
    assert ["tools" in body for body in backend.bodies(NATIVE)] == [False, False]


def test_a_server_that_does_not_count_is_not_said_to_have_read_nothing(
    url: str, backend: Scripted
) -> None:
    backend.lines(NATIVE, [word("h"), {"model": "m", "done": True, "done_reason": "stop"}])
    answer = post(url, COUNT, {"model": "a", "messages": HELLO})
    assert answer.status_code == 502
    assert "does not count" in answer.json()["error"]["message"]


def test_errors_are_in_the_words_of_anthropics_api(url: str, backend: Scripted) -> None:
    backend.json(NATIVE, {"error": "slow down"}, status=429)
    answer = post(url, "/v1/messages", {"model": "a", "max_tokens": 5, "messages": HELLO})
    assert answer.status_code == 429
    body = answer.json()
    assert body["type"] == "error"
    assert body["error"] == {"type": "rate_limit_error", "message": "slow down"}


def test_progress_is_passed_on_as_it_comes(url: str, backend: Scripted) -> None:
    lines = [{"status": "pulling", "completed": n, "total": 3} for n in range(3)]
    backend.lines("/api/pull", [*lines, {"status": "success"}])
    with httpx.stream("POST", f"{url}/api/pull", json={"model": "a"}) as answer:
        got = [json.loads(line) for line in answer.iter_lines()]
    assert got == [*lines, {"status": "success"}]


def test_models_need_an_ollama_to_be_managed(tmp_path: Path) -> None:
    config = """
model_list:
  - model_name: far
    litellm_params: {model: openai/gpt, api_base: "http://127.0.0.1:9/v1"}
"""
    with gateway(config, tmp_path) as base:
        answer = post(base, "/api/pull", {"model": "a"})
    assert answer.status_code == 501
    assert "Ollama" in answer.json()["error"]


# Several answers to one request ---------------------------------------------------------------


def test_several_answers_are_asked_for_one_by_one(url: str, backend: Scripted) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        answer = client.chat.completions.create(
            model="a", messages=[{"role": "user", "content": "hi"}], n=3, seed=5
        )
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert sorted(body["options"]["seed"] for body in backend.bodies(NATIVE)) == [5, 6, 7]
    assert all("n" not in body for body in backend.bodies(NATIVE))
    # The input is shared, and counted once.
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 6)


def test_several_answers_in_one_stream(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("he"), word("llo"), DONE])
    with OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        chunks = list(
            client.chat.completions.create(
                model="a",
                messages=[{"role": "user", "content": "hi"}],
                n=2,
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    said = {0: "", 1: ""}
    for chunk in chunks:
        for choice in chunk.choices:
            said[choice.index] += choice.delta.content or ""
    assert said == {0: "hello", 1: "hello"}
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert [(u.prompt_tokens, u.completion_tokens) for u in usages] == [(3, 4)]
    assert len({chunk.id for chunk in chunks}) == 1


def test_an_error_in_one_of_several_ends_all(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("he"), {"error": "crashed"}])
    answer = post(url, COMPAT, {"model": "a", "messages": HELLO, "n": 2, "stream": True})
    assert answer.text.count("crashed") == 1
    assert "[DONE]" not in answer.text


@pytest.mark.parametrize("n", [0, -1, "two"])
def test_a_number_of_answers_that_is_none_is_one_as_with_ollama(url: str, n: Any) -> None:
    answer = post(url, COMPAT, {"model": "a", "messages": HELLO, "n": n})
    assert answer.status_code == 200
    assert len(answer.json()["choices"]) == 1


def test_too_many_answers_are_refused(url: str, backend: Scripted) -> None:
    answer = post(url, COMPAT, {"model": "a", "messages": HELLO, "n": 1000})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "n"
    assert backend.bodies(NATIVE) == []


# Responses with a memory ------------------------------------------------------------------------


def test_a_response_is_gone_on_with(url: str, backend: Scripted) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        first = client.responses.create(model="a", input="I am Ann.", instructions="Be kind.")
        client.responses.create(model="a", input="Who am I?", previous_response_id=first.id)
        stored = client.responses.retrieve(first.id)
    assert [m["content"] for m in backend.bodies(NATIVE)[1]["messages"]] == [
        "I am Ann.",
        "hello",
        "Who am I?",
    ]
    assert stored.output_text == "hello"


def test_a_streamed_response_is_kept_too(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("he"), word("llo"), DONE])
    with OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        with client.responses.stream(model="a", input="hi") as stream:
            stream.until_done()
            identity = stream.get_final_response().id
        items = client.responses.input_items.list(identity)
        assert client.responses.retrieve(identity).output_text == "hello"
        assert len(items.data) == 1
        client.responses.delete(identity)
    assert httpx.get(f"{url}/v1/responses/{identity}").status_code == 404


def test_a_response_that_is_not_to_be_kept_is_not(url: str) -> None:
    body = {"model": "a", "input": "hi", "store": False}
    identity = post(url, "/v1/responses", body).json()["id"]
    again = post(url, "/v1/responses", {**body, "previous_response_id": identity})
    assert again.status_code == 400
    assert again.json()["error"]["code"] == "previous_response_not_found"


def test_a_silent_backend_is_not_a_hung_client(url: str, backend: Scripted) -> None:
    backend.says(NATIVE, Said([b""], cut=True))
    answer = post(url, "/v1/messages", {"model": "a", "max_tokens": 5, "messages": HELLO})
    assert answer.status_code == 502
    assert answer.json()["type"] == "error"
