"""Backends that die and come back, clients that leave, and a gateway that is told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from core.backends.fleet import Fleet
from tests.faults.asking import FACES, ask, asked_body, judge
from tests.faults.backend import running
from tests.faults.test_matrix import CONFIG, Gateway, serving, settled
from tests.programs import ROOT, environment, free_port

ONE = (
    'model_list:\n  - {{model_name: "*", litellm_params: {{model: "ollama/*", api_base: "{0}"}}}}\n'
)


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
                    answer = httpx.post(url + FACES["openai"], json=body, timeout=30)
                    assert answer.json()["choices"][0]["message"]["content"] == "token-k"
            answer = httpx.post(url + FACES["openai"], json=body, timeout=30)
            assert answer.status_code == 503
            assert "nothing answers" in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["ollama", "openai"])
@pytest.mark.parametrize("face", FACES)
async def test_a_client_that_leaves_stops_the_backend(place: Gateway, face: str, kind: str) -> None:
    async with httpx.AsyncClient(base_url=place.url, timeout=30) as client:
        body = asked_body(face, f"{kind}-1/stall_inside", "token-gone", stream=True)
        async with client.stream("POST", FACES[face], json=body) as answer:
            assert answer.status_code == 200
            await anext(answer.aiter_raw())
        before = place.bad.asked["stall_before"]
        body = asked_body(face, f"{kind}-1/stall_before", "token-gone", stream=False)
        whole = asyncio.create_task(client.post(FACES[face], json=body))
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
        face = list(FACES)[number % len(FACES)]
        async with httpx.AsyncClient(base_url=place.url) as client:
            asking = ask(client, face, "ollama-2/drip", f"token-{number}", stream=number % 2 == 0)
            with suppress(TimeoutError, httpx.HTTPError):
                await asyncio.wait_for(asking, 0.003 * number)

    await asyncio.gather(*(leave(number) for number in range(40)))
    await settled(place)


def start(path: Path, port: int, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "core", "--config", str(path), "--port", str(port), *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=10)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    pytest.fail("it did not start")


@pytest.mark.parametrize(("model", "whole"), [("paced", True), ("stall_inside", False)])
def test_a_gateway_that_is_to_stop_ends_what_it_has_begun(
    tmp_path: Path, model: str, whole: bool
) -> None:
    """What ends in time is whole; the rest is cut, so that it cannot look whole."""
    path, port = tmp_path / "config.yaml", free_port()
    with running() as backend:
        path.write_text(ONE.format(backend.url))
        process = start(path, port, "--drain", "2")
        try:
            wait_for(port)
            body = asked_body("openai", model, "token-t" * 40, stream=True)
            with httpx.stream(
                "POST", f"http://127.0.0.1:{port}{FACES['openai']}", json=body, timeout=30
            ) as answer:
                pieces = answer.iter_raw()
                data = next(pieces)
                process.send_signal(signal.SIGTERM)
                try:
                    data += b"".join(pieces)
                    cut = False
                except httpx.RemoteProtocolError:
                    cut = True
            assert process.wait(30) in (0, -signal.SIGTERM)
        finally:
            process.kill()
            process.communicate()
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), 2)
        end = time.monotonic() + 10
        while backend.working and time.monotonic() < end:
            time.sleep(0.02)
        assert backend.working == 0
    assert cut is not whole
    if whole:
        outcome = judge("openai", 200, data, {}, stream=True)
        assert outcome.complete and outcome.text.startswith("token-t")
    else:
        assert b"[DONE]" not in data


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
            end = time.monotonic() + 20
            while fleet.status().config_error and time.monotonic() < end:
                time.sleep(0.05)
            assert not fleet.status().config_error
            assert json.loads(httpx.get(f"{url}/api/version").content)
