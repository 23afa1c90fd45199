"""Conversations that go on by an id: responses, their items, and Anthropic's threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.gateway.test_app import DONE, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

CONFIG = """
model_list:
  - model_name: m
    litellm_params: {{model: ollama_chat/m, api_base: "{url}"}}
"""
CALL = {"id": "call_1", "function": {"name": "write_file", "arguments": {"text": "hi"}}}
THOUGHT = {
    **DONE,
    "message": {
        "role": "assistant",
        "content": "",
        "thinking": "Let me see.",
        "tool_calls": [CALL],
    },
}
SAID = {**DONE, "message": {"role": "assistant", "content": "done"}}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, THOUGHT, SAID)
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    with gateway(CONFIG.format(url=backend.url), tmp_path) as base:
        yield base


def respond(url: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{url}/v1/responses", json={"model": "m", **body}, timeout=20)


def sent(backend: Scripted) -> list[Any]:
    """Return the messages of the last request that the backend got."""
    messages: list[Any] = backend.bodies(NATIVE)[-1]["messages"]
    return messages


@pytest.mark.parametrize("typed", [True, False])
def test_items_are_known_by_the_ids_that_were_given_to_them(
    url: str, backend: Scripted, typed: bool
) -> None:
    first = respond(url, input="write it").json()
    kinds = {item["type"]: item for item in first["output"]}
    more = {"type": "item_reference"} if typed else {}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    again = respond(
        url,
        input=[
            {"role": "user", "content": "write it"},
            {**more, "id": kinds["reasoning"]["id"]},
            {**more, "id": kinds["function_call"]["id"]},
            result,
        ],
    )
    assert again.status_code == 200, again.text
    user, assistant, tool = sent(backend)
    assert user["content"] == "write it"
    assert assistant["thinking"] == "Let me see."
    assert assistant["tool_calls"][0]["function"]["arguments"] == {"text": "hi"}
    assert tool["content"] == "ok"
    assert "x-diglot-dropped" not in again.headers


def test_an_item_that_is_not_kept_is_refused(url: str) -> None:
    for identity in ("rs_1", "rs_" + "0" * 32 + "_0", "../etc"):
        answer = respond(url, input=[{"type": "item_reference", "id": identity}])
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "item_not_found"
        assert answer.json()["error"]["param"] == "input[0].type"


def test_going_on_from_a_response_loses_nothing_in_strict_mode(url: str, backend: Scripted) -> None:
    first = respond(url, input="write it").json()["id"]
    result = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
    body = {"model": "m", "previous_response_id": first, "input": [result]}
    again = httpx.post(f"{url}/v1/responses", json=body, headers={"x-diglot-strict": "1"})
    assert again.status_code == 200, again.text
    assert [message["role"] for message in sent(backend)] == ["user", "assistant", "tool"]


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_earlier_response_is_none_however_it_is_written(
    url: str, backend: Scripted, nothing: str | None
) -> None:
    assert respond(url, input="hi", previous_response_id=nothing).status_code == 200
    assert [message["content"] for message in sent(backend)] == ["hi"]


def test_input_items_come_in_pages(url: str) -> None:
    client = OpenAI(base_url=f"{url}/v1", api_key="-")
    given: list[Any] = [{"role": "user", "content": text} for text in ("one", "two", "three")]
    response = client.responses.create(model="m", input=given)
    client.close()
    place = f"{url}/v1/responses/{response.id}/input_items"
    newest = httpx.get(place).json()
    assert [item["content"][0]["text"] for item in newest["data"]] == ["three", "two", "one"]
    assert {item["type"] for item in newest["data"]} == {"message"}
    assert {item["status"] for item in newest["data"]} == {"completed"}
    assert len({item["id"] for item in newest["data"]}) == 3
    assert (newest["object"], newest["has_more"]) == ("list", False)
    page = httpx.get(place, params={"order": "asc", "limit": 2}).json()
    assert [item["content"][0]["text"] for item in page["data"]] == ["one", "two"]
    assert page["has_more"] is True
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][1]["id"])
    rest = httpx.get(place, params={"order": "asc", "after": page["last_id"]}).json()
    assert [item["content"][0]["text"] for item in rest["data"]] == ["three"]
    for wrong in ({"limit": "0"}, {"limit": "101"}, {"order": "up"}, {"after": "in_1"}):
        assert httpx.get(place, params=wrong).status_code == 400


def test_a_thread_goes_on_as_it_is_written(url: str, backend: Scripted) -> None:
    body: dict[str, Any] = {"model": "m", "max_tokens": 10}
    hi = [{"role": "user", "content": "hi"}]
    head = {"system": "Be brief.", "thread": {"type": "create"}, "messages": hi}
    first = httpx.post(f"{url}/v1/messages", json={**body, **head}).json()
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "ok"}
    more: dict[str, Any] = {"messages": [{"role": "user", "content": [result]}]}
    thread = {"type": "continue", "previous_message_id": first["id"]}
    second = httpx.post(f"{url}/v1/messages", json={**body, **more, "thread": thread})
    assert second.status_code == 200, second.text
    assert [message["role"] for message in sent(backend)] == [
        "system",
        "user",
        "assistant",
        "tool",
    ]
    thread["previous_message_id"] = second.json()["id"]
    third = {**body, "messages": [{"role": "user", "content": "and?"}], "thread": thread}
    assert httpx.post(f"{url}/v1/messages", json=third).status_code == 200
    assert len(sent(backend)) == 6


def test_an_unknown_thread_is_refused_so_that_clients_send_it_all_again(url: str) -> None:
    thread = {"type": "continue", "previous_message_id": "msg_gone"}
    body = {"model": "m", "max_tokens": 5, "messages": [], "thread": thread}
    answer = httpx.post(f"{url}/v1/messages", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"error_code": "thread_not_found"}
    escaped = rb'{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"x"}],'
    escaped += rb'"thr\u0065ad":{"type":"continue","previous_message_id":"m"}}'
    assert httpx.post(f"{url}/v1/messages", content=escaped).status_code == 400


def test_a_conversation_is_counted_as_it_would_be_answered(url: str, backend: Scripted) -> None:
    first = respond(url, input="write it").json()
    counted = httpx.post(
        f"{url}/v1/responses/input_tokens",
        json={"model": "m", "previous_response_id": first["id"], "input": "go on"},
        timeout=20,
    )
    assert counted.json() == {"object": "response.input_tokens", "input_tokens": 3}
    assert [message["role"] for message in sent(backend)] == ["user", "assistant", "user"]
    # One token is made: the least that makes a server read.
    assert backend.bodies(NATIVE)[-1]["options"]["num_predict"] == 1


def test_the_count_of_what_is_not_kept_is_refused(url: str) -> None:
    asked = {"model": "m", "previous_response_id": "resp_0", "input": "x"}
    answer = httpx.post(f"{url}/v1/responses/input_tokens", json=asked, timeout=20)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "previous_response_not_found"


def test_compacting_is_not_offered_and_says_so(url: str, backend: Scripted) -> None:
    answer = httpx.post(f"{url}/v1/responses/compact", json={"model": "m", "input": "x"})
    assert answer.status_code == 501
    assert "summary" in answer.json()["error"]["message"]
    assert backend.bodies(NATIVE) == []
