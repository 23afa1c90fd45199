"""Shares cooldowns between gateways through Redis, if the config names one.

A gateway that starts a cooldown tells the others, so that they need not run into the same failures.
Nothing waits for Redis: outgoing cooldowns are queued, incoming ones are polled twice a second, and
while Redis is down each gateway uses only its own. Times are those of Redis, since clocks of hosts
differ.
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
    """Sends and receives cooldowns. ``router`` returns the current router.

    ``away`` tells that Redis could not be reached when it was last asked.
    """

    def __init__(self, router: Callable[[], Router]) -> None:
        self._router = router
        self._told: dict[str, float] = {}
        self.away = False

    def tell(self, identity: str, seconds: float) -> None:
        """Tell the others about a cooldown of a deployment."""
        if self._router().routing.redis_url:
            self._told[identity] = seconds

    async def run(self) -> None:
        """Share whenever the config names a Redis. Never returns."""
        while True:
            url = self._router().routing.redis_url
            if url:
                await self._share(url)
            await asyncio.sleep(_EVERY)

    async def _share(self, url: str) -> None:
        """Share through one Redis until the config names another, or the connection fails."""
        # Imported only if needed: the import is slow, and most gateways are alone.
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        client: Redis = Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0)
        try:
            while self._router().routing.redis_url == url:
                await self._once(client)
                self.away = False
                await asyncio.sleep(_EVERY)
        except (RedisError, OSError) as exc:
            # The message could contain the address with a password, so only the type is logged.
            if not self.away:
                _LOG.warning("cooldowns are not shared: %s", type(exc).__name__)
            self.away = True
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
