"""Group: the deployments of one name, and the choice among them.

The choice narrows in this order: deployments whose host has the model; those that are not in a
cooldown (if all are, the one whose cooldown ends first); those within rpm and tpm; those with a
free slot; the lowest ``order``; those that have the model in memory, unless their host is busy; and
of these the one that the strategy picks. If no slot is free, the request waits, for a limited time
and behind a limited number of others. Where a host that has the model in memory is full, it waits
for that one for some seconds before another host loads the model: a load pushes another model out.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from core.backends.balancing.load import Lease, Load, Route, Waiter, model_key
from core.config.routing import Routing
from core.errors import AccessDenied, BackendUnavailable

_LAST = 1 << 30
# Among equals the one that was used least recently is next.
_TURNS = itertools.count(1)


class Group:
    """All deployments of ``name``. ``middle`` is what a ``*`` in it stands for, None without."""

    __slots__ = ("_routing", "loads", "middle", "name")

    def __init__(
        self, name: str, loads: Sequence[Load], routing: Routing, middle: str | None = None
    ) -> None:
        self.name = name
        self.loads = tuple(loads)
        self.middle = middle
        self._routing = routing

    def route(self, load: Load) -> Route:
        """Return the route to one of the deployments."""
        if self.middle is None:
            return load.route
        return Route(load.deployment, load.deployment.model.replace("*", self.middle))

    def first(self) -> Route:
        """Return the route that a request would take now, without beginning one."""
        now = time.monotonic()
        able = self._able(self.loads)
        usable = [load for load in able if load.cooled_until <= now] or able
        return self.route(self._pick(self._suited(usable), now, keep=False))

    def others(self, tried: Collection[Load]) -> bool:
        """Tell whether there is a deployment that was not tried."""
        return any(load not in tried for load in self.loads)

    def take(self, tried: Collection[Load] = (), *, load_now: bool = False) -> Lease | None:
        """Start a request at the best deployment, or return None if it has to wait.

        ``load_now``: it has waited enough for a host that has the model in memory. Raises
        AccessDenied (429) if rpm or tpm of all deployments are used up.
        """
        now = time.monotonic()
        loads = self.loads
        if len(loads) == 1:
            load = loads[0]
            if not load.within_limits(now):
                self._refuse_over_limit(loads, now)
            return load.take(self.route(load), now) if load.has_room() else None
        usable = self._usable(tried, now)
        free = [load for load in usable if load.has_room()]
        # During a slow start, one request at a time tests the deployment.
        eager = [load for load in free if load.share(now) == 1.0 or not load.in_flight]
        free = eager or free
        if not free:
            return None
        suited = self._suited(free)
        if not (load_now or any(map(self._holds, suited))) and self._holding(usable):
            return None
        load = self._pick(suited, now, keep=True)
        return load.take(self.route(load), now)

    async def wait(self, tried: Collection[Load] = ()) -> Lease:
        """Wait for a free slot and start then. Raises BackendUnavailable (503) if that takes too
        long, or if too many requests are waiting.
        """
        routing = self._routing
        began = time.monotonic()
        loads = self._usable(tried, began)
        patience = min(routing.wait_loaded, routing.queue_timeout)
        holding = self._open(self._holding(loads))
        load = await _wait(holding, began, patience) if holding else None
        if load is None and holding:
            if (lease := self.take(tried, load_now=True)) is not None:
                return lease
            loads = self._usable(tried, time.monotonic())
        if load is None:
            queues = self._open(loads)
            left = routing.queue_timeout - (patience if holding else 0.0)
            load = await _wait(queues, began, left) if queues else None
        if load is None:
            raise self._full(loads)
        load.in_flight -= 1  # it was counted while the place was kept
        return load.take(self.route(load), time.monotonic())

    def _open(self, loads: Sequence[Load]) -> list[Load]:
        """Return those behind which one more may wait."""
        return [load for load in loads if load.waiting < self._routing.queue_length]

    def _holding(self, loads: Sequence[Load]) -> Sequence[Load]:
        """Return those that are worth waiting for: full, with the model in memory."""
        routing = self._routing
        if not (routing.prefer_loaded and routing.wait_loaded):
            return ()
        order = min(map(_order, loads))
        full = [load for load in loads if _order(load) == order and not load.has_room()]
        return [load for load in full if self._holds(load)]

    def _usable(self, tried: Collection[Load], now: float) -> Sequence[Load]:
        left = self._able([load for load in self.loads if load not in tried])
        able = [load for load in left if load.cooled_until <= now]
        usable = able or [min(left, key=lambda load: load.cooled_until)]
        self._refuse_over_limit(usable, now)
        return [load for load in usable if load.within_limits(now)]

    def _suited(self, loads: Sequence[Load]) -> Sequence[Load]:
        """Return those with the lowest order, preferably with the model in memory."""
        if len(loads) == 1:
            return loads
        order = min(_order(load) for load in loads)
        loads = [load for load in loads if _order(load) == order]
        if len(loads) == 1 or not self._routing.prefer_loaded:
            return loads
        return [load for load in loads if self._ready(load)] or loads

    def _able(self, loads: Sequence[Load]) -> Sequence[Load]:
        """Return those whose host has the model, as far as is known; all where none has it."""
        if len(loads) == 1 or not self._routing.prefer_loaded:
            return loads
        return [load for load in loads if self._has(load)] or loads

    def _has(self, load: Load) -> bool:
        models = load.host.models
        return models is None or model_key(self.route(load).model) in models

    def _ready(self, load: Load) -> bool:
        idle = load.host.in_flight < self._routing.busy
        return self._holds(load) and (idle or not load.deployment.kind.loads_on_demand)

    def _holds(self, load: Load) -> bool:
        if not load.deployment.kind.loads_on_demand:
            return True  # such servers load their model when they start
        loaded = load.host.loaded
        return loaded is not None and model_key(self.route(load).model) in loaded

    def _pick(self, loads: Sequence[Load], now: float, *, keep: bool) -> Load:
        """Return the one that the strategy picks; ``keep`` records the choice."""
        if len(loads) == 1:
            return loads[0]
        strategy = self._routing.strategy
        if strategy == "simple-shuffle":
            return _in_turn(loads, now, keep=keep)
        score = _SCORES[strategy]
        load = min(loads, key=lambda load: (score(load, now), load.last))
        if keep:
            load.last = next(_TURNS)
        return load

    def _refuse_over_limit(self, loads: Sequence[Load], now: float) -> None:
        if any(load.within_limits(now) for load in loads):
            return
        error = AccessDenied(
            f"{self.name} has been asked as often as its rpm or tpm in the config allow: try "
            "again in the next minute",
            status=429,
            code="rate_limited",
        )
        error.retry_after = 60 - now % 60
        raise error

    def _full(self, loads: Sequence[Load]) -> BackendUnavailable:
        waiting = sum(load.waiting for load in loads)
        places = sum(load.limit for load in loads)
        usual = max((load.latency for load in loads), default=0.0)
        error = BackendUnavailable(
            f"{self.name} is busy: {sum(load.in_flight for load in loads)} requests are in work "
            f"and {waiting} wait. Try again, or raise max_parallel_requests or diglot.queue in "
            "the config.",
            code="backend_busy",
        )
        error.retry_after = max(1.0, math.ceil(usual * (waiting + 1) / places))
        return error


async def _wait(loads: Sequence[Load], since: float, seconds: float) -> Load | None:
    """Return the first of the loads that has a free slot, which it keeps for this request; None
    once the time is over. Whoever has waited since before is served before.
    """
    waiter = Waiter(since)
    for load in loads:
        load.queue(waiter)
    future = waiter.future
    try:
        async with asyncio.timeout(seconds):
            return await future
    except BaseException as exc:
        if future.done() and not future.cancelled():
            future.result().free()  # its place came at the same moment
        if isinstance(exc, TimeoutError):
            return None
        raise
    finally:
        for load in loads:
            if waiter in load.waiters:
                load.waiters.remove(waiter)


def _order(load: Load) -> int:
    order = load.deployment.order
    return _LAST if order is None else order


def _weights(loads: Sequence[Load]) -> list[float]:
    """Return the share of each deployment, as in LiteLLM: by weight, else by rpm, else by tpm."""
    found = [load.deployment for load in loads]
    if any(deployment.weight is not None for deployment in found):
        return [1.0 if d.weight is None else d.weight for d in found]
    if all(deployment.rpm for deployment in found):
        return [float(deployment.rpm or 1) for deployment in found]
    if all(deployment.tpm for deployment in found):
        return [float(deployment.tpm or 1) for deployment in found]
    return [1.0] * len(found)


def _in_turn(loads: Sequence[Load], now: float, *, keep: bool) -> Load:
    """Return the next deployment by weight, without randomness: nginx's smooth weighted round
    robin.
    """
    weights = zip(loads, _weights(loads), strict=True)
    shares = [weight * load.share(now) for load, weight in weights]
    best = max(range(len(loads)), key=lambda at: loads[at].current + shares[at])
    if keep:
        total = sum(shares)
        for load, share in zip(loads, shares, strict=True):
            load.current += share
        loads[best].current -= total
    return loads[best]


_SCORES: Mapping[str, Callable[[Load, float], float]] = {
    # Models on one host share its memory and cores, so all requests to the host count.
    "least-busy": lambda load, now: (load.host.in_flight + 1) / load.share(now),
    "latency-based-routing": lambda load, now: load.expected(now) / load.share(now),
    "usage-based-routing": lambda load, now: load.tokens / load.share(now),
}
