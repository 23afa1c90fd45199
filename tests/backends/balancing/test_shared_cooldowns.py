"""Gateways that share their cooldowns through a real Redis, and go on without it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.backends.balancing.load import Load
from core.backends.fleet import Fleet
from core.errors import DiglotError
from tests.faults.backend import Faulty, running
from tests.support.redis_server import Redis

CONFIG = """
model_list:
  - {{model_name: m, litellm_params: {{model: ollama/status_500, api_base: "{bad}"}}}}
  - {{model_name: m, litellm_params: {{model: ollama/good, api_base: "{good}"}}}}
router_settings: {{cooldown_time: 300, allowed_fails: 0, redis_host: 127.0.0.1, redis_port: {port}}}
diglot: {{routing: {{prefer_loaded: false}}}}
"""


@pytest.fixture
def bad() -> Iterator[Faulty]:
    with running() as backend:
        yield backend


@pytest.fixture
def good() -> Iterator[Faulty]:
    with running() as backend:
        yield backend


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.backends.balancing.shared_cooldowns._EVERY", 0.1)


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


def cooled(load: Load) -> float:
    return load.cooled_until - time.monotonic()


async def test_what_one_gateway_has_found_out_the_others_know(
    tmp_path: Path,
    redis_server: Redis,
    bad: Faulty,
    good: Faulty,
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "token-1"}]})
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(bad=bad.url, good=good.url, port=redis_server.port))
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(Fleet(path, environ={}))
        other = await stack.enter_async_context(Fleet(path, environ={}))
        for _ in range(2):  # one of two in turn is the bad one
            await one.answer("openai", body.encode())
        await until(lambda: cooled(other.loads[0]) > 200)
        assert cooled(other.loads[0]) <= 300.5
        assert cooled(other.loads[1]) < 0
        for _ in range(6):
            await other.answer("openai", body.encode())
        assert bad.asked["status_500"] == 1

        # A gateway that starts later knows it too.
        late = await stack.enter_async_context(Fleet(path, environ={}))
        await until(lambda: cooled(late.loads[0]) > 200)

        # Without Redis everybody goes on alone, and says so once.
        with caplog.at_level(logging.WARNING, "diglot.sharing"):
            caplog.clear()
            redis_server.stop()
            # By then none of the three takes in what it has heard from Redis before.
            await until(lambda: caplog.text.count("cooldowns are not shared") == 3)
            for load in one.loads:
                # Without its slow start, in which it might still be on a machine that has run
                # for less than ten minutes: a tenth of its share is no request in four.
                load.cooled_until = load.ramp = 0.0
            failed = bad.asked["status_500"]
            for _ in range(4):
                await one.answer("openai", body.encode())
            assert bad.asked["status_500"] > failed
            assert cooled(one.loads[0]) > 200
        other.loads[0].cooled_until = 0.0
        redis_server.start()
        await until(lambda: cooled(other.loads[0]) > 200)  # what was told in between
        assert caplog.text.count("cooldowns are not shared") == 3  # once for each gateway


async def test_the_only_deployment_of_a_group_is_not_cooled_by_others(
    tmp_path: Path, redis_server: Redis, bad: Faulty, good: Faulty
) -> None:
    config = CONFIG.format(bad=bad.url, good=good.url, port=redis_server.port)
    two, alone = tmp_path / "two.yaml", tmp_path / "alone.yaml"
    two.write_text(config)
    alone.write_text("\n".join(line for line in config.split("\n") if "good" not in line))
    body = b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
    async with Fleet(two, environ={}) as one, Fleet(alone, environ={}) as other:
        assert one.loads[0].deployment.id == other.loads[0].deployment.id
        for _ in range(2):
            await one.answer("openai", body)
        await until(lambda: cooled(one.loads[0]) > 200)
        await asyncio.sleep(0.5)
        assert cooled(other.loads[0]) < 0
        with pytest.raises(DiglotError):
            await other.answer("openai", body)
