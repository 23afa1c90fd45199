"""How the server and its backends are: LiteLLM's routes of health, its model info, and /metrics."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.backends.health import check_hosts, problem_of
from core.config.deployment import Deployment
from core.errors import DiglotError
from core.gateway.auth import principal_of
from core.gateway.call import GatewayState
from core.gateway.endpoints.json_endpoint import json_endpoint
from core.gateway.errors import dialect_of, error_response

__all__ = ["HealthRoutes"]


class HealthRoutes:
    """Asked now and then, by people and by those who start and stop servers."""

    def __init__(self, gateway_state: GatewayState) -> None:
        self._gateway_state = gateway_state
        self._fleet = gateway_state.fleet

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/health/liveliness", json_endpoint(self.alive), methods=["GET"]),
            Route("/health/liveness", json_endpoint(self.alive), methods=["GET"]),
            Route("/health/readiness", self.ready, methods=["GET"]),
            Route("/health", json_endpoint(self.health), methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/model/info", json_endpoint(self.info), methods=["GET"]),
            Route("/v1/model/info", json_endpoint(self.info), methods=["GET"]),
        ]

    async def alive(self, request: Request) -> Any:
        """GET /health/liveliness, as LiteLLM answers it."""
        return "I'm alive!"

    async def ready(self, request: Request) -> Response:
        """GET /health/readiness: 503 while the embedded model is not there to answer."""
        phase = self._fleet.status().phase
        status = "healthy" if phase == "ready" else phase
        body = {"status": status, "db": "Not connected"}
        return JSONResponse(body, 200 if phase == "ready" else 503)

    async def health(self, request: Request) -> Any:
        """GET /health: every deployment, with what is wrong with it. No model is loaded."""
        principal_of(request.scope).check_watch()
        hosts = await check_hosts(self._fleet)
        healthy, unhealthy = [], []
        for load in self._fleet.loads:
            place = load.deployment
            facts = {"model": _model(place), "api_base": place.base_url, "model_id": place.id}
            problem = problem_of(place, hosts)
            if problem:
                unhealthy.append({**facts, "error": problem})
            else:
                healthy.append(facts)
        return {
            "healthy_endpoints": healthy,
            "unhealthy_endpoints": unhealthy,
            "healthy_count": len(healthy),
            "unhealthy_count": len(unhealthy),
        }

    async def metrics(self, request: Request) -> Response:
        """GET /metrics, for Prometheus."""
        try:
            principal_of(request.scope).check_watch()
        except DiglotError as exc:
            return error_response(dialect_of(request.url.path), exc)
        body, kind = self._gateway_state.metrics.exposition(self._fleet.loads)
        return Response(body, media_type=kind)

    async def info(self, request: Request) -> Any:
        """GET /model/info: the deployments that whoever asks may use; addresses for operators."""
        principal = principal_of(request.scope)
        places = [load.deployment for load in self._fleet.loads]
        shown = [place for place in places if principal.may_ask(place.model_name)]
        return {"data": [_info(place, everything=principal.everything) for place in shown]}


def _info(place: Deployment, *, everything: bool) -> dict[str, Any]:
    params: dict[str, Any] = {"model": _model(place)}
    if everything:
        params |= {"api_base": place.base_url, **place.settings}
    return {
        "model_name": place.model_name,
        "litellm_params": params,
        "model_info": {"id": place.id, "db_model": False, "mode": place.mode},
    }


def _model(place: Deployment) -> str:
    provider = "embedded" if place.embedded else place.dialect
    return f"{provider}/{place.model}"
