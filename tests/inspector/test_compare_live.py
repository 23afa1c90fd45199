"""The same request by httpx and by OpenAI's SDK, to real servers, and what their answers say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import InvalidRequest
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.inspector.compare_live import LiveRow, Place, compare_live, prove
from tests.support.programs import CLOSED
from tests.support.rule_based_model import thinking
from tests.support.scripted_backend import Scripted
from tests.support.servers import Gateway, Ollama

NATIVE: dict[str, Any] = {
    "model": "smollm2",
    "messages": [{"role": "user", "content": "Write one sentence about the sea."}],
    "options": {"num_predict": 12},
}


def found(rows: tuple[LiveRow, ...], path: str) -> LiveRow:
    return next(row for row in rows if path in (row.path, row.other))


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with thinking() as scripted:
        yield scripted


@pytest.mark.ollama
def test_diglot_and_the_server_agree_both_ways(
    ollama_server: Ollama, seed_over_ollama: Gateway
) -> None:
    wire = Wire("ollama", "/api/chat", json.dumps({**NATIVE, "model": "qwen-local"}).encode())
    exchange = Exchange("a", wire, owner="", started=1)
    exchange.model = "qwen-local"
    asked = json.dumps({**NATIVE, "model": "qwen3:4b"}).encode()
    exchange.backend.append(Wire("ollama", "/api/chat", asked, url=ollama_server.url))
    proof = compare_live(exchange, diglot=seed_over_ollama.url)
    assert [(a.place, a.client_dialect, a.status) for a in proof.answers] == [
        ("diglot", "ollama", 200), ("diglot", "openai", 200),
        ("server", "ollama", 200), ("server", "openai", 200),
    ]  # fmt: skip
    assert len({answer.text for answer in proof.answers}) == 1 and proof.answers[0].text
    assert [(c.left, c.right) for c in proof.comparisons] == [(0, 1), (2, 3), (0, 2), (1, 3)]
    natively = proof.comparisons[0]
    assert not natively.odd
    assert found(natively.rows, "eval_count").agreement == "same"
    assert found(natively.rows, "message.content").agreement == "same"
    assert found(natively.rows, "created_at").agreement == "by_nature"
    assert found(natively.rows, "usage.total_tokens").agreement == "by_nature"
    # The model has one name at Diglot and another at the server.
    names = found(proof.comparisons[3].rows, "model")
    assert (names.left, names.right, names.agreement) == ("qwen-local", "qwen3:4b", "differs")
    others = [r for r in proof.comparisons[3].rows if r.path != "model"]
    assert all(row.agreement in ("same", "by_nature") for row in others), others


@pytest.mark.ollama
def test_errors_of_a_server_are_compared_too(
    ollama_server: Ollama, seed_over_ollama: Gateway
) -> None:
    places = [
        Place(name="diglot", url=seed_over_ollama.url, model="qwen-local"),
        Place(name="server", url=ollama_server.url, model="qwen3:4b"),
    ]
    schema = {"type": "object", "properties": {}}
    proof = prove({**NATIVE, "format": schema}, places=places)
    assert all(answer.status == 200 for answer in proof.answers)
    wrong = prove({**NATIVE, "tools": [{"type": "function", "function": {"name": "f"}}]},
                  places=places[1:])  # fmt: skip
    assert [a.status for a in wrong.answers] == [400, 400]
    assert "does not support tools" in wrong.answers[0].error
    errors = wrong.comparisons[0].rows
    assert found(errors, "error").agreement == "same"


def test_the_sdk_sends_what_only_diglot_takes_as_extra_body(backend: Scripted) -> None:
    place = Place(name="diglot", url=backend.url, model="m", key="a-key")
    proof = prove({**NATIVE, "options": {"num_ctx": 9, "top_k": 2}}, places=[place])
    (native,) = backend.bodies("/api/chat")
    (compatible,) = backend.bodies("/v1/chat/completions")
    assert native["options"] == {"seed": 1, "num_ctx": 9, "top_k": 2, "temperature": 0}
    assert compatible["num_ctx"] == 9 and compatible["temperature"] == 0
    assert all("Bearer a-key" in head for head in backend.heads)
    assert "a-key" not in repr(place) and all(a.status == 200 for a in proof.answers)


def test_a_server_that_is_not_there_is_an_answer_too() -> None:
    proof = prove(NATIVE, places=[Place(name="server", url=CLOSED, model="m")])
    assert [a.status for a in proof.answers] == [0, 0]
    assert all(a.error for a in proof.answers) and proof.comparisons[0].rows == ()


def test_a_request_that_was_never_sent_on_cannot_be_sent_to_its_server() -> None:
    wire = Wire("ollama", "/api/chat", json.dumps(NATIVE).encode())
    with pytest.raises(InvalidRequest, match="never sent to a server"):
        compare_live(Exchange("a", wire, owner="", started=1), diglot=CLOSED, to="server")
