"""Requests that begin without a task, from the client's side: pieces, pipelines, and leaving."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.backends.fleet import Fleet
from core.exchanges.exchange import Exchange
from core.gateway.app import create_app
from core.gateway.protocols.direct_protocol import DirectProtocol
from core.gateway.protocols.joined_head import JoinedHead
from tests.gateway.endpoints.test_direct import plain
from tests.support.direct_backend import CONFIG, FLOOD, LAST, Place
from tests.support.programs import until
from tests.support.threads import serving_app

PATH = "/v1/chat/completions"

# Lines that differ from one answer to the next.
VARIES = re.compile(rb"(date|[a-z-]+-id|[a-z-]+-ms|content-length):")


def wire_body(model: str, *, stream: bool = False) -> bytes:
    message = {"role": "user", "content": "x"}
    return json.dumps({"model": model, "messages": [message], "stream": stream}).encode()


def wire_request(body: bytes, more: str = "", version: str = "1.1") -> bytes:
    top = f"POST {PATH} HTTP/{version}\r\nhost: 127.0.0.1\r\n{more}"
    return f"{top}content-length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def client(place: Place) -> Iterator[socket.socket]:
    where = urlsplit(place.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as made:
        yield made


def read_until(made: socket.socket, end: bytes, times: int = 1) -> bytes:
    data = b""
    while data.count(end) < times:
        piece = made.recv(65536)
        if not piece:
            break
        data += piece
    return data


def newest(place: Place) -> Exchange:
    return place.fleet.log.newest(owner="", everyone=True, limit=1)[0]


@pytest.mark.parametrize(("script", "stream"), [("stall-before", False), ("stall-inside", True),
                                                ("stall-inside-whole", False)])  # fmt: skip
@pytest.mark.parametrize("leave", ["close", "reset", "half"])
def test_a_client_that_leaves_stops_the_backend(
    place: Place, client: socket.socket, script: str, stream: bool, leave: str
) -> None:
    calls = len(place.backend.asked)
    place.backend.left.clear()
    client.sendall(wire_request(wire_body(f"one/{script}", stream=stream)))
    until(lambda: len(place.backend.asked) > calls)
    if stream:
        assert b"he" in read_until(client, b"he")
    if leave == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if leave == "half":
        client.shutdown(socket.SHUT_WR)
    else:
        client.close()
    assert place.backend.left.wait(10)
    place.idle()


def test_one_head_after_another_is_known(
    place: Place, client: socket.socket, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[JoinedHead] = []
    again = JoinedHead.begin_again

    def noted(cycle: JoinedHead, *more: Any) -> None:
        known.append(cycle)
        again(cycle, *more)

    monkeypatch.setattr(JoinedHead, "begin_again", noted)
    scripts = ["whole", "whole", "burst", "whole", "broken-500", "whole", "whole"]
    for script in scripts:
        client.sendall(wire_request(wire_body(f"one/{script}", stream=script == "burst")))
        said = read_until(client, LAST if script == "burst" else b"}}")
        assert said.startswith(b"HTTP/1.1 500" if script == "broken-500" else b"HTTP/1.1 200")
        place.idle()
    # After the error, which a task has told, the next one is parsed.
    assert len(known) == len(scripts) - 2
    assert begun == ["handed over" if s == "broken-500" else "over" for s in scripts]


@pytest.mark.parametrize("odd", [b"\xef\xbb\xbf%b", b'{"thread":{"type":"create"},%b'])
def test_a_known_head_with_a_body_that_goes_the_long_way(
    place: Place, client: socket.socket, begun: list[str], odd: bytes
) -> None:
    path = b"/v1/messages" if b"thread" in odd else PATH.encode()
    body = wire_body("one/whole")[:-1] + b',"max_tokens":5}'
    long = odd % (body[1:] if b"thread" in odd else body)
    for sent in (body, body, long, long, body, body):
        client.sendall(wire_request(sent).replace(PATH.encode(), path, 1))
        said = read_until(client, b"}}")
        assert said.startswith(b"HTTP/1.1 200") and b"hello" in said, said
        place.idle()
    assert begun == ["over"] * 4


def test_requests_of_a_pipeline_are_answered_in_order(place: Place, client: socket.socket) -> None:
    scripts = ["whole-slowly", "whole", "broken-500", "burst", "whole"]
    client.sendall(b"".join(
        wire_request(wire_body(f"one/{s}", stream=s == "burst")) for s in scripts
    ))  # fmt: skip
    said = read_until(client, b"HTTP/1.1 ", 5)
    codes = re.findall(rb"HTTP/1.1 (\d+)", said)
    assert codes == [b"200", b"200", b"500", b"200", b"200"]
    place.idle()


@pytest.mark.parametrize("pieces", [1, 7, 100_000])
def test_a_body_may_come_in_pieces(
    place: Place, client: socket.socket, begun: list[str], pieces: int
) -> None:
    body = wire_body("one/whole")[:-1] + b" " * 100_000 + b"}"
    data = wire_request(body)
    if pieces == 1:
        client.sendall(data)
    else:
        for at in range(0, 300 if pieces < 10 else len(data), pieces):
            client.sendall(data[at : at + pieces])
        client.sendall(data[301:] if pieces < 10 else b"")
    assert b"hello" in read_until(client, b"total_tokens")
    assert begun == ["over"]


@pytest.mark.parametrize(
    ("more", "version"),
    [("", "1.0"), ("connection: close\r\n", "1.1"), ("expect: 100-continue\r\n", "1.1"),
     ("connection: upgrade\r\nupgrade: h2c\r\n", "1.1")],
)  # fmt: skip
def test_unusual_requests_are_answered(
    place: Place, client: socket.socket, more: str, version: str
) -> None:
    client.sendall(wire_request(wire_body("one/whole"), more, version))
    assert b"hello" in read_until(client, b"total_tokens")
    if "close" in more or version == "1.0":
        read_until(client, b"never")  # it is closed
    place.idle()


@pytest.mark.parametrize("script", ["whole", "whole-large", "burst", "stream",
                                    "broken-500", "error-inside", "closed-inside"])  # fmt: skip
@pytest.mark.parametrize(
    ("more", "version"),
    [("", "1.0"), ("connection: keep-alive\r\n", "1.0"), ("connection: close\r\n", "1.1")],
)
def test_a_connection_for_one_request_is_answered_alike(
    place: Place, monkeypatch: pytest.MonkeyPatch, begun: list[str], script: str, more: str,
    version: str,
) -> None:  # fmt: skip
    said: list[set[bytes]] = []
    bodies: list[str] = []
    where = urlsplit(place.url)
    for on in (False, True):
        monkeypatch.setattr(DirectProtocol, "on", on)
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=20) as made:
            body = wire_body(f"one/{script}", stream="whole" not in script)
            made.sendall(wire_request(body, more, version))
            head, _, text = read_until(made, b"never").partition(b"\r\n\r\n")
        said.append({line for line in head.split(b"\r\n") if not VARIES.match(line)})
        bodies.append(plain(text.decode()))
        place.idle()
    assert said[0] == said[1] and b"connection: close" in said[0]
    assert bodies[0] == bodies[1] and len(bodies[0]) > 50
    streamed = "whole" not in script and script != "broken-500"
    assert (b"transfer-encoding: chunked" in said[0]) == (version == "1.1" and streamed)
    failed = script in ("whole-large", "broken-500", "closed-inside")
    assert begun == ["handed over" if failed else "over"]


@pytest.mark.parametrize("after", [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_what_follows_is_not_mixed_in(place: Place, client: socket.socket, after: bytes) -> None:
    client.sendall(wire_request(wire_body("one/whole-slowly")) + after)
    said = read_until(client, b"total_tokens")
    first = said.partition(b"total_tokens")[0]
    assert first.startswith(b"HTTP/1.1 200") and first.count(b"HTTP/1.1") == 1
    place.idle()


@pytest.mark.slow
def test_a_slow_reader_slows_the_backend(place: Place) -> None:
    where = urlsplit(place.url)
    calls = len(place.backend.asked)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect((where.hostname, where.port))
        slow.sendall(wire_request(wire_body("one/stream-flood", stream=True)))
        until(lambda: len(place.backend.asked) > calls)
        # The backend has to wait for room, so that it cannot send it all.
        until(lambda: place.backend.sent > 0 and place.backend.waits)
        assert newest(place).client.answer_bytes < 40_000_000
        assert place.backend.sent < FLOOD
        text = b""
        while not text.endswith(b"0\r\n\r\n"):
            text = (text + slow.recv(1 << 20))[-64:]
    place.idle()
    assert newest(place).error == ""


def test_a_server_that_stops_lets_an_answer_end(tmp_path: Path, place: Place) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url=place.backend.url))
    with socket.socket() as made:
        made.settimeout(20)
        with serving_app(create_app(Fleet(path))) as url:
            where = urlsplit(url)
            made.connect((where.hostname, where.port))
            made.sendall(wire_request(wire_body("one/stream", stream=True)))
            said = read_until(made, b"he")
        assert b"[DONE]" in said + read_until(made, LAST)
