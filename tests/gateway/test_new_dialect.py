"""A new dialect is one folder and one entry: a toy is registered here, and everything follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.gateway.endpoints.openapi import document
from core.inspector.paste.sniff import dialect_at, tell
from core.translation.dialects.registry import DIALECTS, FIELDS, api_of, register, unregister
from core.translation.report.report import explain_request
from core.translation.translate import translate_request
from tests.gateway.test_app import COMPAT, DONE, NATIVE, gateway, post, word
from tests.support.scripted_backend import Said, Scripted, running
from tests.support.toy_dialect import TOY

ASKED = {"lines": [{"by": "user", "says": "hi"}], "heat": 0.5, "mood": "merry"}
CHOICE = {"index": 0, "message": {"role": "assistant", "content": "hello"}}
CHUNK = {"model": "m", "choices": [{"index": 0, "delta": {"content": "hel"}}]}
LAST = {
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}],
}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture
def toy() -> Iterator[None]:
    register(TOY)
    yield
    unregister("toy")


@pytest.fixture
def url(toy: None, backend: Scripted, tmp_path: Path) -> Iterator[str]:
    config = f"""
model_list:
  - model_name: native
    litellm_params: {{model: ollama/m, api_base: {backend.url}}}
  - model_name: compat
    litellm_params: {{model: openai/m, api_base: {backend.url}/v1}}
general_settings: {{master_key: sk-of-this-test-alone}}
"""
    with gateway(config, tmp_path) as base:
        yield base


def say(url: str, model: str, **more: Any) -> httpx.Response:
    headers = {"authorization": "Bearer sk-of-this-test-alone"}
    return post(f"{url}/toy/say", {**ASKED, "model": model, **more}, **headers)


def heat(backend: Scripted, model: str) -> Any:
    if model == "native":
        return backend.bodies(NATIVE)[-1]["options"]["temperature"]
    return backend.bodies(COMPAT)[-1]["temperature"]


@pytest.mark.parametrize("model", ["native", "compat"])
def test_it_answers_whole_over_every_kind_of_backend(
    url: str, backend: Scripted, model: str
) -> None:
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
    backend.json(COMPAT, {"model": "m", "choices": [{**CHOICE, "finish_reason": "stop"}]})
    answer = say(url, model)
    assert answer.status_code == 200
    assert answer.json() == {"says": "hello", "over": "stop"}
    assert answer.headers["x-diglot-dropped"] == "mood"
    assert heat(backend, model) == 0.5


@pytest.mark.parametrize("model", ["native", "compat"])
def test_it_streams_over_every_kind_of_backend(url: str, backend: Scripted, model: str) -> None:
    backend.lines(NATIVE, [word("hel"), word("lo"), DONE])
    backend.events(COMPAT, [CHUNK, LAST, "[DONE]"])
    answer = say(url, model, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    said = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line]
    assert "".join(one.get("bit", "") for one in said) == "hello"
    assert said[-1] == {"over": "stop"}


@pytest.mark.parametrize("model", ["native", "compat"])
def test_errors_are_said_in_its_words(url: str, backend: Scripted, model: str) -> None:
    backend.says(NATIVE, Said([b'{"error":"too hot"}'], status=400))
    backend.says(COMPAT, Said([b'{"error":{"message":"too hot"}}'], status=400))
    answer = say(url, model)
    assert (answer.status_code, answer.json()) == (400, {"oops": "too hot", "no": 400})
    broken = json.dumps(word("hel")).encode() + b'\n{"error":"fell over"}\n'
    backend.says(NATIVE, Said([broken], content_type="application/x-ndjson"))
    backend.events(COMPAT, [CHUNK, {"error": {"message": "fell over"}}])
    last = say(url, model, stream=True).text.strip().split("\n\n")[-1]
    assert json.loads(last[6:])["oops"] == "fell over"


def test_every_refusal_is_said_in_its_words(url: str) -> None:
    assert say(url, "nobody").json()["no"] == 404
    assert say(url, "native", lines=[]).json() == {
        "oops": "lines must hold at least one line", "no": 400,
    }  # fmt: skip
    assert post(f"{url}/toy/say", {**ASKED, "model": "native"}).json()["no"] == 401
    assert "/toy/say" in document()["paths"]


def test_the_report_names_its_fields(toy: None) -> None:
    body = {**ASKED, "model": "m", "stream": False}
    for target in ("ollama", "openai"):
        written = translate_request(body, source="toy", target=target)
        rows = {
            row.path: (row.outcome, row.target)
            for row in explain_request(body, written, source="toy", target=target)
        }
        place = "options.temperature" if target == "ollama" else "temperature"
        assert rows["heat"] == ("renamed", place)
        assert rows["lines[0].says"] == ("renamed", "messages[0].content")
        assert rows["mood"] == ("dropped", None)
    back = translate_request(
        {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5},
        source="openai", target="toy",
    )  # fmt: skip
    assert back == {"model": "m", "lines": ASKED["lines"], "stream": False, "heat": 0.5}


def test_what_is_pasted_is_known_as_its_own(toy: None) -> None:
    assert tell({"model": "m", "lines": []}) == ("request", "toy")
    assert tell({"bit": "x"}) == ("event", "toy")
    assert tell({"says": "x", "over": "stop"}) == ("answer", "toy")
    assert dialect_at("http://h/toy/say") == "toy"


def test_nothing_of_it_is_left_behind(toy: None) -> None:
    assert api_of("toy") is TOY
    with pytest.raises(ValueError, match="registered already"):
        register(TOY)
    unregister("toy")
    try:
        assert "toy" not in DIALECTS
        assert not any("toy" in row.paths for row in FIELDS)
        assert tell({"model": "m", "lines": []}) == ("request", "")
    finally:
        register(TOY)


@pytest.mark.parametrize("source", ["anthropic", "responses", "completions"])
def test_a_model_with_another_name_at_its_server_is_not_lost(source: str) -> None:
    asked = {"responses": {"input": "x"}, "completions": {"prompt": "x"}}
    said = asked.get(source, {"max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
    body = {"model": "public", **said}
    for target in ("generate", "completions") if source == "completions" else ("ollama", "openai"):
        written = {**translate_request(body, source=source, target=target), "model": "own"}
        rows = explain_request(body, written, source=source, target=target)
        assert [(r.outcome, r.target) for r in rows if r.path == "model"] == [("retyped", "model")]
        assert not any(row.path is None and row.target == "model" for row in rows)
