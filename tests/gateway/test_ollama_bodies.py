"""Bodies of Ollama's API are read as leniently as by Ollama, and reach it in one spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.gateway.ollama_bodies import exact, is_exact
from tests.gateway.test_app import DONE, HELLO, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

BODY = {"model": "m", "messages": HELLO, "stream": False}
CALLED = {"ROLE": "assistant", "Tool_Calls": [{"Function": {"Name": "f", "Arguments": {"A": 1}}}]}
READ = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"A": 1}}}]}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        scripted.json("/api/pull", {"status": "success"})
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    base = f"litellm_params: {{model: ollama/m, api_base: {backend.url}}}"
    with gateway(f"model_list: [{{model_name: m, {base}}}]\n", tmp_path) as gate:
        yield gate


@pytest.mark.parametrize("tail", [b"\0", b"\n\0\0", b" and more", b' {"model": "other"}', b"}"])
def test_what_is_behind_the_first_value_is_not_read(
    url: str, backend: Scripted, tail: bytes
) -> None:
    data = json.dumps(BODY).encode()
    answer = httpx.post(url + NATIVE, content=data + tail)
    assert answer.status_code == 200, answer.text
    assert backend.bodies(NATIVE) == [BODY]


@pytest.mark.parametrize("spelt", ["Model", "MESSAGES", "Stream"])
def test_a_key_is_read_in_any_case(url: str, backend: Scripted, spelt: str) -> None:
    asked = {spelt if key == spelt.lower() else key: value for key, value in BODY.items()}
    answer = httpx.post(url + NATIVE, json=asked)
    assert answer.status_code == 200, answer.text
    assert backend.bodies(NATIVE) == [BODY]


def test_models_are_managed_in_any_case(url: str, backend: Scripted) -> None:
    assert httpx.post(url + "/api/pull", content=b'{"Name": "m"}\0').status_code == 200
    assert backend.bodies("/api/pull") == [{"name": "m"}]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"Messages": [CALLED]}, {"messages": [READ]}),
        # Maps of Go, in which the case counts, and what nobody knows.
        ({"Options": {"SEED": 1}, "Odd": {"Model": 1}},
         {"options": {"SEED": 1}, "Odd": {"Model": 1}}),
        ({"model": "a", "MODEL": "b"}, {"model": "b"}),
        ({"MODEL": "b", "model": "a"}, {"model": "a"}),
        ({"\u017fource": "a", "\u212aeep_alive": 1}, {"source": "a", "keep_alive": 1}),
        ({"tools": [{"Type": "function", "Function": {"Parameters": {"Type": "object"}}}]},
         {"tools": [{"type": "function", "function": {"parameters": {"Type": "object"}}}]}),
    ],
)  # fmt: skip
def test_only_keys_of_the_api_are_folded(said: object, read: object) -> None:
    data = json.dumps(said, ensure_ascii=False).encode()
    assert json.loads(exact(data, "ollama")) == read
    assert exact(json.dumps(read).encode(), "ollama") == json.dumps(read).encode()


@pytest.mark.parametrize("data", [b"", b"nothing", b"[1]", b'{"Model": ', b'"Model": 1'])
def test_what_is_no_object_is_left_to_its_reader(data: bytes) -> None:
    assert exact(data, "ollama") in (data, data[:7])


def test_most_bodies_are_told_at_a_glance() -> None:
    assert is_exact(json.dumps(BODY).encode(), "ollama")
    assert is_exact(b'{"model": "m", "prompt": "He said \\"Model\\": no"}', "generate")
    assert not is_exact(b'{"Model": "m"}', "ollama")
