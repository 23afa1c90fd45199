"""Has all processes on one Redis forget a person of whom everything was erased.

``core.people`` empties the database, the disk and Redis, and tells here whose data it was, as a
hash. Each process looks every two seconds, and forgets what it has of them in its own memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis

_NAME = "diglot:erased"
_EVERY = 2.0
_KEPT = 24 * 3600.0
"""Seconds for which an erasure is told; a process that is away for longer has started anew."""

_LOG = logging.getLogger("diglot.sharing")

IsGone = Callable[[str], bool]
"""Tells whether an owner is one whose data was erased."""


class Erasures:
    """Calls ``listeners`` once for each erasure. ``redis_url`` returns where Redis is, or ""."""

    def __init__(self, redis_url: Callable[[], str]) -> None:
        self._redis_url = redis_url
        self._known: dict[str, float] = {}
        self.listeners: list[Callable[[IsGone], object]] = []

    async def run(self) -> None:
        """Look whenever the config names a Redis. Never returns."""
        while True:
            if url := self._redis_url():
                await self._look(url)
            await asyncio.sleep(_EVERY)

    async def _look(self, url: str) -> None:
        """Look at one Redis until the config names another, or the connection fails."""
        # Imported only if needed: the import is slow, and most gateways are alone.
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        client: Redis = Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        try:
            while self._redis_url() == url:
                told: Any = await client.zrange(_NAME, 0, -1, withscores=True)
                self._hear({mark.decode(): when for mark, when in told})
                await asyncio.sleep(_EVERY)
        except (RedisError, OSError) as exc:
            # The message could contain the address with a password, so only the type is logged.
            _LOG.debug("erasures are not heard of: %s", type(exc).__name__)
        finally:
            await client.aclose()

    def _hear(self, told: dict[str, float]) -> None:
        fresh = {mark for mark, when in told.items() if self._known.get(mark) != when}
        self._known = told
        if fresh:
            for listener in self.listeners:
                listener(lambda owner: _mark(owner) in fresh)


def tell_erased(redis: Redis, owner: str) -> None:
    """Have all processes forget an owner. Raises what redis raises."""
    now = time.time()
    redis.zremrangebyscore(_NAME, "-inf", now - _KEPT)
    redis.zadd(_NAME, {_mark(owner): now})


def _mark(owner: str) -> str:
    # The value of a browser's cookie is a secret.
    return hashlib.sha256(owner.encode()).hexdigest()
