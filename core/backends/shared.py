"""What several gateways know together, through Redis: cooldowns, and small values by name.

Nothing here is needed to answer: where Redis does not answer, a gateway goes on with what it
knows alone, says so once, and asks again after a while. The driver is loaded only where an
address is configured.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["Shared"]

T = TypeVar("T")

_LOG = logging.getLogger("diglot.shared")

_CHANNEL = "diglot:cooldown"
_COOLED = "diglot:cooled"
_PATIENCE = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""

_SECONDS = 1.0
"""Seconds that Redis is waited for."""


class Shared:
    """One Redis. ``url`` is never shown, since it may hold a password."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = uuid4().hex
        self._redis: Redis | None = None
        self._failed = -_PATIENCE

    async def put(self, name: str, value: bytes, *, seconds: int) -> None:
        """Keep a value for ``seconds``."""
        await self._with(lambda redis: redis.set(f"diglot:{name}", value, ex=seconds), None)

    async def get(self, name: str) -> bytes | None:
        """Return a value, or None where it is not there or nobody can tell."""
        found = await self._with(lambda redis: redis.get(f"diglot:{name}"), None)
        return found if isinstance(found, bytes) else None

    async def tell(self, identity: str, seconds: float) -> None:
        """Tell the other gateways that a deployment is out of work for ``seconds``."""

        async def work(redis: Redis) -> None:
            now = time.time()
            async with redis.pipeline(transaction=False) as batch:
                batch.zadd(_COOLED, {identity: now + seconds})
                batch.zremrangebyscore(_COOLED, "-inf", now)
                batch.publish(_CHANNEL, f"{self._own} {seconds} {identity}")
                await batch.execute()

        await self._with(work, None)

    async def follow(self, cool: Callable[[str, float], None]) -> None:
        """Call ``cool`` for each cooldown elsewhere, those first that began before. Never ends."""
        while True:
            try:
                await self._listen(self._open(), cool)
            except _failures() as exc:
                self._note(exc)
            await asyncio.sleep(_SECONDS)

    async def close(self) -> None:
        """Close all connections."""
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    async def _listen(self, redis: Redis, cool: Callable[[str, float], None]) -> None:
        async with redis.pubsub() as channel:
            await channel.subscribe(_CHANNEL)
            now = time.time()
            cooled: Any = await redis.zrangebyscore(_COOLED, now, "+inf", withscores=True)
            for identity, until in cooled:
                cool(identity.decode(), until - now)
            while True:
                said = await channel.get_message(ignore_subscribe_messages=True, timeout=5.0)
                if said is None:
                    await channel.ping()
                    continue
                if said["type"] != "message":
                    continue
                sender, seconds, identity = said["data"].decode().split(" ", 2)
                if sender != self._own:
                    cool(identity, float(seconds))

    async def _with(self, work: Callable[[Redis], Awaitable[T]], otherwise: T) -> T:
        if time.monotonic() - self._failed < _PATIENCE:
            return otherwise
        try:
            return await work(self._open())
        except _failures() as exc:
            self._failed = time.monotonic()
            self._note(exc)
            return otherwise

    def _open(self) -> Redis:
        if self._redis is None:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            self._redis = Redis.from_url(
                self._url,
                socket_timeout=_SECONDS,
                socket_connect_timeout=_SECONDS,
                # A connection that was kept may be dead; a new one tells.
                retry=Retry(NoBackoff(), 1),
            )
        return self._redis

    def _note(self, error: BaseException) -> None:
        # The error's own words may name the address.
        _LOG.warning("Redis does not answer (%s): this gateway goes on alone", type(error).__name__)


def _failures() -> tuple[type[BaseException], ...]:
    from redis.exceptions import RedisError

    failures: tuple[Any, ...] = (RedisError, OSError, TimeoutError)
    return failures
