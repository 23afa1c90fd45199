"""What leaves together: a head that is followed at once, and a stream that has arrived whole."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from core.gateway.joined_head import BODY_FOLLOWS
from core.gateway.uvicorn_protocol import BoundedServer
from tests.support.threads import serving_app

ASKED = b"POST %b HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
TIMES = 50


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer as the path says."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await receive()
    headers = [] if scope["path"] == "/chunks" else [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": headers,
                BODY_FOLLOWS: True})  # fmt: skip
    if scope["path"] == "/breaks":
        raise RuntimeError("the promise is not kept")
    await send({"type": "http.response.body", "body": b"ab", "more_body": True})
    await send({"type": "http.response.body", "body": b"cd"})


@pytest.fixture
def url() -> Iterator[str]:
    with serving_app(BoundedServer(answer)) as url:
        yield url


@pytest.fixture
def wire(url: str) -> Iterator[socket.socket]:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "begins", "ends"),
    [
        (b"/sized", b"\r\n\r\nab", b"abcd"),
        (b"/chunks", b"\r\n\r\n2\r\nab\r\n", b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
    ],
)
def test_a_head_comes_with_what_follows(
    wire: socket.socket, path: bytes, begins: bytes, ends: bytes
) -> None:
    for _ in range(TIMES):
        wire.sendall(ASKED % path)
        came = wire.recv(65536)
        assert begins in came, "the head came alone"
        while not came.endswith(ends):
            came += wire.recv(65536)
        assert came.count(b"HTTP/1.1 200 OK") == 1


def test_a_head_without_what_was_promised_still_leaves(url: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("POST", f"{url}/breaks") as reply:
        assert reply.status_code == 200
        reply.read()


def test_a_head_alone_says_all_to_a_client_that_asks_for_no_more(url: str) -> None:
    reply = httpx.head(f"{url}/sized")
    assert (reply.status_code, reply.headers["content-length"], reply.content) == (200, "4", b"")
