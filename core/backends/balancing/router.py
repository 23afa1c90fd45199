"""Finds the deployments for the name of a model.

Exact names come first, then wildcards (``*`` or ``prefix/*``), the longest pattern before the
shorter; the part matched by ``*`` takes the place of ``*`` in the deployment's own model. Names
are compared as Ollama compares them: without regard to case, ``m`` being ``m:latest``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from core.backends.balancing.group import Group
from core.backends.balancing.load import Host, Load, Route, model_key
from core.config.deployment import Deployment, Unserved
from core.config.routing import Routing
from core.errors import BackendError, DiglotError, InvalidRequest, Unsupported

_LONGEST = 60.0
"""The longest cooldown by a backend's Retry-After, in seconds."""


class Router:
    """The deployments by name, with their loads.

    ``before`` is the router of the previous config: unchanged deployments keep their counters.
    ``unserved`` are names whose requests are refused with a reason. ``tell`` is called with the id
    of a deployment and the seconds of each cooldown that starts here.
    """

    def __init__(
        self,
        deployments: Iterable[Deployment],
        routing: Routing | None = None,
        *,
        before: Router | None = None,
        tell: Callable[[str, float], None] | None = None,
        unserved: Iterable[Unserved] = (),
    ) -> None:
        self.deployments = tuple(deployments)
        self.routing = routing or Routing()
        self._tell = tell
        self.hosts: dict[str, Host] = {}
        self.loads: dict[str, Load] = {}
        exact: dict[str, list[Load]] = {}
        wild: dict[str, list[Load]] = {}
        # The name of a model at its backend works too, though only the name in the config is
        # listed.
        own: dict[str, list[Load]] = {}
        for deployment in self.deployments:
            load = self._load(deployment, before)
            if "*" in deployment.model_name:
                wild.setdefault(deployment.model_name, []).append(load)
            else:
                exact.setdefault(model_key(deployment.model_name), []).append(load)
                own.setdefault(model_key(deployment.model), []).append(load)
        for loads in (*exact.values(), *wild.values()):
            for load in loads:
                load.alone = len(loads) == 1
        self._exact = self._groups(exact)
        self._own = self._groups(own)
        known: dict[str, Group | Unserved] = {**self._groups(wild)}
        self._refused: dict[str, Unserved] = {}
        for one in unserved:
            if "*" in one.model_name:
                known.setdefault(one.model_name, one)
            else:
                self._refused.setdefault(model_key(one.model_name), one)
        self._wild = sorted(known.items(), key=lambda item: -len(item[0]))
        self._aliases = {model_key(a): model_key(t) for a, t in self.routing.aliases.items()}

    def group(self, name: str) -> Group:
        """Return the deployments of ``name``. Raises BackendError (404) for an unknown name."""
        if not name:
            raise InvalidRequest("model is missing: name the model to ask", path="model")
        group = self._exact.get(name) or self._exact.get(model_key(name))
        if group is not None:
            return group
        if (refused := self._refused.get(model_key(name))) is not None:
            raise ModelNotServed(name, refused)
        alias = self._aliases.get(model_key(name))
        if alias is not None and model_key(name) != alias:
            return self.group(alias)
        for pattern, wild in self._wild:
            head, _, tail = pattern.partition("*")
            if name.startswith(head) and name.endswith(tail) and len(name) >= len(head + tail):
                if isinstance(wild, Unserved):
                    raise ModelNotServed(name, wild)
                middle = name[len(head) : len(name) - len(tail)]
                return Group(name, wild.loads, self.routing, middle)
        group = self._own.get(model_key(name))
        if group is not None:
            return group
        known = ", ".join(sorted({d.model_name for d in self.deployments})) or "none"
        raise BackendError(
            f"model '{name}' not found. Models here: {known}.", status=404, code="model_not_found"
        )

    def resolve(self, name: str) -> Route:
        """Return where a request for ``name`` would go. Raises BackendError (404) for an unknown
        name.
        """
        return self.group(name).first()

    def fallbacks(self, name: str, *, too_long: bool = False) -> tuple[str, ...]:
        """Return the existing fallbacks of ``name``.

        ``too_long``: for a conversation that does not fit into the context of the model.
        """
        routing = self.routing
        if too_long:
            names = _named(routing.context_fallbacks, name)
        else:
            names = _named(routing.fallbacks, name) or routing.default_fallbacks
        return tuple(n for n in names if n != name and self._knows(n))[: routing.max_fallbacks]

    def _knows(self, name: str) -> bool:
        try:
            self.group(name)
        except DiglotError:
            return False
        return True

    def host(self, name: str) -> Route:
        """Return the Ollama server that manages ``name``, or would manage it if it had the model.

        Raises Unsupported where no Ollama server is behind Diglot.
        """
        try:
            route = self.resolve(name) if name else None
        except BackendError:
            route = None
        if route is not None and route.deployment.kind.manages_models:
            return route
        deployment = next((d for d in self.deployments if d.kind.manages_models), None)
        if deployment is None:
            raise Unsupported(
                "models are managed by an Ollama server, and none is behind this one. Start "
                "Ollama, or name one in the config.",
                status=501,
                code="no_ollama",
            )
        return Route(deployment, name)

    def located(self, base_url: str) -> tuple[Deployment, ...]:
        """Return all deployments, with ``base_url`` as the address of embedded ones."""
        return tuple(replace(d, base_url=base_url) if d.embedded else d for d in self.deployments)

    def cool(self, identity: str, seconds: float) -> None:
        """Start a cooldown that another gateway has reported, unless the deployment is alone."""
        load = self.loads.get(identity)
        if load is not None and not load.alone and self.routing.cooldowns:
            load.cool(time.monotonic() + seconds, self._ramp())

    def crowded_hosts(self) -> dict[str, Deployment]:
        """Return the Ollama servers between which there is a choice, each with one deployment."""
        found = {}
        for load in self.loads.values():
            if load.deployment.kind.loads_on_demand and not load.alone:
                found[load.host.base_url] = load.deployment
        return found

    def _groups(self, loads: Mapping[str, list[Load]]) -> dict[str, Group]:
        return {
            name: Group(items[0].deployment.model_name, items, self.routing)
            for name, items in loads.items()
        }

    def _load(self, deployment: Deployment, before: Router | None) -> Load:
        key = deployment.base_url or "embedded"
        known = before.hosts.get(key) if before is not None else None
        host = self.hosts.setdefault(key, known or Host(key))
        load = before.loads.get(deployment.id) if before is not None and deployment.id else None
        tokens = self.routing.strategy == "usage-based-routing"
        limit = self.routing.parallel
        if load is None:
            load = Load(deployment, host, limit, counts_tokens=tokens)
        else:
            load.configure(deployment, host, limit, counts_tokens=tokens)
        load.on_fail = self._failed
        self.loads[deployment.id or str(len(self.loads))] = load
        return load

    def _failed(self, load: Load, message: str, error: DiglotError | None) -> None:
        """Count a failure, and start a cooldown if there were too many.

        ``error`` None is a broken stream. Errors of the client are not counted.
        """
        status = 502 if error is None else error.status
        if status < 500 and status not in (408, 429):
            return
        now = time.monotonic()
        load.minute_of(now)
        load.error = message
        load.failed += 1
        load.failed_total += 1
        routing = self.routing
        if load.alone or not routing.cooldowns:
            return
        if status != 429 and not load.too_many_failed(routing.allowed_fails):
            return
        asked = error.retry_after if error is not None else None
        seconds = min(asked, _LONGEST) if asked is not None else routing.cooldown_time
        load.cool(now + seconds, self._ramp())
        if self._tell is not None and seconds > 0:
            self._tell(load.deployment.id, seconds)

    def _ramp(self) -> float:
        return max(2 * self.routing.cooldown_time, 1.0)


class ModelNotServed(BackendError):
    """A model of the config that cannot be served; its fallbacks can be."""

    def __init__(self, name: str, entry: Unserved) -> None:
        super().__init__(
            f"model '{name}' ({entry.model}) is not served here: {entry.reason}.",
            status=404,
            code="model_not_found",
        )


def _named(fallbacks: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    found = fallbacks.get(name)
    if found is None and fallbacks:
        key = model_key(name)
        found = next((names for other, names in fallbacks.items() if model_key(other) == key), None)
    return found or ()
