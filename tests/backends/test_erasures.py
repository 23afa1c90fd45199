"""An erasure is heard of once in every process on one Redis, and says nobody's name."""

from __future__ import annotations

import asyncio

import pytest
import redis

from core.backends.erasures import Erasures, IsGone, tell_erased
from tests.support.redis_server import Redis, redis_server

__all__ = ["redis_server"]


class Process:
    """One that knows what it has of two people."""

    def __init__(self, url: str) -> None:
        self.kept = ["ann", "ben"]
        self.heard = asyncio.Event()
        self.erasures = Erasures(lambda: url)
        self.erasures.listeners.append(self._forget)
        self.task = asyncio.create_task(self.erasures.run())

    def _forget(self, is_gone: IsGone) -> None:
        self.kept = [owner for owner in self.kept if not is_gone(owner)]
        self.heard.set()


async def test_all_processes_forget_once(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.backends.erasures._EVERY", 0.1)
    processes = [Process(redis_server.url) for _ in range(2)]
    with redis.Redis.from_url(redis_server.url) as client:
        for _ in range(2):
            tell_erased(client, "ann")
            for process in processes:
                await asyncio.wait_for(process.heard.wait(), 30)
                assert process.kept == ["ben"]
                # Whoever comes back after an erasure is kept again, until the next one.
                process.kept.insert(0, "ann")
                process.heard.clear()
        assert b"ann" not in b"".join(client.zrange("diglot:erased", 0, -1))  # type: ignore[arg-type]
    late = Process(redis_server.url)
    await asyncio.wait_for(late.heard.wait(), 30)
    for process in (*processes, late):
        process.task.cancel()
    await asyncio.gather(*(p.task for p in (*processes, late)), return_exceptions=True)
