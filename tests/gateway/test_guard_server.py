"""What one client can do to a server by its connections alone, over real sockets.

The bounds are made small here; tests/ui/test_guard_ports.py looks at the real ones.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from core.gateway.protocols import uvicorn_protocol as protocol
from core.gateway.protocols.uvicorn_protocol import BoundedProtocol, BoundedServer
from tests.support.threads import serving_app


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Say which headers came; ``/slow`` waits a little, ``/much`` says 64 MB."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    size = 0
    if scope["path"] != "/early":
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    names = b",".join(name for name, _ in scope["headers"])
    body = b"%d %b" % (size, names)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/much":
        for _ in range(64):
            await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def url() -> Iterator[str]:
    # As Streamlit starts it: nothing is said of a protocol.
    with serving_app(BoundedServer(echo), ws="websockets-sansio", ws_max_size=200 << 20) as url:
        yield url


def opened(url: str) -> socket.socket:
    place = urlsplit(url)
    assert place.hostname and place.port
    return socket.create_connection((place.hostname, place.port), timeout=20)


def heard(wire: socket.socket, seconds: float = 20) -> bytes:
    """Return all that comes until the server closes or is silent."""
    wire.settimeout(seconds)
    came = b""
    try:
        while piece := wire.recv(65536):
            came += piece
    except ConnectionResetError:
        pass
    return came


GET = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def test_trailers_are_no_headers(url: str) -> None:
    with opened(url) as wire:
        wire.sendall(CHUNKED + b"2\r\nhi\r\n0\r\nauthorization: Bearer x\r\nx-late: 1\r\n\r\n")
        wire.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        said = heard(wire)
    assert said.count(b"200 OK") == 2
    assert b"2 host,transfer-encoding" in said
    assert b"authorization" not in said and b"x-late" not in said


@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (CHUNKED + b"0\r\n", b"x: y\r\n"),
        (CHUNKED + b"0\r\nx: ", b"yyyyyy"),
        (CHUNKED + b"1;x=", b"yyyyyy"),
        (CHUNKED + b"2;x=y\r\nhi\r\n1;", b"z=1;"),
        (b"GET / HTTP/1.1\r\n", b"x: y\r\n"),
        (b"GET /", b"yyyyyy"),
    ],
    ids=["trailers", "trailer", "extension", "extensions", "headers", "target"],
)
def test_what_never_ends_is_cut_soon_and_costs_no_more_than_its_bytes(
    url: str, begun: bytes, more: bytes
) -> None:
    with opened(url) as wire:
        began = time.monotonic()
        sent = 0
        with pytest.raises(OSError):
            wire.sendall(begun)
            for _ in range(64):
                wire.sendall(more * ((1 << 20) // len(more)))
                sent += 1 << 20
        # Sockets themselves hold a few MB.
        assert sent < 32 << 20
        assert time.monotonic() - began < 10
    assert httpx.get(url).status_code == 200


@pytest.mark.slow
def test_byte_by_byte_is_not_dearer(url: str) -> None:
    began = time.monotonic()
    with opened(url) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(CHUNKED + b"0\r\nx: ")
        with pytest.raises(OSError):
            for _ in range(300_000):
                wire.send(b"y")
    assert time.monotonic() - began < 60


def test_headers_have_a_number(url: str) -> None:
    many = {f"x-{n}": "y" for n in range(300)}
    answer = httpx.get(url, headers=many)
    assert (answer.status_code, answer.text) == (431, "There are more than 256 headers.")
    assert httpx.get(url, headers=dict(list(many.items())[:200])).status_code == 200


def test_a_pipeline_has_an_end_and_its_answers_stay_in_order(url: str) -> None:
    with opened(url) as wire:
        wire.sendall(GET.replace(b"/slow", b"/") * 5000)
        said = heard(wire)
    assert 1 <= said.count(b"HTTP/1.1 200 OK") <= 2 * protocol.MAX_PIPELINE
    assert b"400" not in said
    assert said.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("rest", [b"\x00\x01 nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nx y\r\n\r\n"])
def test_nothing_is_written_into_an_answer_that_is_going_out(url: str, rest: bytes) -> None:
    with opened(url) as wire:
        wire.sendall(GET)
        time.sleep(0.1)
        wire.sendall(rest)
        said = heard(wire)
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 200 OK") and said.endswith(b"\r\n0\r\n\r\n")


def test_a_body_that_is_broken_is_said_to_be(url: str) -> None:
    with opened(url) as wire:
        wire.sendall(CHUNKED + b"zz\r\n")
        assert heard(wire).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("path", [b"/", b"/early"])
def test_a_body_has_to_come(url: str, path: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TICK", 0.1)
    monkeypatch.setattr(protocol, "BODY_TIME", 0.6)
    with opened(url) as wire:
        wire.sendall(b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n")
        began = time.monotonic()
        with pytest.raises(OSError):
            for _ in range(600):
                wire.sendall(b"y")  # a byte now and then
                time.sleep(0.05)
        assert 0.5 < time.monotonic() - began < 20


def test_a_body_that_nobody_wants_is_read_to_its_end_within_a_bound(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    with opened(url) as wire:
        wire.sendall(head % (4 << 20) + bytes(4 << 20) + GET.replace(b"/slow", b"/last"))
        wire.shutdown(socket.SHUT_WR)
        assert heard(wire).count(b"200 OK") == 2
    monkeypatch.setattr(protocol, "LINGER", 1 << 20)
    with opened(url) as wire, pytest.raises(OSError):
        wire.sendall(head % (1 << 30))
        for _ in range(1024):
            wire.sendall(bytes(1 << 20))


@pytest.mark.slow
def test_an_answer_has_to_be_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "READ_TIME", 0.5)
    with opened(url) as wire:
        wire.sendall(GET.replace(b"/slow", b"/much"))
        time.sleep(2)
        assert len(heard(wire)) < 64 << 20
    with httpx.stream("GET", f"{url}/much") as answer:
        assert sum(map(len, answer.iter_bytes())) > 64 << 20


def test_connections_have_a_number_and_the_silent_make_room(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "most", 20)
    silent = [opened(url) for _ in range(20)]
    try:
        for _ in range(10):
            assert httpx.get(url, timeout=20).status_code == 200
        assert heard(silent[0]).startswith(b"HTTP/1.1 503")
        assert silent[19].send(GET) and silent[19].recv(12) == b"HTTP/1.1 200"
    finally:
        for wire in silent:
            wire.close()


def test_websockets_have_a_number(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_SOCKETS", 8)
    place = url.replace("http", "ws")
    with ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(connect(place))
        with connect(place), pytest.raises(InvalidStatus) as refused, connect(place):
            pass
        assert refused.value.response.status_code == 503
        time.sleep(0.2)
        open_ones.enter_context(connect(place))


def test_a_message_of_a_websocket_has_a_size(url: str) -> None:
    with connect(url.replace("http", "ws"), max_size=None) as wire:
        wire.send(bytes(20 << 20))
        with pytest.raises(ConnectionClosed):
            wire.send(bytes(40 << 20))
            wire.recv(timeout=20)


def test_what_serves_is_not_said(url: str) -> None:
    assert "server" not in httpx.get(url).headers
