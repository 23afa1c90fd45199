"""The port of the pages and that of the gateway have the same bounds: both are tried for real."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.programs import GatewayProgram
from tests.ui.app_process import running_app

pytestmark = pytest.mark.slow

CONFIG = 'model_list: [{model_name: m, litellm_params: {model: ollama/m, api_base: "h:9"}}]'
_MB = 1 << 20


class Server(NamedTuple):
    url: str
    pid: int

    @property
    def memory(self) -> int:
        """The bytes of memory that its process holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096

    @property
    def seconds(self) -> float:
        """The processor's seconds that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def rest(self) -> None:
        """Wait until it has loaded what it loads after its start."""
        before = 0
        while self.memory - before > _MB:
            before = self.memory
            time.sleep(2)

    def open(self) -> socket.socket:
        place = urlsplit(self.url)
        return socket.create_connection((place.hostname or "", place.port or 0), timeout=20)


@contextmanager
def gateway_alone(folder: Path) -> Iterator[Server]:
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    program = GatewayProgram(path, log=folder / "gateway.log")
    program.start()
    try:
        program.up()
        yield Server(f"http://127.0.0.1:{program.port}", program.pid)
    finally:
        program.stop()


@contextmanager
def whole_app(folder: Path) -> Iterator[Server]:
    with running_app(folder, config=CONFIG) as url:
        app = Server(url, int((folder / "app.pid").read_text()))
        app.rest()
        yield app


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """The gateway alone, and in the process of the pages."""
    with (
        gateway_alone(tmp_path_factory.mktemp("gateway")) as gateway,
        whole_app(tmp_path_factory.mktemp("app")) as app,
    ):
        yield {"gateway": gateway, "app": app}


@pytest.fixture(params=["gateway", "app"])
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    return servers[request.param]


def test_slow_heads_are_closed(servers: dict[str, Server]) -> None:
    # Of both at once: each of them waits for half a minute.
    wires = [server.open() for server in servers.values() for _ in range(300)]
    try:
        for place, wire in enumerate(wires):
            wire.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: "[: 3 + place % 36])
        for _ in range(44):
            time.sleep(1)
            for wire in wires:
                try:
                    wire.send(b"y")
                except OSError:
                    wire.close()
            wires = [wire for wire in wires if wire.fileno() >= 0]
            if not wires:
                break
        assert wires == []
        for server in servers.values():
            assert httpx.get(f"{server.url}/v1/models", timeout=20).status_code == 200
    finally:
        for wire in wires:
            wire.close()


def test_an_endless_trailer_costs_neither_memory_nor_time(server: Server) -> None:
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    )
    for more in (b"x: y\r\n", b"x-%05d: yyyyyyyyyyyyyyyyyy\r\n" % 1, b"y"):
        before, spent = server.memory, server.seconds
        with server.open() as wire, pytest.raises(OSError):
            wire.sendall(head + (b"x: " if more == b"y" else b""))
            for _ in range(256):
                wire.sendall(more * (_MB // len(more)))
        assert server.memory - before < 24 * _MB
        assert server.seconds - spent < 3


def test_a_pipeline_costs_little(server: Server) -> None:
    before = server.memory
    one = b"GET /health/liveliness HTTP/1.1\r\nhost: localhost\r\n\r\n"
    for _ in range(5):
        with server.open() as wire:
            try:
                wire.sendall(one * 100_000)
                while wire.recv(_MB):
                    pass
            except OSError:
                pass
    assert server.memory - before < 24 * _MB
    assert httpx.get(f"{server.url}/v1/models", timeout=20).status_code == 200


def test_a_body_that_is_refused_is_not_held(server: Server) -> None:
    before = server.memory
    for path in ("/v1/chat/completions", "/", "/_stcore/upload_file/s/f", "/nowhere"):
        for method in ("POST", "PUT"):
            answer = httpx.request(
                method, server.url + path, content=(b"x" * _MB for _ in range(200)), timeout=60
            )
            assert 400 <= answer.status_code < 500
    assert server.memory - before < 160 * _MB
