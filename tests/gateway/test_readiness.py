"""What those are told who start, stop and balance processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, post
from tests.support.programs import GatewayProgram, until
from tests.support.scripted_backend import Scripted, running

CONFIG = """
model_list:
  - {{model_name: m, litellm_params: {{model: ollama/m, api_base: "{url}"}}}}
  - {{model_name: other, litellm_params: {{model: ollama/other, api_base: "{url}"}}}}
router_settings: {{allowed_fails: 0, cooldown_time: 60{more}}}
diglot: {{shutdown_delay: {delay}}}
"""


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
        yield scripted


def ready(url: str) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{url}/health/readiness")
    return answer.status_code, answer.json()


def test_all_is_well(backend: Scripted, tmp_path: Path) -> None:
    with gateway(CONFIG.format(url=backend.url, delay=0, more=""), tmp_path) as url:
        said = {"status": "healthy", "db": "Not connected", "redis": "Not connected",
                "backends": "available"}  # fmt: skip
        assert ready(url) == (200, said)


def test_a_backend_that_is_out_is_said_and_requests_still_come(
    backend: Scripted, tmp_path: Path
) -> None:
    gone = '  - {model_name: m, litellm_params: {model: ollama/m, api_base: "http://127.0.0.1:9"}}'
    config = CONFIG.format(url=backend.url, delay=0, more="")
    with gateway(config.replace("model_list:", f"model_list:\n{gone}"), tmp_path) as url:
        for _ in range(4):
            assert post(url + COMPAT, {"model": "m", "messages": HELLO}).status_code == 200
        code, said = ready(url)
        assert (code, said["status"], said["backends"]) == (200, "degraded", "some out")


def test_a_redis_that_is_away_is_said(backend: Scripted, tmp_path: Path) -> None:
    more = ", redis_url: redis://127.0.0.1:1"
    with gateway(CONFIG.format(url=backend.url, delay=0, more=more), tmp_path) as url:
        until(lambda: ready(url)[1]["redis"] == "unreachable")
        code, said = ready(url)
        assert (code, said["status"]) == (200, "degraded")


@pytest.mark.slow
def test_a_stop_is_announced_before_it_begins(backend: Scripted, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(url=backend.url, delay=3, more=""))
    program = GatewayProgram(config, log=tmp_path / "gateway.log")
    program.start()
    try:
        program.up()
        assert ready(program.url)[0] == 200
        began = time.monotonic()
        program.signal(signal.SIGTERM)
        until(lambda: ready(program.url)[0] == 503)
        assert ready(program.url)[1]["status"] == "stopping"
        answer = post(program.url + COMPAT, {"model": "m", "messages": HELLO})
        assert answer.status_code == 200, "what comes before the balancer has noticed is answered"
        program.wait(20)
        assert time.monotonic() - began >= 2.9
    finally:
        program.stop()
