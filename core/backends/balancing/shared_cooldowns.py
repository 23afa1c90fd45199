"""Cooldowns that several gateways share, through a Redis where the config names one.

A gateway that puts a backend out of work tells the others, so that each need not find out by
failures of its own. Nothing waits for Redis: what was told lies in a queue, what others told is
looked up twice a second, and while Redis is away each gateway goes by what it sees itself. The
time is Redis's own, since clocks of hosts differ.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.backends.balancing.router import Router

if TYPE_CHECKING:
    from redis.asyncio import Redis

_NAME = "diglot:cooldowns"
_EVERY = 0.5
_LOG = logging.getLogger("diglot.sharing")


class SharedCooldowns:
    """Tells of cooldowns, and hears of them. ``router`` returns the router as it is now."""

    def __init__(self, router: Callable[[], Router]) -> None:
        self._router = router
        self._told: dict[str, float] = {}
        self._away = False

    def tell(self, identity: str, seconds: float) -> None:
        """Tell the others that a deployment is out of work for so long."""
        if self._router().routing.redis_url:
            self._told[identity] = seconds

    async def run(self) -> None:
        """Share for as long as the config names a Redis. Never ends."""
        while True:
            url = self._router().routing.redis_url
            if url:
                await self._share(url)
            await asyncio.sleep(_EVERY)

    async def _share(self, url: str) -> None:
        """Share through one Redis until the config names another, or it goes away."""
        # Loaded only where it is used: most gateways are alone, and it takes a while.
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        client: Redis = Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        try:
            while self._router().routing.redis_url == url:
                await self._once(client)
                self._away = False
                await asyncio.sleep(_EVERY)
        except (RedisError, OSError) as exc:
            # The address may hold a password, so only the kind of the trouble is said.
            if not self._away:
                _LOG.warning("cooldowns are not shared: %s", type(exc).__name__)
            self._away = True
        finally:
            await client.aclose()

    async def _once(self, client: Redis) -> None:
        seconds, micros = await client.time()
        now = seconds + micros / 1e6
        told, self._told = self._told, {}
        pipe: Any = client.pipeline(transaction=False)
        if told:
            ends = {identity: now + lasts for identity, lasts in told.items()}
            pipe.zadd(_NAME, ends, gt=True)
        pipe.zremrangebyscore(_NAME, "-inf", now)
        pipe.zrange(_NAME, 0, -1, withscores=True)
        try:
            *_, known = await pipe.execute()
        except BaseException:
            self._told = told | self._told  # nobody has heard it yet
            raise
        router = self._router()
        for identity, end in known:
            router.cool(identity.decode(), end - now)
