"""Small values that gateways share by name through Redis, if the config names one.

Redis is optional for answers: if it is down, a gateway continues with its own values, logs a
warning, and tries again after a while. The driver is imported only if needed.
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
"""Seconds before a Redis that did not answer is tried again."""

_SECONDS = 1.0
"""Timeout of Redis in seconds."""


class SharedValues:
    """``url`` returns the address of the currently configured Redis, "" for none."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._known = ""
        self._redis: Redis | None = None
        self._failed = -_PATIENCE

    async def put(self, name: str, value: bytes, *, seconds: int) -> None:
        """Store a value for ``seconds``."""
        await self._with(lambda redis: redis.set(f"diglot:{name}", value, ex=seconds), None)

    async def get(self, name: str) -> bytes | None:
        """Return a value, or None if it is not stored or Redis is down."""
        found: Any = await self._with(lambda redis: redis.get(f"diglot:{name}"), None)
        return found if isinstance(found, bytes) else None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    async def _with(self, work: Callable[[Redis], Awaitable[T]], otherwise: T) -> T:
        url = self._url()
        if not url or time.monotonic() - self._failed < _PATIENCE:
            return otherwise
        from redis.exceptions import RedisError

        try:
            return await work(await self._open(url))
        except (RedisError, OSError) as exc:
            self._failed = time.monotonic()
            # The message could contain the address with a password.
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
                # A pooled connection may be dead; a new one is tried.
                retry=Retry(NoBackoff(), 1),
            )
        return self._redis
