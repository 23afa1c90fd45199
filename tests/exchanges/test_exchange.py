"""What is kept of an exchange: bounded, by owner, and readable in either dialect."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from core.exchanges.exchange import Exchange
from core.exchanges.wire import MAX_ANSWER, MAX_BODY, Wire
from core.translation.messages import Usage
from tests.support.hidden import hidden_data

NATIVE = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "options": {"top_k": 2}}


def exchange(identity: str, owner: str = "me", body: bytes = b"{}") -> Exchange:
    return Exchange(identity, Wire("ollama", "/api/chat", body), owner=owner, started=1)


def test_a_body_over_the_limit_is_cut_and_says_so() -> None:
    wire = Wire("ollama", "/api/chat", b"x" * (MAX_BODY + 1))
    assert wire.cut and len(wire.request) == MAX_BODY
    assert wire.request_bytes == MAX_BODY + 1
    answer = Wire("ollama", "/api/chat", b"{}")
    answer.came(b"x" * (MAX_ANSWER // 2), 1)
    assert not answer.cut
    answer.came(b"y" * MAX_ANSWER, 2)
    assert answer.cut and len(answer.response) == MAX_ANSWER // 2
    whole = Wire("ollama", "/api/chat", b"{}")
    whole.came(json.dumps({"response": "z" * MAX_ANSWER}).encode(), 1)
    assert whole.cut and "characters not kept" in json.loads(whole.response)["response"]


def test_a_long_request_can_still_be_read_in_both_dialects() -> None:
    text = "long " * (MAX_BODY // 4)
    body = {**NATIVE, "messages": [{"role": "user", "content": text}]}
    one = exchange("a", body=json.dumps(body).encode())
    assert one.cut and one.client.size <= MAX_BODY
    assert one.request_in("openai")["messages"][0]["content"].startswith("long long")


def test_keys_and_pictures_are_masked_when_they_come() -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(900)).decode()
    body = {**NATIVE, "messages": [{"role": "user", "content": "hi", "images": [picture]}]}
    one = exchange("a", body=json.dumps({**body, "api_key": "a-secret-key"}).encode())
    assert b"a-secret-key" not in one.client.request and picture.encode() not in one.client.request
    url = one.request_in("openai")["messages"][0]["content"][1]["image_url"]["url"]
    note = hidden_data(url)
    assert url.startswith("data:image/png;base64,") and note is not None and note.size == 908
    one.client.came(b'{"error":"no such key: sk-abcdefghijklmnopqrstuv"}', 1)
    assert b"abcdefghijklmnop" not in one.client.response


def test_all_is_masked_once_there_is_time_though_nobody_looks() -> None:
    rare = b'{"password":"open-sesame","text":"AKIAABCDEFGHIJKLMNOP"}'
    one = exchange("a", body=rare)
    one.backend.append(Wire("openai", "/v1/chat/completions", rare, of=one.client))
    for wire in (one.client, *one.backend):
        wire.came(b'{"message":', 1)
        wire.came(b'"the key is hf_abcdefghijklmnopqrst"}', 2)
    one.end()
    one.settle()
    for wire in (one.client, *one.backend):
        assert b"open-sesame" not in wire.request and b"AKIAABCD" not in wire.request
        assert b"hf_abcdefgh" not in wire.unmasked() and len(wire.chunks[0][1]) == 11


def test_a_key_spelled_with_escapes_is_masked_once_it_is_written_plainly() -> None:
    for spelled in (b"sk\\u002dproj-abcdefghijklmnop1234", b"Basic dXNlcjpwYX\\/NzdGVzdA=="):
        one = exchange("a", body=b'{"model":"m","prompt":"%b"}' % spelled)
        plain = json.dumps(json.loads(one.client.request)).encode()
        again = Wire("ollama", "/api/chat", plain, of=one.client)
        assert b"abcdefgh" not in again.request and b"NzdGVzdA" not in again.request


def test_a_very_long_answer_is_masked_while_it_comes() -> None:
    one = exchange("a")
    piece = b'{"text":"the key is hf_abcdefghijklmnopqrst"}' + b" " * 100
    for number in range(9000):
        one.client.came(piece, number)
    assert one.client.unmasked().count(b"hf_abcdefgh") < 8200
    size = one.client.size
    one.end()
    one.settle()
    assert b"hf_abcdefgh" not in one.client.unmasked() and len(one.client.chunks) == 9000
    assert one.client.size <= size


def test_a_stream_is_read_in_both_dialects_with_its_times() -> None:
    one = exchange("a", body=json.dumps(NATIVE).encode())
    one.client.status, one.client.streamed, one.ended = 200, True, 30
    line = b'{"model":"m","message":{"role":"assistant","content":"hi"},"done":false}\n'
    one.client.came(line, 10)
    one.client.came(b'{"model":"m","done":true,"done_reason":"stop"}\n', 20)
    assert one.response_in("ollama") == one.client.chunks
    other = one.response_in("openai")
    assert [now for now, _ in other] == [10, 20]
    assert b'"content":"hi"' in other[0][1] and other[1][1].endswith(b"data: [DONE]\n\n")
    assert one.request_in("openai")["messages"] == NATIVE["messages"]
    assert one.report() == ()


def test_an_error_is_read_in_both_dialects() -> None:
    one = exchange("a")
    one.client.status = 404
    one.client.came(b'{"error":"model \'x\' not found"}', 5)
    body = json.loads(one.response_in("openai")[0][1])
    assert body["error"]["message"] == "model 'x' not found"


SAID = [{"choices": [{"index": 0, "delta": {"content": f" usage {n}"}}]} for n in range(40)]
STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
GIVEN = {"prompt_tokens": 7, "completion_tokens": 200}
LLAMA = {"prompt_n": 7, "predicted_n": 200}


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n"])
@pytest.mark.parametrize(
    "last",
    [
        [STOP, {"choices": [], "usage": GIVEN}],
        [{**STOP, "usage": GIVEN}],
        [{**STOP, "x_groq": {"usage": GIVEN}}],
        [{**STOP, "timings": LLAMA}],
        [{**SAID[0], "usage": GIVEN}, STOP, SAID[1]],
    ],
)  # fmt: skip
def test_the_counts_are_found_wherever_a_server_of_openai_s_api_puts_them(
    last: list[dict[str, Any]], end: str
) -> None:
    records = [*SAID, *last]
    events = [f"data: {json.dumps({'model': 'm', **record})}{end}" for record in records]
    wire = Wire("openai", "/v1/chat/completions", b"{}")
    wire.status, wire.streamed = 200, True
    for event in [*events, f"data: [DONE]{end}"]:
        wire.came(event.encode(), 1)
    exchange = Exchange("1", wire, owner="", started=1)
    exchange.backend.append(wire)
    assert exchange.usage() == Usage(prompt_tokens=7, completion_tokens=200)


@pytest.mark.parametrize("pieces", [1, 7, 400])
@pytest.mark.parametrize("context", [0, 9000])
def test_the_counts_stand_at_the_end_of_a_stream_that_was_passed_on(
    context: int, pieces: int
) -> None:
    lines: list[dict[str, Any]] = [
        {"model": "m", "response": f" {n}", "done": False} for n in range(200)
    ]
    counts = {"prompt_eval_count": 7, "eval_count": 200}
    lines.append({"response": "", "done": True, "context": [*range(context)], **counts})
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    wire = Wire("generate", "/api/generate", b"{}")
    wire.status, wire.streamed = 200, True
    size = len(data) // pieces + 1
    for at in range(0, len(data), size):
        wire.came(data[at : at + size], 1)
    exchange = Exchange("1", wire, owner="", started=1)
    exchange.backend.append(wire)
    assert exchange.usage() == Usage(prompt_tokens=7, completion_tokens=200)
