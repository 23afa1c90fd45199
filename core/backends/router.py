"""Which deployment answers for a model's name.

Exact names come first, then wildcards (``*`` or ``prefix/*``); the part matched by ``*`` takes
the place of ``*`` in the deployment's own model. Names are compared as Ollama compares them:
without regard to case, ``m`` being ``m:latest``.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from core.backends.config import Deployment
from core.errors import BackendError, InvalidRequest, Unsupported

__all__ = ["Route", "Router"]


class Route(Struct, frozen=True):
    """Where a request goes: the deployment, with the model's name at that backend."""

    deployment: Deployment
    model: str


class Router:
    """The deployments by name. Several of one name take turns."""

    def __init__(self, deployments: Iterable[Deployment]) -> None:
        self.deployments = tuple(deployments)
        self._exact: dict[str, list[Deployment]] = {}
        self._wild: list[Deployment] = []
        # A backend's own name for its model works too, though only the config's is listed.
        self._own: dict[str, Deployment] = {}
        self._turn = 0
        for deployment in self.deployments:
            if "*" in deployment.model_name:
                self._wild.append(deployment)
            else:
                self._exact.setdefault(_key(deployment.model_name), []).append(deployment)
                self._own.setdefault(_key(deployment.model), deployment)

    def resolve(self, name: str) -> Route:
        """Return where ``name`` goes. Raises BackendError (404) for a name nobody has."""
        if not name:
            raise InvalidRequest("model is missing: name the model to ask", path="model")
        group = self._exact.get(_key(name))
        if group:
            self._turn += 1
            deployment = group[self._turn % len(group)]
            return Route(deployment, deployment.model)
        for deployment in self._wild:
            head, _, tail = deployment.model_name.partition("*")
            if name.startswith(head) and name.endswith(tail):
                middle = name[len(head) : len(name) - len(tail)]
                return Route(deployment, deployment.model.replace("*", middle))
        own = self._own.get(_key(name))
        if own is not None:
            return Route(own, own.model)
        known = ", ".join(sorted(d.model_name for d in self.deployments)) or "none"
        raise BackendError(
            f"model '{name}' not found. Models here: {known}.", status=404, code="model_not_found"
        )

    def host(self, name: str) -> Route:
        """Return the Ollama server that manages ``name``, known there yet or not.

        Raises Unsupported where no Ollama server is behind Diglot.
        """
        try:
            route = self.resolve(name) if name else None
        except BackendError:
            route = None
        if route is not None and route.deployment.dialect == "ollama":
            return route
        native = (d for d in self.deployments if d.dialect == "ollama")
        deployment = next(native, None)
        if deployment is None:
            raise Unsupported(
                "models are managed by an Ollama server, and none is behind this one. Start "
                "Ollama, or name one in the config.",
                status=501,
                code="no_ollama",
            )
        return Route(deployment, name)

    def at(self, base_url: str) -> Router:
        """Return a router whose embedded deployments live at ``base_url``."""
        return Router(replace(d, base_url=base_url) if d.embedded else d for d in self.deployments)


def _key(name: str) -> str:
    return name.lower().removesuffix(":latest")
