"""Requests in the dialect of the backend pass through as bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.config.deployment import Deployment
from core.errors import InvalidResponse
from core.translation.conversions.hub import Hub
from core.translation.conversions.incoming import Incoming
from core.translation.conversions.loading import Loading
from core.translation.conversions.pass_through import PassThrough
from core.translation.conversions.table import Conversion, choose
from core.translation.stamp import Stamp

STAMP = Stamp(id="0123", created=1_700_000_000_000_000_000, model="mine")
HI = {"model": "mine", "messages": [{"role": "user", "content": "hi"}]}
ODD = [
    {"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {"url": "x"}}]}]},
    {"messages": [{"role": "user", "content": 7}], "temperature": "hot"},
    {"tools": [{"type": "custom", "custom": {"name": "x"}}], "tool_choice": {"type": "odd"}},
    {"messages": "no list", "stream_options": 1},
]


def backend(kind: str, **more: Any) -> Deployment:
    return Deployment(model_name="mine", model="m", dialect=kind, base_url="http://h", **more)  # type: ignore[arg-type]


def way(client_dialect: str, body: dict[str, Any], to: Deployment) -> Conversion | Loading:
    return choose(Incoming(client_dialect, json.dumps(body).encode()), to, STAMP)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("settings", [{}, {"seed": 7}])
def test_what_passes_through_is_not_judged(odd: dict[str, Any], settings: dict[str, Any]) -> None:
    body = {**HI, **odd}
    passed = way("openai", body, backend("openai", settings=settings))
    assert isinstance(passed, PassThrough)
    assert json.loads(passed.request("m")) == {**settings, **body, "model": "m"}


def test_nothing_is_changed_where_the_name_is_the_same() -> None:
    raw = b'{ "model":"mine",  "messages":[], "x":1e30, "x":2 }'
    passed = choose(Incoming("openai", raw), backend("openai"), STAMP)
    assert isinstance(passed, PassThrough)
    assert passed.request("mine") is raw


def test_an_answer_passes_through_with_its_counts() -> None:
    passed = way("openai", HI, backend("openai"))
    assert isinstance(passed, PassThrough)
    passed.request("m")
    odd = [{"message": {"content": [{"type": "odd"}]}, "finish_reason": None}]
    whole = {"model": "m", "choices": odd, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    body, usage = passed.response(json.dumps(whole).encode(), now=0)
    assert json.loads(body) == {**whole, "model": "mine"}
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 4)
    for broken in (b"<html>", b"[]", b"{}", b'{"choices": []}'):
        with pytest.raises(InvalidResponse):
            passed.response(broken, now=0)


def sse(*records: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in records)


CHUNKS = [
    {"id": "c", "choices": [{"index": 0, "delta": {"content": "he"}}]},
    {"id": "c", "choices": [{"index": 0, "delta": {"content": "llo"}, "finish_reason": "stop"}]},
    {"id": "c", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
]
LINES = [
    {"model": "m", "message": {"role": "assistant", "content": "he"}, "done": False},
    {"model": "m", "message": {"role": "assistant", "content": "llo"}, "done": True,
     "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 4},
]  # fmt: skip
STREAMED = [
    ("openai", b": ping\n\n" + sse(*CHUNKS) + b"data: [DONE]\n\n"),
    ("openai", b"\xef\xbb\xbf" + sse(*CHUNKS)),
    ("ollama", b"".join(json.dumps(line).encode() + b"\n" for line in LINES)),
]


@pytest.mark.parametrize("kind, wire", STREAMED)
@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_a_stream_where_a_whole_answer_was_asked_for_is_joined(
    client: str, kind: str, wire: bytes
) -> None:
    asked = way(client, {**HI, "stream": False}, backend(kind))
    assert not isinstance(asked, Loading)
    if isinstance(asked, Hub):
        asked.settle(asked.asked, accepts=())
    asked.request("m")
    body, usage = asked.response(wire, now=0)
    answer = json.loads(body)
    message = answer["message"] if client == "ollama" else answer["choices"][0]["message"]
    assert message["content"] == "hello"
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (3, 4)


@pytest.mark.parametrize("kind, wire", STREAMED)
def test_half_a_stream_is_no_whole_answer(kind: str, wire: bytes) -> None:
    asked = way(kind, {**HI, "stream": False}, backend(kind))
    assert isinstance(asked, PassThrough)
    asked.request("m")
    half = wire[: wire.index(b"llo") + 3]
    with pytest.raises(InvalidResponse):
        asked.response(half, now=0)


def test_a_stream_called_json_is_the_stream_that_was_asked_for() -> None:
    asked = way("openai", {**HI, "stream": True}, backend("openai"))
    assert isinstance(asked, PassThrough)
    asked.request("m")
    body, _ = asked.response(sse(*CHUNKS), now=0)
    assert b'"content":"hello"' in body
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("client", ["openai", "ollama"])
def test_a_whole_answer_may_begin_with_a_byte_order_mark(client: str) -> None:
    asked = way(client, {**HI, "stream": False}, backend("openai"))
    assert not isinstance(asked, Loading)
    if isinstance(asked, Hub):
        asked.settle(asked.asked, accepts=())
    asked.request("m")
    said = {"choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}
    body, _ = asked.response(b"\xef\xbb\xbf" + json.dumps(said).encode(), now=0)
    assert b"hello" in body


@pytest.mark.parametrize(
    "said",
    [
        b'{"error": {"message": "it broke"}}\n',
        b'{"error": "it broke"}\n\n',
        b'{\n  "detail": "it broke"\n}\ndata: [DONE]\n\n',
        b'{"object": "error", "message": "it broke"}',
        b'data: {"detail": "it broke"}\n\n',
        b'event: error\ndata: {"message": "it broke"}\n\n',
    ],
)
@pytest.mark.parametrize("name", ["mine", "other"])
def test_an_error_that_no_client_would_read_is_written_as_one(said: bytes, name: str) -> None:
    asked = way("openai", {**HI, "stream": True}, backend("openai"))
    assert isinstance(asked, PassThrough)
    asked.request(name)
    stream = asked.stream()
    out = stream.feed(sse(CHUNKS[0]) + said, now=0) + stream.close(now=0)
    first, error, rest = out.split(b"\n\n")
    assert b'"he"' in first
    assert b"it broke" in error.split(b"data: ")[1]
    assert rest == b""
    assert stream.error is not None
    assert stream.error.message == "it broke"


def test_an_error_without_data_is_no_part_of_the_event_before_it() -> None:
    asked = way("openai", {**HI, "stream": True}, backend("openai"))
    assert isinstance(asked, PassThrough)
    asked.request("mine")
    stream = asked.stream()
    out = stream.feed(sse(CHUNKS[0])[:-1] + b'{"error": "it broke"}\n\n', now=0)
    first, error, rest = out.split(b"\n\n")
    assert json.loads(first.removeprefix(b"data: ")) == CHUNKS[0]
    assert json.loads(error.removeprefix(b"data: "))["error"]["message"] == "it broke"
    assert rest == b""
