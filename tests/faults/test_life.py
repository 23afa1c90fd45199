"""Backends that die and come back, clients that leave, and a gateway that is told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from core.backends.fleet import Fleet
from tests.faults.asking import CLIENT_DIALECTS, ask, asked_body, judge
from tests.faults.backend import Faulty, running
from tests.faults.test_matrix import CONFIG, Gateway, serving, settled
from tests.support.programs import GatewayProgram, free_port, until

pytestmark = pytest.mark.slow

ONE = (
    'model_list:\n  - {{model_name: "*", litellm_params: {{model: "ollama/*", api_base: "{0}"}}}}\n'
)
BOTH = """
model_list:
  - {{model_name: "ollama/*", litellm_params: {{model: "ollama/*", api_base: "{0}"}}}}
  - {{model_name: "openai/*", litellm_params: {{model: "openai/*", api_base: "{0}"}}}}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    path: Path = tmp_path_factory.mktemp("life") / "config.yaml"
    with running() as bad, running() as good:
        path.write_text(CONFIG.format(bad=bad.url, good=good.url, places=""))
        fleet = Fleet(path)
        with serving(fleet) as url:
            yield Gateway(url, fleet, bad, good)


def test_a_backend_that_was_killed_is_used_again_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "config.yaml"
    path.write_text(ONE.format(f"http://127.0.0.1:{port}"))
    body = asked_body("openai", "good", "token-k", stream=False)
    with serving(Fleet(path)) as url:
        for _ in range(2):
            with running(port):
                for _ in range(3):
                    answer = httpx.post(url + CLIENT_DIALECTS["openai"], json=body, timeout=30)
                    assert answer.json()["choices"][0]["message"]["content"] == "token-k"
            answer = httpx.post(url + CLIENT_DIALECTS["openai"], json=body, timeout=30)
            assert answer.status_code == 503
            assert "nothing answers" in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["ollama", "openai"])
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
async def test_a_client_that_leaves_stops_the_backend(
    place: Gateway, client_dialect: str, kind: str
) -> None:
    async with httpx.AsyncClient(base_url=place.url, timeout=30) as client:
        body = asked_body(client_dialect, f"{kind}-1/stall_inside", "token-gone", stream=True)
        async with client.stream("POST", CLIENT_DIALECTS[client_dialect], json=body) as answer:
            assert answer.status_code == 200
            await anext(answer.aiter_raw())
        before = place.bad.asked["stall_before"]
        body = asked_body(client_dialect, f"{kind}-1/stall_before", "token-gone", stream=False)
        whole = asyncio.create_task(client.post(CLIENT_DIALECTS[client_dialect], json=body))
        while place.bad.asked["stall_before"] == before:  # noqa: ASYNC110  # another thread's
            await asyncio.sleep(0.01)
        whole.cancel()
        await asyncio.gather(whole, return_exceptions=True)
    started = time.monotonic()
    await settled(place)
    assert time.monotonic() - started < 2.5  # before the timeout of 3 s would end it
    assert all(load.failed_total == 0 for load in place.fleet.loads)


async def test_many_that_leave_at_any_moment_leave_nothing_behind(place: Gateway) -> None:
    async def leave(number: int) -> None:
        client_dialect = list(CLIENT_DIALECTS)[number % len(CLIENT_DIALECTS)]
        async with httpx.AsyncClient(base_url=place.url) as client:
            asking = ask(
                client, client_dialect, "ollama-2/drip", f"token-{number}", stream=number % 2 == 0
            )
            with suppress(TimeoutError, httpx.HTTPError):
                await asyncio.wait_for(asking, 0.003 * number)

    await asyncio.gather(*(leave(number) for number in range(40)))
    await settled(place)


class Told(NamedTuple):
    """What one client got of a gateway that stopped while it was answering."""

    client_dialect: str
    stream: bool
    status: int
    headers: dict[str, str]
    data: bytes


async def hear(
    url: str, client_dialect: str, body: dict[str, Any], begun: asyncio.Queue[str]
) -> Told:
    """Ask, say when the answer has begun, and read to its proper end."""
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as client,
        client.stream("POST", CLIENT_DIALECTS[client_dialect], json=body) as answer,
    ):
        data = b""
        async for piece in answer.aiter_raw():
            if not data and body["stream"]:
                begun.put_nowait(client_dialect)
            data += piece
    return Told(client_dialect, body["stream"], answer.status_code, dict(answer.headers), data)


async def told_at_the_end(
    gateway: GatewayProgram, backend: Faulty, bodies: list[tuple[str, dict[str, Any]]]
) -> list[Told]:
    """Ask all of it, end the gateway once all is in work, and return what came."""
    begun: asyncio.Queue[str] = asyncio.Queue()
    asking = [
        asyncio.ensure_future(hear(gateway.url, client_dialect, body, begun))
        for client_dialect, body in bodies
    ]
    for _, body in bodies:
        if body["stream"]:
            await begun.get()
    parts = sum(body.get("n", 1) for _, body in bodies)
    await asyncio.to_thread(until, lambda: backend.working == parts)
    gateway.signal(signal.SIGTERM)
    return await asyncio.gather(*asking)


@pytest.fixture
def stopping(tmp_path: Path) -> Iterator[tuple[GatewayProgram, Faulty]]:
    """A gateway that gives answers in work two seconds, and its backend."""
    path = tmp_path / "config.yaml"
    with running() as backend:
        path.write_text(BOTH.format(backend.url))
        gateway = GatewayProgram(path, "--drain", "2", log=tmp_path / "log")
        gateway.start()
        try:
            gateway.up()
            yield gateway, backend
            assert gateway.wait() in (0, -signal.SIGTERM)
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.1", gateway.port), 2)
            until(lambda: backend.working == 0)
        finally:
            gateway.kill()


async def test_what_ends_in_time_is_whole(stopping: tuple[GatewayProgram, Faulty]) -> None:
    body = asked_body("openai", "ollama/paced", "token-t", stream=True)
    (told,) = await told_at_the_end(*stopping, [("openai", body)])
    outcome = judge("openai", told.status, told.data, told.headers, stream=True)
    assert outcome.complete and outcome.text == "token-t"


async def test_what_does_not_end_in_time_ends_with_an_error_of_its_dialect(
    stopping: tuple[GatewayProgram, Faulty],
) -> None:
    bodies = [
        (client_dialect, asked_body(client_dialect, f"{kind}/{fault}", "token-t", stream=stream))
        for client_dialect in CLIENT_DIALECTS
        for kind in ("ollama", "openai")
        for fault, stream in (("stall_inside", True), ("stall_before", False))
    ]
    # Two answers at once, which are joined.
    bodies.append(("openai", {**bodies[0][1], "n": 2}))
    *one, two = await told_at_the_end(*stopping, bodies)
    for told in (*one, two):
        outcome = judge(
            told.client_dialect, told.status, told.data, told.headers, stream=told.stream
        )
        assert outcome.error is not None and "being stopped" in outcome.error, told
        assert not outcome.complete
        if told.stream:
            assert (told.status, outcome.text) == (200, "toktok" if told is two else "tok"), told
        else:
            assert (told.status, told.headers["retry-after"]) == (503, "2"), told
    log = stopping[0].log.read_text()
    assert "Traceback" not in log, log


def test_a_config_that_breaks_under_load_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with running() as backend:
        config = ONE.format(backend.url)
        path.write_text(config)
        fleet = Fleet(path)

        async def load(url: str) -> list[bool]:
            async with httpx.AsyncClient(base_url=url, timeout=30) as client:
                said = []
                for number in range(30):
                    if number % 10 == 5:
                        path.write_text("model_list: [" if number < 20 else config)
                    outcome = await ask(client, "ollama", "paced", f"token-{number}", stream=True)
                    said.append(outcome.complete and outcome.text == f"token-{number}")
                return said

        with serving(fleet) as url:
            assert all(asyncio.run(load(url)))
            until(lambda: not fleet.status().config_error)
            assert json.loads(httpx.get(f"{url}/api/version").content)
