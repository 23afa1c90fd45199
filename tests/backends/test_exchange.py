"""What is kept of an exchange: bounded, by owner, and readable in either dialect."""

from __future__ import annotations

import json

from core.backends.exchange import MAX_BODY, Exchange, ExchangeLog, Wire

NATIVE = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "options": {"top_k": 2}}


def exchange(identity: str, owner: str = "me", body: bytes = b"{}") -> Exchange:
    return Exchange(identity, Wire("ollama", "/api/chat", body), owner=owner, started=1)


def test_the_oldest_are_forgotten_by_number_and_by_bytes() -> None:
    log = ExchangeLog(3)
    for number in range(5):
        log.add(exchange(str(number)))
    assert [e.id for e in log.newest(owner="me")] == ["4", "3", "2"]
    small = ExchangeLog(1000, limit_bytes=10_000)
    for number in range(64):
        small.add(exchange(str(number), body=b"x" * 1000))
    kept = small.newest(owner="me", limit=100)
    assert sum(e.size for e in kept) <= 10_000 + 16_000
    assert kept[0].id == "63"


def test_nobody_sees_what_is_not_theirs() -> None:
    log = ExchangeLog()
    log.add(exchange("a", owner="ada"))
    log.add(exchange("b", owner="bob"))
    assert [e.id for e in log.newest(owner="ada")] == ["a"]
    assert log.get("b", owner="ada") is None
    assert log.get("a", owner="ada") is not None


def test_a_body_over_the_limit_is_cut_and_says_so() -> None:
    wire = Wire("ollama", "/api/chat", b"x" * (MAX_BODY + 1))
    assert wire.cut and len(wire.request) == MAX_BODY
    answer = Wire("ollama", "/api/chat", b"{}")
    answer.came(b"x" * MAX_BODY, 1)
    assert not answer.cut
    answer.came(b"y", 2)
    assert answer.cut and len(answer.response) == MAX_BODY


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
