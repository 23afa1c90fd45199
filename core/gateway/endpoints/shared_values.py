"""Small values that several gateways share by name, through a Redis where the config names one.

Nothing here is needed to answer: where Redis does not answer, a gateway goes on with what it
has itself, says so, and asks again after a while. The driver is loaded only where it is used.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")

_LOG = logging.getLogger("diglot.shared")

_PATIENCE = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""

_SECONDS = 1.0
"""Seconds that Redis is waited for."""


class SharedValues:
    """``url`` returns the address of the Redis as it is configured now, "" for none."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._known = ""
        self._redis: Redis | None = None
        self._failed = -_PATIENCE

    async def put(self, name: str, value: bytes, *, seconds: int) -> None:
        """Keep a value for ``seconds``."""
        await self._with(lambda redis: redis.set(f"diglot:{name}", value, ex=seconds), None)

    async def get(self, name: str) -> bytes | None:
        """Return a value, or None where it is not there or nobody can tell."""
        found: Any = await self._with(lambda redis: redis.get(f"diglot:{name}"), None)
        return found if isinstance(found, bytes) else None

    async def _with(self, work: Callable[[Redis], Awaitable[T]], otherwise: T) -> T:
        url = self._url()
        if not url or time.monotonic() - self._failed < _PATIENCE:
            return otherwise
        from redis.exceptions import RedisError

        try:
            return await work(await self._open(url))
        except (RedisError, OSError) as exc:
            self._failed = time.monotonic()
            # The error's own words may name the address, which may hold a password.
            kind = type(exc).__name__
            _LOG.warning("Redis does not answer (%s): this gateway goes on alone", kind)
            return otherwise

    async def _open(self, url: str) -> Redis:
        if self._redis is None or url != self._known:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            if self._redis is not None:
                await self._redis.aclose()
            self._known = url
            self._redis = Redis.from_url(
                url,
                socket_timeout=_SECONDS,
                socket_connect_timeout=_SECONDS,
                # A connection that was kept may be dead; a new one tells.
                retry=Retry(NoBackoff(), 1),
            )
        return self._redis
