"""What leaves together: a head that is followed at once, and a stream that has arrived whole."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.middleware.gzip import GZipMiddleware

from core.gateway.protocols.joined_head import BODY_FOLLOWS
from core.gateway.protocols.uvicorn_protocol import BoundedServer
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
    headers = [(b"x-own", b"a\r\nb: c" if scope["path"] == "/injected" else b"a")]
    if scope["path"] == "/headers":
        headers = [(b"x-own", b",".join([name for name, _ in scope["headers"]]))]
    if scope["path"] == "/byte":
        headers = [(b"x-own", b"a%cb" % int(scope["query_string"]))]
    await send({"type": "http.response.start", "status": 200, "headers": headers,
                BODY_FOLLOWS: None if scope["path"] == "/chunks" else 4})  # fmt: skip
    if scope["path"] == "/breaks":
        raise RuntimeError("the promise is not kept")
    await send({"type": "http.response.body", "body": b"ab", "more_body": True})
    await send({"type": "http.response.body", "body": b"cd"})


# A server that logs each request leaves the head to uvicorn.
@pytest.fixture(params=[False, True], ids=["ours", "uvicorns"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    level = "info" if request.param else "warning"
    with serving_app(BoundedServer(answer), access_log=request.param, log_level=level) as url:
        yield url


@pytest.fixture
def wire(url: str) -> Iterator[socket.socket]:
    place = urlsplit(url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as made:
        yield made


@pytest.fixture
def logged(request: pytest.FixtureRequest) -> bool:
    return "uvicorns" in request.node.name


@pytest.mark.parametrize(
    ("path", "begins", "ends"),
    [
        (b"/sized", b"\r\n\r\nab", b"abcd"),
        (b"/chunks", b"\r\n\r\n2\r\nab\r\n", b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
    ],
)
def test_a_head_comes_with_what_follows(
    wire: socket.socket, logged: bool, path: bytes, begins: bytes, ends: bytes
) -> None:
    together = 0
    for _ in range(TIMES):
        wire.sendall(ASKED % path)
        came = wire.recv(65536)
        together += begins in came
        while not came.endswith(ends):
            came += wire.recv(65536)
        assert came.count(b"HTTP/1.1 200 OK") == 1
    if not logged:
        assert together == TIMES, "a head came alone"


def test_a_client_that_keeps_no_connection_is_told_so(url: str) -> None:
    reply = httpx.post(f"{url}/sized", headers={"connection": "close"})
    assert (reply.content, reply.headers["content-length"]) == (b"abcd", "4")
    assert reply.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/sized", "/chunks"])
@pytest.mark.parametrize("logged", [False, True])
def test_what_packs_the_body_between_says_its_length(path: str, logged: bool) -> None:
    packing = GZipMiddleware(answer, minimum_size=1)
    level = "info" if logged else "warning"
    with serving_app(BoundedServer(packing), access_log=logged, log_level=level) as url:
        for _ in range(3):
            reply = httpx.post(url + path)
            assert (reply.content, reply.headers["content-encoding"]) == (b"abcd", "gzip")
            lengths = reply.headers.get_list("content-length")
            assert len(lengths) + len(reply.headers.get_list("transfer-encoding")) == 1


def test_no_header_can_begin_another(url: str) -> None:
    try:
        reply = httpx.post(f"{url}/injected")
    except httpx.RemoteProtocolError:
        return  # nothing was sent
    assert reply.status_code == 500 and "b" not in reply.headers


def test_a_header_holds_no_control_character_but_the_tab(wire: socket.socket, url: str) -> None:
    for byte in range(256):
        if byte in (9, *range(32, 127), *range(128, 256)):
            wire.sendall(ASKED % (b"/byte?%d" % byte))
            came = wire.recv(65536)
            while not came.endswith(b"abcd"):
                came += wire.recv(65536)
            assert b"\r\nx-own: a%cb\r\n" % byte in came
        else:
            try:
                reply = httpx.post(f"{url}/byte?{byte}")
            except httpx.RemoteProtocolError:
                continue  # nothing was sent
            assert reply.status_code == 500 and "x-own" not in reply.headers


CHUNKED = b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize("framing", [b"content-length: 2\r\n\r\n{}", CHUNKED])
def test_an_offer_to_upgrade_says_no_header_twice(wire: socket.socket, framing: bytes) -> None:
    offer = b"connection: upgrade\r\nupgrade: h2c\r\n"
    for more in (offer, b"", offer):
        wire.sendall(b"POST /headers HTTP/1.1\r\nhost: x\r\n" + more + framing)
        came = wire.recv(65536)
        while not came.endswith(b"abcd"):
            came += wire.recv(65536)
        names = b",".join(line.partition(b":")[0] for line in (more + framing).split(b"\r\n"))
        assert b"x-own: host," + names.partition(b",,")[0] + b"\r\n" in came


def test_a_head_without_what_was_promised_still_leaves(url: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("POST", f"{url}/breaks") as reply:
        assert reply.status_code == 200
        reply.read()


def test_a_head_alone_says_all_to_a_client_that_asks_for_no_more(url: str) -> None:
    reply = httpx.head(f"{url}/sized")
    assert (reply.status_code, reply.headers["content-length"], reply.content) == (200, "4", b"")
