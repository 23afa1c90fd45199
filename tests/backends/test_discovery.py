"""Finding what there is to talk to. The Ollama here is a socket that says what Ollama says."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core.backends.discovery import Found, discover, find_ollama
from core.config.config import Config, Embedded
from core.config.deployment import Deployment
from core.errors import ConfigError

# As Ollama 0.17.4 answers, byte for byte but for the date.
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 20\r\n\r\n"
    b'{"version":"0.17.4"}'
)
EMBEDDED = Deployment(
    id="embedded",
    model_name="smollm2:135m",
    model="smollm2:135m",
    dialect="openai",
    base_url="",
    embedded=True,
)


async def at(answer: bytes | None, then: Callable[[str], Awaitable[None]]) -> None:
    """Call ``then`` with the host:port of a server that answers so, or never for None."""

    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"GET /api/version HTTP/1.1\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        served.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await then(f"127.0.0.1:{port}")
        await served.wait()


def test_a_running_ollama_offers_all_of_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    # A proxy is for the world outside: Ollama is asked directly.
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def check(host: str) -> None:
        environ = {"OLLAMA_HOST": host}
        everything = Deployment(
            id="ollama", model_name="*", model="*", dialect="ollama", base_url=f"http://{host}"
        )
        assert await discover(None, environ) == Config(deployments=(everything,))

    async def find(host: str) -> None:
        assert await find_ollama({"OLLAMA_HOST": host}) == Found(f"http://{host}", "0.17.4")

    asyncio.run(at(ANSWER, check))
    asyncio.run(at(ANSWER, find))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"release":"1"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_what_answers_otherwise_is_no_ollama(answer: bytes) -> None:
    async def check(host: str) -> None:
        assert await find_ollama({"OLLAMA_HOST": host}) is None

    asyncio.run(at(answer, check))


@pytest.mark.slow
def test_a_server_that_never_answers_is_not_waited_for() -> None:
    async def check(host: str) -> None:
        before = time.monotonic()
        assert await find_ollama({"OLLAMA_HOST": host}) is None
        assert time.monotonic() - before < 6

    asyncio.run(at(None, check))


def test_without_an_ollama_there_is_the_embedded_model() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"  # nobody listens there a moment later
    config = asyncio.run(discover(None, {"OLLAMA_HOST": host}))
    assert config == Config(
        deployments=(EMBEDDED,),
        warnings=(f"No Ollama answers at http://{host}; the embedded model is used.",),
    )


def test_a_config_with_models_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("model_list: [{model_name: a, litellm_params: {model: embedded/b}}]")
    config = asyncio.run(discover(path, {"OLLAMA_HOST": "127.0.0.1:1"}))
    assert [(d.model_name, d.model, d.embedded) for d in config.deployments] == [("a", "b", True)]
    assert config.warnings == ()


def test_a_config_without_models_keeps_its_other_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("diglot: {strict: true, embedded: {model: own.gguf}}")
    config = asyncio.run(discover(path, {"OLLAMA_HOST": "127.0.0.1:1"}))
    assert config.strict
    assert config.embedded == Embedded(model=tmp_path / "own.gguf")
    assert [(d.model_name, d.embedded) for d in config.deployments] == [("own", True)]


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="OLLAMA_HOST is not the address"):
        asyncio.run(discover(None, {"OLLAMA_HOST": "ftp://host"}))
