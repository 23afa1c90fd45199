"""What can be done with raw bytes: two requests in one, headers in names, slow senders."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core.gateway import gate
from core.gateway.protocols import uvicorn_protocol as protocol
from core.gateway.protocols.uvicorn_protocol import BoundedProtocol
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, post
from tests.support.scripted_backend import Scripted, running

pytestmark = pytest.mark.slow

NAME = "evil\r\nx-evil: 1\r\n\r\n<script>"


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    config = f"""
model_list:
  - {{model_name: "*", litellm_params: {{model: ollama/*, api_base: "{backend.url}"}}}}
"""
    with gateway(config, tmp_path) as base:
        yield base


def raw(url: str, *pieces: bytes) -> bytes:
    """Send bytes as they are; return all that comes until the server closes or is silent."""
    place = urlsplit(url)
    assert place.hostname and place.port
    with socket.create_connection((place.hostname, place.port), timeout=20) as wire:
        for piece in pieces:
            wire.sendall(piece)
        wire.settimeout(3)
        came = b""
        try:
            while piece := wire.recv(65536):
                came += piece
        except TimeoutError:
            pass
        return came


BODY = json.dumps({"model": "m", "messages": HELLO}).encode()
HIDDEN = b"GET /api/version HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: %d\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: %d\r\n",
        b"content-length: %d\r\ncontent-length: 3\r\n",
        b"content-length: %d\r\ntransfer-encoding : chunked\r\n",
        b"content-length: %d\r\ntransfer-encoding: xchunked\r\n",
        b"content-length: %d\r\ntransfer-encoding: chunked, identity\r\n",
        b"content-length: +%d\r\n",
        b"content-length: 0x%d\r\n",
        b"content-length: -%d\r\n",
        b"x: y\n content-length: %d\r\n",
    ],
)
def test_one_request_is_never_taken_for_two(url: str, backend: Scripted, head: bytes) -> None:
    length = b"0\r\n\r\n" + HIDDEN
    start = b"POST " + COMPAT.encode() + b" HTTP/1.1\r\nhost: localhost\r\n"
    said = raw(url, start + head % len(length) + b"\r\n" + length)
    answers = said.count(b"HTTP/1.1 ")
    assert answers <= 1, said
    assert b'"version"' not in said
    assert backend.bodies(NATIVE) == []


def test_what_is_not_read_of_a_refused_request_is_not_the_next_one(url: str) -> None:
    start = b"POST " + COMPAT.encode() + b" HTTP/1.1\r\nhost: localhost\r\norigin: https://evil\r\n"
    said = raw(url, start + b"content-length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN)
    assert said.startswith(b"HTTP/1.1 403")
    assert b'"version"' not in said


def test_two_names_of_the_host_are_refused(url: str) -> None:
    said = raw(
        url,
        b"GET /api/version HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n"
        b"connection: close\r\n\r\n",
    )
    assert said.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/version\r\nx-evil: 1 HTTP/1.1",
        b"GET  /api/version HTTP/1.1",
        b"GET /api/version HTTP/9.9",
        b"\x16\x03\x01\x02\x00",
        b"GET http://evil.example/api/version HTTP/1.1",
    ],
)
def test_lines_that_are_none_do_no_harm(url: str, line: bytes) -> None:
    said = raw(url, line + b"\r\nhost: localhost\r\nconnection: close\r\n\r\n")
    assert b"x-evil" not in said
    assert httpx.get(f"{url}/api/version").status_code == 200


@pytest.mark.parametrize(
    "path", [COMPAT, NATIVE, "/v1/messages", "/v1/responses", "/v1/embeddings"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_models_name_ends_no_header(url: str, backend: Scripted, path: str, stream: bool) -> None:
    body = {"model": NAME, "messages": HELLO, "input": "x", "max_tokens": 5, "stream": stream}
    answer = post(url + path, body)
    assert "x-evil" not in answer.headers
    assert answer.headers["content-type"].startswith(("application/", "text/event-stream"))
    assert all("\n" not in value for value in answer.headers.values())
    for head in backend.heads:
        assert "x-evil" not in head


def test_names_in_paths_and_errors_end_no_header(url: str) -> None:
    for path in (
        "/v1/models/a%0d%0ax-evil:%201",
        "/v1/responses/a%0d%0ax-evil:%201",
        "/v1/%0d%0ax-evil",
        "/api/blobs/%0d%0ax-evil:%201",
        "/v1/models/../../etc/passwd",
        "/v1/models/%2e%2e%2f%2e%2e%2fetc",
    ):
        answer = httpx.get(url + path)
        assert answer.status_code in (403, 404, 405, 501), path
        assert "x-evil" not in answer.headers


@pytest.fixture
def bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(protocol, "HEAD_TIME", 0.5)
    monkeypatch.setattr(gate, "BODY_TIME", 0.5)
    # So long a body may come without a task that waits for it.
    monkeypatch.setattr(protocol, "TICK", 0.2)
    config = 'model_list: [{model_name: m, litellm_params: {model: ollama/m, api_base: "h:9"}}]'
    with gateway(config, tmp_path, http=BoundedProtocol) as base:
        yield base


@pytest.mark.parametrize("begun", [b"", b"GET /api/ver", b"GET /api/version HTTP/1.1\r\nx: y\r\n"])
def test_headers_that_never_end_are_not_waited_for(bounded: str, begun: bytes) -> None:
    place = urlsplit(bounded)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as wire:
        wire.sendall(begun)
        assert wire.recv(1) == b""
    assert httpx.get(f"{bounded}/api/version").status_code == 200


def test_headers_without_end_are_cut(bounded: str) -> None:
    place = urlsplit(bounded)
    with (
        socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as wire,
        pytest.raises(OSError),
    ):
        wire.sendall(b"GET /api/version HTTP/1.1\r\nx: ")
        for _ in range(2000):
            wire.sendall(b"a" * 8192)
    assert httpx.get(f"{bounded}/api/version").status_code == 200


def test_a_body_that_never_comes_is_not_waited_for(bounded: str) -> None:
    head = (
        b"POST " + COMPAT.encode() + b" HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n"
    )
    assert raw(bounded, head + b'{"model":').startswith(b"HTTP/1.1 408")


def test_requests_follow_each_other_on_one_connection(bounded: str) -> None:
    with httpx.Client() as client:
        for _ in range(4):
            assert client.get(f"{bounded}/api/version").status_code == 200
            time.sleep(0.2)


@pytest.mark.parametrize(
    "digest",
    ["sha256:0", f"sha256:{'0' * 64}?x=1", f"sha256:{'0' * 64}%0d%0ax-evil: 1", "..%3F", "%00"],
)
def test_a_digest_of_a_blob_is_no_way_out_of_the_path(
    url: str, backend: Scripted, digest: str
) -> None:
    quoted = digest.replace("?", "%3F")
    assert httpx.head(f"{url}/api/blobs/{quoted}").status_code == 400
    assert httpx.post(f"{url}/api/blobs/{quoted}", content=b"x").status_code == 400
    assert backend.heads == []
