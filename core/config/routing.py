"""Routing: how a config wants requests sent to its deployments, and how it is read.

The sections are LiteLLM's: ``router_settings``, and those keys of ``litellm_settings`` that say
the same. A section of our own holds what LiteLLM has no word for::

    diglot:
      queue: {length: 100, timeout: 60}           # waiting, where max_parallel_requests is reached
      routing: {prefer_loaded: true, busy: 4}     # go where the model is in memory
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args
from urllib.parse import quote

from msgspec import field

from core.config.deployment import Hidden
from core.config.section import Section
from core.errors import ConfigError

__all__ = ["Routing", "Strategy", "read_routing"]

Strategy = Literal["simple-shuffle", "least-busy", "latency-based-routing", "usage-based-routing"]
_ALSO = {"usage-based-routing-v2": "usage-based-routing", "cost-based-routing": "least-busy"}


class Routing(Hidden, frozen=True, kw_only=True):
    """How requests are sent. Times are in seconds.

    ``num_retries`` None: up to two other deployments of the group, and none twice. The
    mappings go from a name to those that are asked instead, in this order. ``allowed_fails``
    is a minute's; more put a deployment out of work for ``cooldown_time``.
    ``queue_length`` requests may wait ``queue_timeout`` for a deployment that is full.
    ``busy`` is how many requests a host has in work when another host is preferred that has to
    load the model first.
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
    redis_url: str = ""


def read_routing(root: Section) -> Routing:
    """Return what a config says about routing. Raises ConfigError with a bad value's path."""
    router, general = root.section("router_settings"), root.section("litellm_settings")
    proxy, own = root.section("general_settings"), root.section("diglot")
    queue, routing = own.section("queue"), own.section("routing")
    default = Routing()
    aliases, hidden = _aliases(router.section("model_group_alias"))
    retries, again = (s.count("num_retries", zero=True) for s in (router, general))
    parallel, same = (
        router.count("default_max_parallel_requests"),
        proxy.count("max_parallel_requests"),
    )
    fallbacks = {**_fallbacks(general, "fallbacks"), **_fallbacks(router, "fallbacks")}
    defaults = router.names("default_fallbacks"), general.names("default_fallbacks")
    contexts = [_fallbacks(s, "context_window_fallbacks") for s in (general, router)]
    counts = router.count("allowed_fails", zero=True), general.count("allowed_fails", zero=True)
    times = router.number("cooldown_time", zero=True), general.number("cooldown_time", zero=True)
    return Routing(
        strategy=_strategy(router),
        num_retries=again if retries is None else retries,
        retry_after=router.number("retry_after", zero=True) or 0.0,
        # A * stands for every name that has no line of its own.
        fallbacks={name: names for name, names in fallbacks.items() if name != "*"},
        default_fallbacks=defaults[0] or defaults[1] or fallbacks.get("*", ()),
        context_fallbacks={**contexts[0], **contexts[1]},
        max_fallbacks=_first(router.count("max_fallbacks", zero=True), default.max_fallbacks),
        allowed_fails=_first(*counts, default.allowed_fails),
        cooldown_time=_first(*times, default.cooldown_time),
        cooldowns=not router.flag("disable_cooldowns", default=False),
        aliases=aliases,
        hidden=hidden,
        parallel=parallel or same,
        queue_length=_first(queue.count("length", zero=True), default.queue_length),
        queue_timeout=queue.number("timeout") or default.queue_timeout,
        prefer_loaded=routing.flag("prefer_loaded", default=True),
        busy=routing.count("busy") or default.busy,
        redis_url=_redis(router),
    )


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _strategy(router: Section) -> Strategy:
    text = router.text("routing_strategy") or "simple-shuffle"
    known = _ALSO.get(text, text)
    if known not in get_args(Strategy):
        names = ", ".join((*get_args(Strategy), *_ALSO))
        raise router.error("routing_strategy", f"must be one of {names}")
    if text == "cost-based-routing":
        router.source.warnings.append(
            "router_settings.routing_strategy cost-based-routing is taken as least-busy: local "
            "models have no price"
        )
    return known  # type: ignore[return-value]  # it has just been looked up


def _fallbacks(section: Section, key: str) -> dict[str, tuple[str, ...]]:
    """Return ``[{a: [b, c]}, ...]`` as one mapping; a name alone is a list of one."""
    found: dict[str, tuple[str, ...]] = {}
    for item in section.sections(key):
        for name in item.keys():  # noqa: SIM118  # a Section is no mapping
            found[name] = item.names(name)
    return found


def _aliases(section: Section) -> tuple[dict[str, str], frozenset[str]]:
    """Return the aliases, and those of them that are not listed."""
    found: dict[str, str] = {}
    hidden = set()
    for name in section.keys():  # noqa: SIM118  # a Section is no mapping
        value = section.take(name)
        if isinstance(value, dict):
            inner = section.section(name)
            value = inner.text("model", required=True)
            if inner.flag("hidden", default=False):
                hidden.add(name)
        if not isinstance(value, str) or not value:
            raise section.error(name, "must be the name of a model, or a mapping with model")
        found[name] = value
    for name, target in found.items():
        if target in found:
            raise section.error(name, f"leads to {target}, which is an alias itself")
    return found, frozenset(hidden)


def _redis(router: Section) -> str:
    """Return the address of the Redis that gateways share their cooldowns in, or ""."""
    environ = router.source.environ
    url = router.text("redis_url", unset="warn") or environ.get("REDIS_URL", "")
    host = router.text("redis_host", unset="warn") or environ.get("REDIS_HOST", "")
    port = router.setting("redis_port", "integer") or environ.get("REDIS_PORT") or 6379
    password = router.text("redis_password", unset="warn") or environ.get("REDIS_PASSWORD", "")
    if not url and host:
        url = f"redis://{f':{quote(password)}@' if password else ''}{host}:{port}"
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        # The value may hold a password, so it is not said.
        raise ConfigError("the address of Redis must begin with redis:// or rediss://")
    return url
