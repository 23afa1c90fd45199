"""Limits of a key: requests and tokens a minute, and requests at the same time.

Minutes are those of the clock, as OpenAI counts them. Where the config names a Redis, all
gateways count together; while it does not answer, each counts for itself. Requests at the same
time are counted in each process: a gateway that is killed must not leave any behind.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Struct

from core.config.access import Key
from core.errors import AccessDenied
from core.translation.dialects.api import LimitHeaders
from core.translation.dialects.shared.limit_headers import x_ratelimit

_MINUTE = 60
_PATIENCE = 5.0
"""Seconds after which a Redis that failed is asked again."""

_LOG = logging.getLogger("diglot.limits")

Headers = tuple[tuple[bytes, bytes], ...]


class OverLimit(AccessDenied):
    """A key is over its limit. ``headers`` say which, and when to come again."""

    status = 429
    code = "rate_limited"
    headers: Headers = ()


class Slot(Struct):
    """An admitted request. ``headers`` say what is left. Give it back with ``release``."""

    key: Key
    headers: Headers = ()
    released: bool = False


class _Counters(Protocol):
    """The limiters, in memory or in Redis."""

    async def hit(self, item: Any, *identifiers: str, cost: int = 1) -> bool: ...

    async def get_window_stats(self, item: Any, *identifiers: str) -> Any: ...


class Limits:
    """Counts each key's use. ``redis_url`` returns where to count, "" for this process."""

    def __init__(self, redis_url: Callable[[], str] = lambda: "") -> None:
        self._redis_url = redis_url
        self._url = ""
        self._parallel: dict[str, int] = {}
        self._shared: _Counters | None = None
        self._connections: Any = None
        self._own: _Counters | None = None
        self._failed = 0.0
        self._spending: set[asyncio.Task[None]] = set()

    def in_work(self, name: str) -> int:
        """Return how many requests of a key are in work in this process."""
        return self._parallel.get(name, 0)

    async def admit(self, key: Key, *, names: LimitHeaders = x_ratelimit) -> Slot:
        """Admit a request or raise OverLimit (429). ``names`` makes the headers of a limit."""
        now = time.time()
        busy = self._parallel.get(key.name, 0)
        if key.max_parallel is not None and busy >= key.max_parallel:
            raise _over(f"{key.max_parallel} requests at the same time", 1.0, key, ())
        # Counted before the first await, or several would pass at once.
        self._parallel[key.name] = busy + 1
        try:
            headers = await self._count(key, now, names)
        except BaseException:
            self._free(key)
            raise
        return Slot(key=key, headers=headers)

    def release(self, slot: Slot, tokens: int) -> None:
        """Give a slot back, once; ``tokens`` is what the request has used."""
        if slot.released:
            return
        slot.released = True
        self._free(slot.key)
        if slot.key.tpm is not None and tokens:
            task = asyncio.get_running_loop().create_task(self._spend(slot.key, tokens))
            self._spending.add(task)
            task.add_done_callback(self._spending.discard)

    async def aclose(self) -> None:
        """End what is still being counted, and the connections to Redis."""
        await asyncio.gather(*self._spending, return_exceptions=True)
        if self._connections is not None:
            await self._connections.disconnect()

    async def used(self, key: Key) -> dict[str, int]:
        """Return what is left of a key's limits in this minute, by ``rpm`` and ``tpm``."""
        left = {}
        for name, amount in (("rpm", key.rpm), ("tpm", key.tpm)):
            if amount is not None:
                left[name] = (await self._stats(name, amount, key)).remaining
        return left

    def _free(self, key: Key) -> None:
        busy = self._parallel.get(key.name, 0) - 1
        if busy > 0:
            self._parallel[key.name] = busy
        else:
            self._parallel.pop(key.name, None)

    async def _count(self, key: Key, now: float, names: LimitHeaders) -> Headers:
        headers: list[tuple[bytes, bytes]] = []
        reset = _MINUTE - now % _MINUTE
        if key.tpm is not None:
            left = max((await self._stats("tpm", key.tpm, key)).remaining, 0)
            headers += names("tokens", key.tpm, left, now + reset, reset)
            if left <= 0:
                raise _over(f"{key.tpm} tokens a minute", reset, key, tuple(headers))
        if key.rpm is not None:
            let_in = await self._ask("rpm", key.rpm, key, cost=1)
            left = max((await self._stats("rpm", key.rpm, key)).remaining, 0)
            headers += names("requests", key.rpm, left, now + reset, reset)
            if not let_in:
                raise _over(f"{key.rpm} requests a minute", reset, key, tuple(headers))
        return tuple(headers)

    async def _spend(self, key: Key, tokens: int) -> None:
        await self._ask("tpm", key.tpm or 0, key, cost=tokens)

    async def _ask(self, name: str, amount: int, key: Key, *, cost: int) -> bool:
        return bool(await self._with(lambda c, i, k: c.hit(i, *k, cost=cost), name, amount, key))

    async def _stats(self, name: str, amount: int, key: Key) -> Any:
        return await self._with(lambda c, i, k: c.get_window_stats(i, *k), name, amount, key)

    async def _with(
        self,
        work: Callable[[_Counters, Any, tuple[str, ...]], Any],
        name: str,
        amount: int,
        key: Key,
    ) -> Any:
        """Count in Redis if there is one and it answers, else in this process."""
        from limits import RateLimitItemPerMinute  # it takes long to load, and few need it
        from limits.errors import StorageError

        item = RateLimitItemPerMinute(amount, namespace="diglot")
        # The window is part of the name: all minutes begin with the clock's.
        names = (name, key.name, str(int(time.time() // _MINUTE)))
        shared = self._counters()
        if shared is not None and time.monotonic() - self._failed > _PATIENCE:
            try:
                return await work(shared, item, names)
            except StorageError as exc:
                self._failed = time.monotonic()
                kind = type(exc.storage_error).__name__
                _LOG.warning("Redis does not answer (%s): this process counts alone", kind)
        if self._own is None:
            self._own = _memory()
        return await work(self._own, item, names)

    def _counters(self) -> _Counters | None:
        url = self._redis_url()
        if url != self._url:
            self._url = url
            self._connections = _pool(url) if url else None
            self._shared = _redis(self._connections) if url else None
            self._failed = 0.0
        return self._shared


def _memory() -> _Counters:
    from limits.aio.storage import MemoryStorage
    from limits.aio.strategies import FixedWindowRateLimiter

    return FixedWindowRateLimiter(MemoryStorage())


def _pool(url: str) -> Any:
    from redis.asyncio import ConnectionPool

    return ConnectionPool.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)


def _redis(connections: Any) -> _Counters:
    from limits.aio.storage import RedisStorage
    from limits.aio.strategies import FixedWindowRateLimiter

    return FixedWindowRateLimiter(
        RedisStorage(
            "async+redis://",
            implementation="redispy",
            wrap_exceptions=True,
            connection_pool=connections,
        )
    )


def _over(what: str, after: float, key: Key, headers: Headers) -> OverLimit:
    error = OverLimit(
        f"the key {key.name} may ask for {what}, and has. Try again in {after:.0f} s, or ask "
        "whoever runs this server for more."
    )
    error.retry_after = after
    error.headers = headers
    return error
