"""Load: the counters of one deployment. Lease: one request in flight at a deployment.

Everything lives in the event loop and changes between two awaits, so there are no locks. Times are
of the monotonic clock, in seconds.
"""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from core.config.deployment import Deployment
from core.errors import DiglotError
from core.exchanges.exchange import Exchange

_MINUTE = 60.0
_UNLIMITED = 1 << 30
# A cooldown starts if more than half of at least five requests in a minute failed (LiteLLM's rule).
_ENOUGH = 5
_RAMP_FLOOR = 0.1
_STALE_LATENCY = 60.0
_SMOOTHING = 0.3


class Route(Struct, frozen=True):
    """Where a request goes: the deployment, and the name of the model there."""

    deployment: Deployment
    model: str


class Host(Struct, eq=False):
    """One server, behind any number of deployments.

    ``loaded`` are the models in its memory and ``models`` all its models, by lower-case names
    without ``:latest``; None while unknown.
    """

    base_url: str
    in_flight: int = 0
    loaded: set[str] | None = None
    models: frozenset[str] | None = None


class Waiter:
    """A request that waits for a slot since a time; ``future`` has the deployment that frees one.

    A slot goes to the one that has waited longest of those that would take it.
    """

    __slots__ = ("future", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.future: asyncio.Future[Load] = asyncio.get_running_loop().create_future()


class Load:
    """The counters of one deployment. ``alone``: it is the only one of its name.

        in work ──(too many failures)──> cooling ──(cooled_until)──> slow start ──(ramp)──> in work
           │                                ^                            │
           │                                └─────(too many again)──────┘
           └──(in_flight = limit)──> full: requests queue in ``waiters`` until a lease ends

    One that is ``alone`` never cools: there is no other to send its requests to.

    ``in_flight`` counts requests in work, ``waiters`` wait for one of them to end. ``cooled_until``
    is when a cooldown ends; then a slow start follows, in which the share of requests grows from a
    tenth to the full share. ``latency`` is a moving average of the seconds to the first byte.
    """

    __slots__ = (
        "alone",
        "asked",
        "asked_total",
        "cooled_total",
        "cooled_until",
        "counts_tokens",
        "current",
        "deployment",
        "error",
        "failed",
        "failed_total",
        "host",
        "in_flight",
        "last",
        "latency",
        "limit",
        "measured",
        "minute",
        "on_fail",
        "ramp",
        "route",
        "tokens",
        "waiters",
    )

    def __init__(
        self, deployment: Deployment, host: Host, limit: int | None, *, counts_tokens: bool = False
    ) -> None:
        self.in_flight = 0
        self.waiters: deque[Waiter] = deque()
        self.minute = 0
        self.asked = self.failed = self.tokens = 0
        self.asked_total = self.failed_total = 0
        self.cooled_total = 0
        self.cooled_until = 0.0
        self.ramp = 0.0
        self.latency = 0.0
        self.measured = 0.0
        self.current = 0.0
        self.last = 0
        self.error = ""
        self.alone = True
        self.on_fail: Callable[[Load, str, DiglotError | None], None] | None = None
        self.configure(deployment, host, limit, counts_tokens=counts_tokens)

    def configure(
        self, deployment: Deployment, host: Host, limit: int | None, *, counts_tokens: bool = False
    ) -> None:
        """Apply a new config; the counters stay."""
        self.deployment = deployment
        self.host = host
        self.limit = deployment.parallel or limit or _UNLIMITED
        self.route = Route(deployment, deployment.model)
        self.counts_tokens = counts_tokens or deployment.tpm is not None
        self._wake()

    @property
    def waiting(self) -> int:
        """How many requests wait for this deployment."""
        return len(self.waiters)

    def has_room(self) -> bool:
        """Tell whether a request may start now. Waiting requests are not overtaken."""
        return self.in_flight < self.limit and not self.waiters

    def within_limits(self, now: float) -> bool:
        """Tell whether rpm and tpm allow one more request in this minute."""
        deployment = self.deployment
        if deployment.rpm is None and deployment.tpm is None:
            return True
        if self.minute != int(now // _MINUTE):
            return True
        too_many = deployment.rpm is not None and self.asked >= deployment.rpm
        return not (too_many or (deployment.tpm is not None and self.tokens >= deployment.tpm))

    def share(self, now: float) -> float:
        """Return the share of requests that this deployment gets: 1, or less in a slow start."""
        if not self.ramp:
            return 1.0
        part = (now - self.cooled_until) / self.ramp
        if part >= 1:
            self.ramp = 0.0
            return 1.0
        return max(part, _RAMP_FLOOR)

    def expected(self, now: float) -> float:
        """Return the recent seconds to the first byte, 0 if unknown."""
        return self.latency if now - self.measured < _STALE_LATENCY else 0.0

    def take(self, route: Route, now: float) -> Lease:
        """Begin a request."""
        self.in_flight += 1
        self.host.in_flight += 1
        self.minute_of(now)
        self.asked += 1
        self.asked_total += 1
        return Lease(self, route, now)

    def queue(self, waiter: Waiter) -> None:
        """Let a request wait here, before those that came later."""
        insort(self.waiters, waiter, key=lambda other: other.since)

    def free(self) -> None:
        """End a request: its slot goes to the one that has waited longest."""
        self.in_flight -= 1
        self._wake()

    def cool(self, until: float, ramp: float) -> None:
        """Start a cooldown."""
        self.cooled_total += 1
        self.cooled_until = max(self.cooled_until, until)
        self.ramp = ramp

    def too_many_failed(self, allowed: int) -> bool:
        """Tell whether so many requests failed in this minute that a cooldown is due."""
        often = self.asked >= _ENOUGH and self.failed * 2 > self.asked
        return self.failed > allowed or often

    def minute_of(self, now: float) -> None:
        """Reset the counters when a minute is over."""
        minute = int(now // _MINUTE)
        if self.minute != minute:
            self.minute = minute
            self.asked = self.failed = self.tokens = 0

    def _wake(self) -> None:
        while self.waiters and self.in_flight < self.limit:
            future = self.waiters.popleft().future
            if not future.done():
                # Its slot is reserved until it runs.
                self.in_flight += 1
                future.set_result(self)


class Lease:
    """One request in work at a deployment: ``began`` when it answers, then ``end`` or ``fail``.

    It ends once, however often it is told to.
    """

    __slots__ = ("_ended", "load", "route", "started")

    def __init__(self, load: Load, route: Route, now: float) -> None:
        self.load = load
        self.route = route
        self.started = now
        self._ended = False

    def began(self) -> None:
        """Note that the answer has begun, or is complete."""
        load = self.load
        now = time.monotonic()
        took = now - self.started
        before = load.latency or took
        load.latency = before + _SMOOTHING * (took - before)
        load.measured = now
        if load.host.loaded is not None:
            load.host.loaded.add(model_key(self.route.model))

    def end(self, exchange: Exchange | None = None) -> None:
        """End the request. A broken stream counts as a failure."""
        if self._ended:
            return
        self._ended = True
        load = self.load
        load.host.in_flight -= 1
        load.free()
        if exchange is None:
            return
        if load.counts_tokens:
            usage = exchange.usage()
            load.minute_of(time.monotonic())
            load.tokens += usage.prompt_tokens + usage.completion_tokens if usage else 0
        if exchange.error and load.on_fail is not None:
            load.on_fail(load, exchange.error, None)

    def fail(self, error: DiglotError) -> None:
        """End the request, which got no answer."""
        self.end()
        if self.load.on_fail is not None:
            self.load.on_fail(self.load, error.message, error)


def model_key(name: str) -> str:
    """Return the name of a model for comparisons: lower case, without ``:latest``."""
    return name.lower().removesuffix(":latest")
