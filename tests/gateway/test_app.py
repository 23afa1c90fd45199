"""The gateway over real sockets, in front of a scripted backend."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from ollama import Client as OllamaClient
from openai import APIError, APIStatusError, OpenAI

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from tests.support.scripted_backend import PLAIN, Said, Scripted, running
from tests.support.threads import serving_app

NATIVE = "/api/chat"
COMPAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "hello"}]
DONE = {"model": "m", "done": True, "done_reason": "stop", "eval_count": 2, "prompt_eval_count": 3}


def word(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": False, **more}


@contextmanager
def gateway(config: str, folder: Path, **more: Any) -> Iterator[str]:
    """Run the gateway on a free port until the block ends. ``more`` is for uvicorn."""
    path = folder / "config.yaml"
    path.write_text(config)
    with serving_app(create_app(Fleet(path)), **more) as url:
        yield url


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


@contextmanager
def ollama(url: str) -> Iterator[OllamaClient]:
    """Ollama's own client, closed at the end; it has no public way to close it."""
    client = OllamaClient(url)
    try:
        yield client
    finally:
        client._client.close()  # noqa: SLF001


def post(url: str, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(url, json=body, headers=headers, timeout=20)


def test_openai_client_streams_from_a_native_backend(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("he"), word("llo"), DONE])
    with OpenAI(base_url=f"{url}/v1", api_key="not-needed") as client:
        stream = client.chat.completions.create(
            model="native",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=5,
        )
        chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "hello"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None and chunks[-1].usage.total_tokens == 5
    assert len({c.id for c in chunks}) == 1
    sent = backend.bodies(NATIVE)[0]
    assert sent["options"] == {"num_predict": 5}
    assert sent["model"] == "m"


def test_ollama_client_streams_from_an_openai_backend(url: str, backend: Scripted) -> None:
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": "hi"}}]}
    end = {"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    usage = {"model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    backend.events(COMPAT, [chunk, end, usage, "[DONE]"])
    with ollama(url) as client:
        parts = list(client.chat("compat", HELLO, stream=True, options={"seed": 4}))
    assert "".join(p.message.content or "" for p in parts) == "hi"
    assert parts[-1].done and parts[-1].done_reason == "length"
    assert parts[-1].eval_count == 2 and parts[-1].prompt_eval_count == 3
    assert backend.bodies(COMPAT)[0]["seed"] == 4
    assert backend.bodies(COMPAT)[0]["stream_options"] == {"include_usage": True}


def test_dropped_fields_are_named_in_a_header(url: str, backend: Scripted) -> None:
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
    body = {"model": "native", "messages": HELLO, "user": "me", "num_ctx": 100, "new_key": 1}
    answer = post(url + COMPAT, body)
    assert answer.headers["x-diglot-dropped"] == "user,new_key"
    assert backend.bodies(NATIVE)[0]["options"] == {"num_ctx": 100}


def test_strict_mode_refuses_and_asks_nobody(url: str, backend: Scripted) -> None:
    body = {"model": "native", "messages": HELLO, "user": "me"}
    answer = post(url + COMPAT, body, **{"x-diglot-strict": "true"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "user"
    assert backend.bodies(NATIVE) == []


def test_same_dialect_passes_every_byte_but_the_name(url: str, backend: Scripted) -> None:
    line = b'{"model":"m","x_new":[1.0,1e5],"message":{"role":"assistant","content":"\\u4f60"}}\n'
    end = b'{"model":"m","done":true,"done_reason":"stop"}\n'
    backend.says(NATIVE, Said([line + end], content_type="application/x-ndjson"))
    answer = post(url + NATIVE, {"model": "native", "messages": HELLO, "unknown": {"a": 1}})
    assert answer.content == line.replace(b'"m"', b'"native"') + end.replace(b'"m"', b'"native"')
    assert backend.bodies(NATIVE)[0]["unknown"] == {"a": 1}


@pytest.mark.parametrize(("client_dialect", "model"), [(COMPAT, "native"), (NATIVE, "native")])
def test_a_stream_that_is_cut_ends_in_an_error(
    url: str, backend: Scripted, client_dialect: str, model: str
) -> None:
    backend.lines(NATIVE, [word("he"), word("llo")], cut=True)
    answer = post(url + client_dialect, {"model": model, "messages": HELLO, "stream": True})
    assert answer.status_code == 200
    last = answer.text.strip().splitlines()[-1].removeprefix("data: ")
    assert "error" in json.loads(last)
    assert "[DONE]" not in answer.text and '"done":true' not in answer.text


def test_openai_sdk_raises_on_an_error_in_the_stream(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [word("he"), {"error": "the model crashed"}])
    with (
        OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0) as client,
        pytest.raises(APIError, match="the model crashed"),
    ):
        list(
            client.chat.completions.create(
                model="native", messages=[{"role": "user", "content": "x"}], stream=True
            )
        )


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_before_the_first_byte_keeps_its_status(
    url: str, backend: Scripted, stream: bool
) -> None:
    backend.json(NATIVE, {"error": "server busy, please try again."}, status=503)
    with (
        OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0) as client,
        pytest.raises(APIStatusError) as caught,
    ):
        client.chat.completions.create(
            model="native", messages=[{"role": "user", "content": "x"}], stream=stream
        )
    assert caught.value.status_code == 503
    assert "server busy" in str(caught.value)


def test_an_error_as_the_first_event_is_not_a_200(url: str, backend: Scripted) -> None:
    backend.lines(NATIVE, [{"error": "out of memory"}])
    answer = post(url + COMPAT, {"model": "native", "messages": HELLO, "stream": True})
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "out of memory"


def test_a_backend_that_is_not_there_says_what_to_start(tmp_path: Path) -> None:
    config = """
model_list:
  - model_name: gone
    litellm_params: {model: ollama/m, api_base: "http://127.0.0.1:9"}
"""
    with gateway(config, tmp_path) as base:
        answer = post(base + COMPAT, {"model": "gone", "messages": HELLO})
        assert answer.status_code == 503
        assert "ollama serve" in answer.json()["error"]["message"]
        native = post(base + NATIVE, {"model": "gone", "messages": HELLO})
        assert native.status_code == 503
        assert "ollama serve" in native.json()["error"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_backend(url: str, backend: Scripted, stream: bool) -> None:
    backend.lines(NATIVE, [word("a")] * 200 + [DONE], pause=0.05)
    body = {"model": "native", "messages": HELLO, "stream": stream}
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(timeout=0.3) as client,
        client.stream("POST", url + COMPAT, json=body) as answer,
    ):
        for _ in answer.iter_bytes():
            raise httpx.ReadTimeout("leaving in the middle of the stream")
    assert backend.left.wait(2), "the backend went on working for nobody"


def test_models_without_tools_are_helped(url: str, backend: Scripted) -> None:
    backend.json("/api/show", PLAIN)
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "25 °C"}})
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"city":"上海"}'},
    }
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "name": "weather", "content": "25°C"},
    ]
    answer = post(url + COMPAT, {"model": "native", "messages": messages})
    assert answer.status_code == 200
    assert answer.headers["x-diglot-emulated"] == "history_flattened"
    sent = backend.bodies(NATIVE)[0]["messages"]
    assert all("tool_calls" not in m and m["role"] != "tool" for m in sent)
    assert "25°C" in json.dumps(sent, ensure_ascii=False)


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NAMED = {"name": "weather", "description": "The weather in a city"}
WRAPPED = {"type": "function", "function": {**NAMED, "parameters": SCHEMA}}
OFFERED: dict[str, dict[str, Any]] = {
    NATIVE: {"messages": HELLO, "stream": False, "tools": [WRAPPED]},
    COMPAT: {"messages": HELLO, "tools": [WRAPPED]},
    "/v1/messages": {"messages": HELLO, "max_tokens": 9,
                     "tools": [{**NAMED, "input_schema": SCHEMA}]},
    "/v1/responses": {"input": HELLO,
                      "tools": [{"type": "function", **NAMED, "parameters": SCHEMA}]},
}  # fmt: skip


@pytest.mark.parametrize("route", OFFERED)
def test_nothing_of_a_tool_is_lost_where_its_calls_are_emulated(
    url: str, backend: Scripted, route: str
) -> None:
    backend.json("/api/show", PLAIN)
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "{}"}})
    answer = post(url + route, {"model": "native", **OFFERED[route]})
    assert answer.status_code == 200
    assert answer.headers["x-diglot-emulated"] == "tools_emulated"
    assert "tools" not in answer.headers.get("x-diglot-dropped", "")


def test_thinking_is_not_sent_to_a_model_that_cannot(url: str, backend: Scripted) -> None:
    backend.json("/api/show", PLAIN)
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
    answer = post(url + COMPAT, {"model": "native", "messages": HELLO, "reasoning_effort": "high"})
    assert answer.status_code == 200
    assert "think" not in backend.bodies(NATIVE)[0]
    assert "reasoning_effort" in answer.headers["x-diglot-dropped"]


def test_catalog_in_both_dialects(url: str, backend: Scripted) -> None:
    backend.json("/api/tags", {"models": [{"name": "m:latest", "size": 5, "details": {}}]})
    backend.json("/v1/models", {"data": []})
    tags = httpx.get(url + "/api/tags").json()["models"]
    assert [(t["name"], t["size"]) for t in tags] == [("native", 5), ("compat", 0)]
    with OpenAI(base_url=f"{url}/v1", api_key="x") as client:
        assert [m.id for m in client.models.list()] == ["native", "compat"]
        assert client.models.retrieve("native").id == "native"
    with ollama(url) as native:
        assert native.show("native").capabilities == ["completion", "tools", "thinking"]
    assert httpx.get(url + "/").text == "Ollama is running"
    assert httpx.head(url + "/").status_code == 200
    assert httpx.get(url + "/health/liveliness").status_code == 200


@pytest.mark.parametrize(
    ("path", "field"),
    [("/v1/nothing", ("error", "message")), ("/api/nothing", ("error",)), ("/v1", ("error",))],
)
def test_unknown_paths_answer_in_their_dialect(url: str, path: str, field: tuple[str]) -> None:
    answer = httpx.get(url + path)
    assert answer.status_code == 404
    body = answer.json()
    for name in field:
        body = body[name]
    assert body


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"model":"native"}', b"\xff", b"[" * 9999])
def test_bad_bodies_are_the_clients_fault(url: str, body: bytes) -> None:
    answer = httpx.post(url + COMPAT, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_native_request_without_a_prompt_only_loads(url: str) -> None:
    answer = post(url + NATIVE, {"model": "compat"})
    assert answer.json()["done_reason"] == "load"


@pytest.mark.parametrize(
    "said",
    [
        Said([b"<html>oops</html>"], content_type="text/html"),
        Said([b""]),
        Said([b'{"model":"m"']),
        Said([b'{"model":"m","message":{"role":"assistant","content":"x"}}']),
    ],
)
def test_a_broken_answer_is_the_backends_fault(url: str, backend: Scripted, said: Said) -> None:
    backend.says(NATIVE, said)
    answer = post(url + COMPAT, {"model": "native", "messages": HELLO})
    assert answer.status_code == 502
    assert answer.json()["error"]["code"]


def test_a_key_cannot_end_the_header_line(url: str, backend: Scripted) -> None:
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
    answer = post(url + COMPAT, {"model": "native", "messages": HELLO, "a\r\nx-evil: 1": 1})
    assert "x-evil" not in answer.headers
    assert answer.headers["x-diglot-dropped"] == "a%0D%0Ax-evil%3A 1"
