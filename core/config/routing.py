"""Routing: how a config wants requests sent to its deployments, and how it is read.

The sections are LiteLLM's: ``router_settings``, and those keys of ``litellm_settings`` that say
the same. A section of our own holds what LiteLLM has no word for::

    diglot:
      queue: {length: 100, timeout: 60}           # waiting, where max_parallel_requests is reached
      routing: {prefer_loaded: true, busy: 4}     # go where the model is in memory
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from msgspec import field

from core.config.deployment import Hidden
from core.config.keys.reading import Variables
from core.config.keys.schema import Alias, Names, Root, Router, as_names
from core.errors import ConfigError

Strategy = Literal["simple-shuffle", "least-busy", "latency-based-routing", "usage-based-routing"]
_ALSO = {"usage-based-routing-v2": "usage-based-routing", "cost-based-routing": "least-busy"}


class Routing(Hidden, frozen=True, kw_only=True):
    """How requests are sent. Times are in seconds.

    ``num_retries`` None: up to two other deployments of the group, and none twice. The
    mappings go from a name to those that are asked instead, in this order. ``allowed_fails``
    is a minute's; more put a deployment out of work for ``cooldown_time``.
    ``queue_length`` requests may wait ``queue_timeout`` for a deployment that is full.
    ``busy`` is how many requests a host has in work when another host is preferred that has to
    load the model first. ``wait_loaded`` is how long a request waits for a slot at a host that has
    the model, before another host loads it.
    """

    strategy: Strategy = "simple-shuffle"
    num_retries: int | None = None
    retry_after: float = 0.0
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_fallbacks: tuple[str, ...] = ()
    context_fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max_fallbacks: int = 5
    allowed_fails: int = 3
    cooldown_time: float = 5.0
    cooldowns: bool = True
    aliases: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    parallel: int | None = None
    queue_length: int = 100
    queue_timeout: float = 60.0
    prefer_loaded: bool = True
    busy: int = 4
    wait_loaded: float = 5.0
    redis_url: str = ""


def read_routing(root: Root, variables: Variables) -> Routing:
    """Return what a config says about routing. Raises ConfigError with a bad value's path."""
    router, general = root.router_settings, root.litellm_settings
    proxy, own = root.general_settings, root.diglot
    default = Routing()
    strategy = _ALSO.get(router.routing_strategy, router.routing_strategy)
    if router.routing_strategy == "cost-based-routing":
        variables.warnings.append(
            "router_settings.routing_strategy cost-based-routing is taken as least-busy: local "
            "models have no price"
        )
    fallbacks = _joined(general.fallbacks, router.fallbacks)
    listed = as_names(router.default_fallbacks) or as_names(general.default_fallbacks)
    aliases = {
        name: alias if isinstance(alias, str) else alias.model
        for name, alias in router.model_group_alias.items()
    }
    _check_aliases(aliases)
    return Routing(
        strategy=strategy,  # type: ignore[arg-type]  # one of the schema's words, or _ALSO's
        num_retries=_first(router.num_retries, general.num_retries),
        retry_after=router.retry_after,
        # A * stands for every name that has no line of its own.
        fallbacks={name: names for name, names in fallbacks.items() if name != "*"},
        default_fallbacks=listed or fallbacks.get("*", ()),
        context_fallbacks=_joined(
            general.context_window_fallbacks, router.context_window_fallbacks
        ),
        max_fallbacks=router.max_fallbacks,
        allowed_fails=_first(router.allowed_fails, general.allowed_fails, default.allowed_fails),
        cooldown_time=_first(router.cooldown_time, general.cooldown_time, default.cooldown_time),
        cooldowns=not router.disable_cooldowns,
        aliases=aliases,
        hidden=frozenset(
            name
            for name, alias in router.model_group_alias.items()
            if isinstance(alias, Alias) and alias.hidden
        ),
        parallel=router.default_max_parallel_requests or proxy.max_parallel_requests,
        queue_length=own.queue.length,
        queue_timeout=own.queue.timeout,
        prefer_loaded=own.routing.prefer_loaded,
        busy=own.routing.busy,
        wait_loaded=own.routing.wait_loaded,
        redis_url=_redis(router, variables.environ),
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _joined(*lists: Iterable[Mapping[str, Names]]) -> dict[str, tuple[str, ...]]:
    """Return ``[{a: [b, c]}, ...]`` as one mapping; of two lines of a name the last counts."""
    return {
        name: as_names(names) for items in lists for item in items for name, names in item.items()
    }


def _check_aliases(aliases: Mapping[str, str]) -> None:
    for name, target in aliases.items():
        path = f"router_settings.model_group_alias.{name}"
        if not target:
            raise ConfigError(f"{path} must be the name of a model", path=path)
        if target in aliases:
            raise ConfigError(f"{path} leads to {target}, which is an alias itself", path=path)


def _redis(router: Router, environ: Mapping[str, str]) -> str:
    """Return the address of the Redis that gateways share their cooldowns in, or ""."""
    url = router.redis_url or environ.get("REDIS_URL", "")
    host = router.redis_host or environ.get("REDIS_HOST", "")
    port = router.redis_port or environ.get("REDIS_PORT") or 6379
    password = router.redis_password or environ.get("REDIS_PASSWORD", "")
    if not url and host:
        url = f"redis://{f':{quote(password)}@' if password else ''}{host}:{port}"
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        path = "router_settings.redis_url"
        # The value may hold a password, so the message leaves it out.
        raise ConfigError(f"{path} must begin with redis:// or rediss://", path=path)
    return url
