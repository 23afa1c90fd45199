"""Limits of keys: in one process, and through a real Redis by several gateways together."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from core.config.access import Digest, Key
from core.gateway import rate_limits as limits
from core.gateway.rate_limits import Limits, OverLimit
from tests.support.redis_server import Redis

KEY = Key(name="shop", digest=Digest.of("x"), rpm=3)


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock that minutes are counted by stand still, so that a whole test fits in one."""
    now = time.time() // 60 * 60 + 1
    clock = SimpleNamespace(time=lambda: now, monotonic=time.monotonic)
    monkeypatch.setattr(limits, "time", clock)


async def admitted(*counters: Limits, key: Key = KEY, times: int = 10) -> int:
    """Ask in turn; return how many were let in."""
    let_in = 0
    for at in range(times):
        one = counters[at % len(counters)]
        try:
            one.release(await one.admit(key), 0)
            let_in += 1
        except OverLimit:
            pass
    return let_in


async def test_a_process_counts_requests_by_key(minute: None) -> None:
    alone = Limits()
    assert await admitted(alone) == 3
    other = Key(name="other", digest=Digest.of("y"), rpm=2)
    assert await admitted(alone, key=other) == 2
    assert await alone.used(KEY) == {"rpm": 0}


async def test_a_place_is_given_back_once_and_never_by_who_was_refused() -> None:
    key = Key(name="one", digest=Digest.of("z"), max_parallel=1)
    alone = Limits()
    slot = await alone.admit(key)
    for _ in range(3):
        with pytest.raises(OverLimit):
            await alone.admit(key)
    assert alone.in_work("one") == 1
    alone.release(slot, 0)
    alone.release(slot, 0)
    assert alone.in_work("one") == 0
    await alone.admit(key)


async def test_gateways_count_together_and_alone_while_redis_is_gone(
    redis_server: Redis, minute: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_PATIENCE", 0.2)
    first, second = Limits(lambda: redis_server.url), Limits(lambda: redis_server.url)
    assert await admitted(first, second) == 3
    redis_server.stop()
    # Nobody waits long for a Redis that is gone, and nobody is let in without being counted.
    begun = time.monotonic()
    assert await admitted(first) == 3
    assert await admitted(second) == 3
    assert time.monotonic() - begun < 15
    redis_server.start()
    await asyncio.sleep(0.3)
    assert await admitted(first, second) == 3
    for one in (first, second):
        await one.aclose()
