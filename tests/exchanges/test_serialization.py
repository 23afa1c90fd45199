"""Exchanges given away: as a share, a HAR file, a diagnosis, and kept in a folder."""

from __future__ import annotations

import asyncio
import json
import stat
import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.config import Captures
from core.errors import InvalidRequest, Unsupported
from core.exchanges.disk import CaptureFolder, keep_on_disk
from core.exchanges.exchange import Exchange
from core.exchanges.har import to_har
from core.exchanges.log import ExchangeLog
from core.exchanges.serialization import (
    MAX_SHARE,
    as_file_name,
    compressed,
    dump_exchange,
    link_of,
    load_exchange,
    load_link,
)
from core.exchanges.wire import Wire
from core.inspector.diagnosis import write_diagnosis
from core.inspector.paste.detect import read_paste

KEY = "sk-abcdefghijklmnopqrstuvwxyz"
BODY = {"model": "m", "messages": [{"role": "user", "content": f"你好 {KEY}"}], "stream": True}
START = 1_700_000_000_000_000_000


def exchange(identity: str = "abc", *, started: int = START, words: int = 3) -> Exchange:
    head = [(b"authorization", b"Bearer " + KEY.encode()), (b"user-agent", b"curl/8")]
    client = Wire("openai", "/v1/chat/completions", json.dumps(BODY).encode(), headers=head)
    one = Exchange(identity, client, owner="ada", started=started)
    one.model = "m"
    client.status, client.streamed = 200, True
    client.answered = (("content-type", "text/event-stream"),)
    native = {**BODY, "options": {}}
    backend = Wire("ollama", "/api/chat", json.dumps(native).encode(), url="http://me:pw@host:1")
    backend.status, backend.streamed = 200, True
    one.backend.append(backend)
    one.translated = True
    for number in range(words):
        now = started + (number + 1) * 10_000_000
        line = {"model": "m", "message": {"role": "assistant", "content": "字"}, "done": False}
        backend.came(json.dumps(line).encode() + b"\n", now)
        # A character that the network cut in two.
        client.came(b'data: {"choices":[{"delta":{"content":"\xe5', now)
        client.came(b'\xad\x97"}}]}\n\n', now + 1)
    one.ended = started + 10**9
    return one


def same(one: Exchange, other: Exchange) -> None:
    assert (one.id, one.model, one.started, one.ended) == (
        other.id, other.model, other.started, other.ended,
    )  # fmt: skip
    for wire, copy in zip((one.client, *one.backend), (other.client, *other.backend), strict=True):
        assert wire.request == copy.request and wire.chunks == copy.chunks
        assert (wire.headers, wire.answered, wire.status, wire.streamed) == (
            copy.headers, copy.answered, copy.status, copy.streamed,
        )  # fmt: skip
        assert (wire.request_bytes, wire.answer_bytes) == (copy.request_bytes, copy.answer_bytes)


def test_a_share_is_read_again_and_holds_no_key_and_no_owner() -> None:
    one = exchange()
    same(one, load_exchange(dump_exchange(one), owner="bob"))
    same(one, load_exchange(compressed(one), owner="bob"))
    link = link_of(one)
    loaded = load_link(link, owner="bob")
    same(one, loaded)
    assert loaded.owner == "bob" and loaded.report() == one.report()
    for text in (dump_exchange(one).decode(), repr(vars_of(loaded))):
        assert KEY not in text and "pw@" not in text and "ada" not in text
    assert as_file_name(one) == "diglot-m-abc.diglot"


def vars_of(one: Exchange) -> list[Any]:
    wires = (one.client, *one.backend)
    return [(w.request, w.headers, w.url, w.response, w.answered) for w in wires] + [one.owner]


def test_a_key_that_somebody_wrote_into_a_share_is_masked_when_it_is_read() -> None:
    data = dump_exchange(exchange()).replace(b"sk-***", KEY.encode())
    assert KEY.encode() in data
    assert KEY.encode() not in load_exchange(data, owner="").client.request


def test_what_is_too_long_for_a_link_says_so() -> None:
    body = json.dumps({"model": "m", "prompt": "".join(str(i * i) for i in range(20_000))})
    long = Exchange("a", Wire("generate", "/api/generate", body.encode()), owner="", started=1)
    with pytest.raises(Unsupported, match="share it as a file"):
        link_of(long)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"not this", b'{"diglot_exchange":2,"id":"a","model":"m","started":1,"client":'
     b'{"dialect":"ollama","path":"/","request":""}}', compressed(exchange())[:-9],
     zlib.compress(b"x" * (MAX_SHARE + 5))],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        load_exchange(data, owner="")
    with pytest.raises(InvalidRequest):
        load_link("d1." + urlsafe_b64encode(data).decode(), owner="")


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        load_exchange(data, owner="")


NAMED = {"type": "object", "required": ["name", "value"],
         "properties": {"name": {"type": "string"}, "value": {"type": "string"}}}  # fmt: skip
LIST = {"type": "array", "items": NAMED}
HAR = {
    "type": "object",
    "required": ["log"],
    "properties": {"log": {
        "type": "object",
        "required": ["version", "creator", "entries"],
        "properties": {
            "version": {"const": "1.2"},
            "creator": {"type": "object", "required": ["name", "version"]},
            "entries": {"type": "array", "items": {
                "type": "object",
                "required": ["startedDateTime", "time", "request", "response", "cache", "timings"],
                "properties": {
                    "startedDateTime": {"type": "string",
                        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
                    "time": {"type": "number", "minimum": 0},
                    "request": {"type": "object",
                        "required": ["method", "url", "httpVersion", "cookies", "headers",
                                     "queryString", "headersSize", "bodySize"],
                        "properties": {
                            "headers": LIST, "queryString": LIST,
                            "url": {"type": "string", "pattern": "^https?://"},
                            "postData": {"type": "object", "required": ["mimeType", "text"]}}},
                    "response": {"type": "object",
                        "required": ["status", "statusText", "httpVersion", "cookies", "headers",
                                     "content", "redirectURL", "headersSize", "bodySize"],
                        "properties": {
                            "headers": LIST, "status": {"type": "integer"},
                            "content": {"type": "object", "required": ["size", "mimeType"]}}},
                    "timings": {"type": "object", "required": ["send", "wait", "receive"],
                        "additionalProperties": {"type": "number", "minimum": 0}},
                },
                "patternProperties": {"^_": {}},
                "additionalProperties": {},
            }},
        },
    }},
}  # fmt: skip
"""The structure of HAR 1.2, as its specification lists what must be there."""


def test_a_har_file_has_the_formats_structure_and_can_be_pasted_again() -> None:
    har = to_har([exchange("a"), exchange("b", started=START - 5)], origin="http://h:4000")
    jsonschema.validate(har, HAR)
    text = json.dumps(har)
    assert KEY not in text and "pw@" not in text
    times = [entry["startedDateTime"] for entry in har["log"]["entries"]]
    assert times == sorted(times) and len(times) == 4
    pieces = read_paste(text)
    assert [p.dialect for p in pieces] == ["openai", "ollama"] * 2
    assert pieces[0].request == {**BODY, "messages": [{"role": "user", "content": "你好 sk-***"}]}
    assert pieces[0].url == "http://h:4000/v1/chat/completions" and pieces[0].streamed


def test_a_diagnosis_says_all_and_no_key() -> None:
    one = exchange(words=40)
    one.error = f"the key {KEY} was refused ```"
    text = write_diagnosis(one, server="ollama 0.17.4")
    assert KEY not in text and "pw@" not in text
    for part in ("ollama 0.17.4", "/v1/chat/completions", "/api/chat", "1.000 s", "aiohttp"):
        assert part in text
    assert text.count('"content": "\\u5b57"') == 20, "the last twenty lines of the backend"


async def test_a_folder_keeps_them_bounded_and_to_oneself(tmp_path: Path) -> None:
    captures = Captures(number=3, max_bytes=10**9, folder=tmp_path / "kept")
    log = ExchangeLog()
    task = asyncio.create_task(keep_on_disk(log, CaptureFolder(captures), pause=0.01))
    for number in range(5):
        log.add(exchange(str(number), started=START + number))
    still = exchange("open", started=START + 9)
    still.ended = 0
    log.add(still)
    files: list[Path] = []
    for _ in range(1000):
        if any(f.name.endswith("-4.diglot") for f in files):
            break
        await asyncio.sleep(0.01)
        files = sorted((tmp_path / "kept").glob("*.diglot"))
    still.ended = START + 10
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    files = sorted((tmp_path / "kept").iterdir())
    assert [f.name.partition("-")[2] for f in files] == ["3.diglot", "4.diglot", "open.diglot"]
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o600 for f in files)
    assert all(KEY.encode() not in zlib.decompress(f.read_bytes()) for f in files)
    (tmp_path / "kept" / "0.diglot").write_bytes(b"broken")
    again = ExchangeLog()
    task = asyncio.create_task(keep_on_disk(again, CaptureFolder(captures), pause=0.01))
    for _ in range(1000):
        if again.count(owner="ada") == 3:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    assert [e.id for e in again.newest(owner="ada")] == ["open", "4", "3"]
    assert again.newest(owner="bob") == []
    small = CaptureFolder(Captures(number=9, max_bytes=1, folder=tmp_path / "kept"))
    small.save([])
    assert small.load() == []


def packed_link(data: bytes) -> str:
    return "d1." + urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def bomb(pieces: int, *, wires: int = 0) -> bytes:
    wire = '{"dialect":"openai","path":"","request":""}'
    client = wire[:-1] + ',"chunks":[' + ",".join(["[0]"] * pieces) + "]}"
    backend = ",".join([wire] * wires)
    return (f'{{"diglot_exchange":1,"id":"a","model":"m","started":1,"client":{client},'
            f'"backend":[{backend}]}}').encode()  # fmt: skip


@pytest.mark.parametrize(
    "made",
    [lambda: bomb(3_000_000), lambda: bomb(0, wires=300_000), lambda: bomb(160_000),
     lambda: b"{" + b" " * 60_000_000 + b"}",
     lambda: b'{"diglot_exchange":1,"id":' + b"[" * 1_000_000],
    ids=["pieces", "wires", "fewer pieces", "spaces", "depth"],
)  # fmt: skip
def test_a_bomb_in_a_link_or_a_file_costs_little(made: Callable[[], bytes]) -> None:
    data = made()
    link, file = packed_link(data), zlib.compress(data, 9)
    tracemalloc.start()
    try:
        for read in (lambda: load_link(link, owner="me"), lambda: load_exchange(file)):
            tracemalloc.reset_peak()
            with pytest.raises(InvalidRequest):
                read()
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_long_answer_in_many_events_is_shared_and_read() -> None:
    one = exchange(words=20_000)
    again = load_exchange(compressed(one), owner="me")
    assert len(again.client.chunks) == 40_000
