"""The current state of deployments and keys, for an operator. It contains no key."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from core.backends.balancing.load import Load
from core.backends.health import HostHealth, check_hosts, problem_of
from core.config.access import Key
from core.exchanges.exchange import Exchange
from core.exchanges.log import Filter
from core.gateway.call import GatewayState
from core.http.addresses import shown_address

_ERRORS = 20
_UNLIMITED = 1 << 30


class DeploymentState(Struct, frozen=True, kw_only=True):
    """One deployment. ``state`` is healthy, failing, cooling or down; ``cooling`` is in seconds.

    ``limit`` None is none; ``problem`` is what is wrong now, ``error`` what went wrong last.
    """

    id: str
    name: str
    model: str
    base_url: str
    state: str
    cooling: float
    in_work: int
    limit: int | None
    waiting: int
    asked: int
    failed: int
    problem: str
    error: str


class KeyUse(Struct, frozen=True, kw_only=True):
    """One key and its use since the start; ``left`` is what remains of rpm and tpm this minute."""

    key: Key
    expired: bool
    in_work: int
    requests: int
    failed: int
    tokens: int
    left: dict[str, int]


class Overview(Struct, frozen=True, kw_only=True):
    """The state at one moment."""

    in_work: int
    waiting: int
    requests: int
    failed: int
    hosts: Sequence[HostHealth]
    deployments: Sequence[DeploymentState]
    keys: Sequence[KeyUse]
    errors: Sequence[Exchange]
    warnings: Sequence[str]
    config_error: str


async def look(gateway_state: GatewayState) -> Overview:
    """Return the current state. Asks the backends without loading a model."""
    fleet = gateway_state.fleet
    hosts = await check_hosts(fleet)
    now = time.monotonic()
    deployments = [_state(load, hosts, now) for load in fleet.loads]
    used = gateway_state.metrics.by_key()
    keys = [
        KeyUse(
            key=key,
            expired=key.expires is not None and time.time() >= key.expires,
            in_work=gateway_state.limits.in_work(key.name),
            left=await gateway_state.limits.used(key),
            **used.get(key.name, {"requests": 0, "failed": 0, "tokens": 0}),
        )
        for key in fleet.config.access.keys
    ]
    return Overview(
        in_work=gateway_state.metrics.in_flight,
        waiting=sum(one.waiting for one in deployments),
        requests=sum(one["requests"] for one in used.values()),
        failed=sum(one["failed"] for one in used.values()),
        hosts=hosts,
        deployments=deployments,
        keys=keys,
        errors=fleet.log.newest(
            owner="", everyone=True, wanted=Filter(status="error"), limit=_ERRORS
        ),
        warnings=fleet.config.warnings,
        config_error=fleet.status().config_error,
    )


def _state(load: Load, hosts: Sequence[HostHealth], now: float) -> DeploymentState:
    place = load.deployment
    problem = problem_of(place, hosts)
    cooling = max(load.cooled_until - now, 0.0)
    state = "down" if problem else "cooling" if cooling else "failing" if load.failed else "healthy"
    return DeploymentState(
        id=place.id,
        name=place.model_name,
        model=place.model,
        base_url=shown_address(place.base_url),
        state=state,
        cooling=cooling,
        in_work=load.in_flight,
        limit=None if load.limit >= _UNLIMITED else load.limit,
        waiting=load.waiting,
        asked=load.asked_total,
        failed=load.failed_total,
        problem=problem,
        error=load.error,
    )
