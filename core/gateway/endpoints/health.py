"""Health of the server and its backends: LiteLLM's health routes, model info, and /metrics."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.backends.health import check_hosts, problem_of
from core.config.deployment import Deployment
from core.gateway.auth import principal_of
from core.gateway.call import GatewayState
from core.gateway.gate import GatedRoute, handled
from core.http.addresses import shown_address


class HealthRoutes:
    """Routes for people and orchestrators."""

    def __init__(self, gateway_state: GatewayState) -> None:
        self._gateway_state = gateway_state
        self._fleet = gateway_state.fleet

    def routes(self) -> list[GatedRoute]:
        """Return the routes."""
        told = partial(handled, self._gateway_state)
        free = partial(told, free=True)
        return [
            free("/health/liveliness", self.alive),
            free("/health/liveness", self.alive),
            free("/health/readiness", self.ready),
            told("/health", self.health),
            told("/metrics", self.metrics),
            told("/model/info", self.info),
            told("/v1/model/info", self.info),
            told("/model_group/info", self.groups),
        ]

    async def alive(self, request: Request, body: bytes) -> Any:
        """GET /health/liveliness, as LiteLLM answers it."""
        return "I'm alive!"

    async def ready(self, request: Request, body: bytes) -> Response:
        """GET /health/readiness: 503 where requests should go elsewhere."""
        ready, said = await self._gateway_state.readiness.look()
        return JSONResponse(said, 200 if ready else 503)

    async def health(self, request: Request, body: bytes) -> Any:
        """GET /health: every deployment, with its problem if any. No model is loaded."""
        principal = principal_of(request.scope)
        principal.check_watch()
        hosts = await check_hosts(self._fleet)
        healthy, unhealthy = [], []
        for load in self._fleet.loads:
            place = load.deployment
            facts = {"model": _model(place), "model_id": place.id}
            problem = problem_of(place, hosts)
            if principal.stranger:
                problem = self._gateway_state.addresses.text(problem)
            else:
                facts["api_base"] = shown_address(place.base_url)
            if problem:
                unhealthy.append({**facts, "error": problem})
            else:
                healthy.append(facts)
        for entry in self._fleet.config.unserved:
            error = f"{entry.model_name} is not served: {entry.reason}"
            unhealthy.append({"model": entry.model, "api_base": "", "model_id": "", "error": error})
        return {
            "healthy_endpoints": healthy,
            "unhealthy_endpoints": unhealthy,
            "healthy_count": len(healthy),
            "unhealthy_count": len(unhealthy),
        }

    async def metrics(self, request: Request, body: bytes) -> Response:
        """GET /metrics, for Prometheus."""
        principal = principal_of(request.scope)
        principal.check_watch()
        exposition = self._gateway_state.exposition
        text, kind = exposition.text(self._fleet.loads, addresses=not principal.stranger)
        return Response(text, media_type=kind)

    async def info(self, request: Request, body: bytes) -> Any:
        """GET /model/info: the deployments that the principal may use; addresses for operators."""
        principal = principal_of(request.scope)
        places = [load.deployment for load in self._fleet.loads]
        shown = [place for place in places if principal.may_ask(place.model_name)]
        return {"data": [_info(place, addresses=principal.operator) for place in shown]}

    async def groups(self, request: Request, body: bytes) -> Any:
        """GET /model_group/info: the names that the principal may ask for, as LiteLLM has them."""
        principal = principal_of(request.scope)
        found: dict[str, dict[str, Any]] = {}
        for load in self._fleet.loads:
            place = load.deployment
            if not principal.may_ask(place.model_name):
                continue
            group = found.setdefault(
                place.model_name,
                {"model_group": place.model_name, "providers": [], "mode": place.mode},
            )
            provider = _model(place).partition("/")[0]
            if provider not in group["providers"]:
                group["providers"].append(provider)
        return {"data": list(found.values())}


def _info(place: Deployment, *, addresses: bool) -> dict[str, Any]:
    params: dict[str, Any] = {"model": _model(place)}
    if addresses:
        params |= {"api_base": shown_address(place.base_url), **place.settings}
    return {
        "model_name": place.model_name,
        "litellm_params": params,
        "model_info": {"id": place.id, "db_model": False, "mode": place.mode},
    }


def _model(place: Deployment) -> str:
    provider = "embedded" if place.embedded else place.dialect
    return f"{provider}/{place.model}"
