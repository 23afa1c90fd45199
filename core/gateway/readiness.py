"""Whether this process should be sent requests, and how what it needs is.

A balancer takes a process out of its list when this says no. So it says no only where the process
itself cannot answer: it is about to stop, or its embedded model is not there. A database, a Redis
or a backend that is away is said, and no more: all processes would be taken out at once, and
people would see the balancer's error in the place of ours, which says what to do.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from core.backends.fleet import Fleet
from core.errors import DiglotError

_PATIENCE = 2.0
"""Seconds that the database has for its answer; probes wait three."""


class Readiness:
    """Answers for one process. ``ping`` raises DiglotError while the database is away."""

    def __init__(self, fleet: Fleet) -> None:
        self.ping: Callable[[], None] | None = None
        self.stopping = False
        self._ended = 0.0
        self._fleet = fleet

    async def look(self) -> tuple[bool, dict[str, Any]]:
        """Return whether to send requests here, and what to say of it."""
        phase = "stopping" if self.stopping else self._fleet.status().phase
        database, redis, backends = await self._database(), self._redis(), self._backends()
        away = "unreachable" in (database, redis) or backends != "available"
        status = ("degraded" if away else "healthy") if phase == "ready" else phase
        said = {"status": status, "db": database, "redis": redis, "backends": backends}
        return phase == "ready", said

    async def _database(self) -> str:
        if self.ping is None:
            return "Not connected"  # LiteLLM's words where it has none
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.to_thread(self.ping)
        except (DiglotError, TimeoutError):
            return "unreachable"
        return "connected"

    def _redis(self) -> str:
        if not self._fleet.config.routing.redis_url:
            return "Not connected"
        return "unreachable" if self._fleet.redis_away else "connected"

    def _backends(self) -> str:
        now = time.monotonic()
        out = [load.cooled_until > now for load in self._fleet.loads]
        if not any(out):
            return "available"
        return "all out" if all(out) else "some out"

    def say_so_first(self) -> None:
        """From a SIGTERM on say no, and let the server stop ``diglot.shutdown_delay`` s later.

        Balancers need a while to notice; what they send until then is answered. A second signal
        ends the wait. Call it within the server's life, once it handles signals itself.
        """
        handler = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(handler):
            return
        stop = handler
        loop = asyncio.get_running_loop()

        def end(number: int, frame: Any) -> None:
            self.stopping = True
            self._ended = self._ended or time.monotonic()
            stop(number, frame)

        def begin(number: int, frame: Any) -> None:
            delay = self._fleet.config.shutdown_delay
            if self.stopping or not delay:
                end(number, frame)
                return
            self.stopping = True
            loop.call_soon_threadsafe(loop.call_later, delay, end, number, None)

        signal.signal(signal.SIGTERM, begin)

    def drain_left(self) -> float:
        """Return how many seconds answers in work still have, of ``diglot.drain``."""
        ended = self._ended or time.monotonic()
        return max(ended + self._fleet.config.drain - time.monotonic(), 0.0)
