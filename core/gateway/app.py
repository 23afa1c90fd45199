"""The gateway's routes: Ollama's native API and OpenAI's, side by side over the same models.

The app is a plain Starlette router, so it runs alone (``python -m core``) or mounted in the
process of the interface. Every error leaves in the dialect of the route it happened on, and a
path that is not there says so in that dialect too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from core.backends.catalog import API_VERSION
from core.backends.fleet import Fleet
from core.errors import BackendError, InvalidRequest
from core.gateway.auth import principal_of
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints.chat import ChatEndpoint
from core.gateway.endpoints.health import HealthRoutes
from core.gateway.endpoints.mcp import McpEndpoint, own_tools
from core.gateway.endpoints.models import ModelRoutes
from core.gateway.endpoints.openapi import docs_routes
from core.gateway.endpoints.responses import ResponsesEndpoint
from core.gateway.endpoints.threads import ThreadsEndpoint
from core.gateway.gate import Endpoint, GatedRoute, Handler, HandlerEndpoint
from core.gateway.origins import OriginGuard
from core.translation.codec.json import decode_json, read_object, read_text
from core.translation.dialects.registry import DIALECTS, SPOKEN, Dialect
from core.translation.stamp import parse_rfc3339

__all__ = ["create_app", "routes"]


def routes(gateway_state: GatewayState, mcp: McpEndpoint) -> list[GatedRoute]:
    """Return the routes of both dialects, without ``/``. An OriginGuard has to stand in front."""
    cold = _Cold(gateway_state.fleet)
    get, post = partial(_get, gateway_state), partial(_post, gateway_state)
    return [
        # Routes are tried in turn: those that are asked most come first.
        *_asked(gateway_state),
        *(
            post(dialect.counts_at, _Count(gateway_state.fleet, name))
            for name, dialect in DIALECTS.items()
            if dialect.counts_at
        ),
        *ModelRoutes(gateway_state).routes(),
        get("/v1/models", cold.models),
        get("/v1/models/{name:path}", cold.model),
        get("/api/tags", cold.tags),
        post("/api/show", cold.show),
        get("/api/ps", cold.running),
        get("/api/version", cold.version),
        *HealthRoutes(gateway_state).routes(),
        GatedRoute("/mcp", mcp),
        *docs_routes(gateway_state),
        # Last: whatever else is asked for under these prefixes is not there.
        *(
            GatedRoute(path, _NotFound(gateway_state))
            for path in ("/v1", "/v1/{rest:path}", "/api/{rest:path}")
        ),
    ]


def _asked(gateway_state: GatewayState) -> Iterator[GatedRoute]:
    """Yield the route of each dialect, and those of the answers that it keeps."""
    get = partial(_get, gateway_state)
    for name, spoken in SPOKEN.items():
        if isinstance(spoken, Dialect) and spoken.threads:
            yield GatedRoute(spoken.path, ThreadsEndpoint(gateway_state, name), ["POST"])
            continue
        if not (isinstance(spoken, Dialect) and spoken.keeps):
            yield GatedRoute(spoken.path, ChatEndpoint(gateway_state, name), ["POST"])
            continue
        kept = ResponsesEndpoint(gateway_state, name)
        one = f"{spoken.path}/{{id}}"
        yield GatedRoute(spoken.path, kept, ["POST"])
        yield get(one, kept.stored)
        yield GatedRoute(one, HandlerEndpoint(gateway_state, kept.delete), ["DELETE"])
        yield get(f"{one}/input_items", kept.items)


def _get(gateway_state: GatewayState, path: str, handler: Handler) -> GatedRoute:
    return GatedRoute(path, HandlerEndpoint(gateway_state, handler), ["GET"])


def _post(gateway_state: GatewayState, path: str, handler: Handler) -> GatedRoute:
    return GatedRoute(path, HandlerEndpoint(gateway_state, handler, reads="all"), ["POST"])


def create_app(fleet: Fleet, *, exposed: bool = False) -> ASGIApp:
    """Return the gateway as an app of its own, which opens and closes ``fleet``.

    ``exposed`` is one that other machines can reach: it lets nobody in without a key.
    """

    gateway_state = GatewayState(fleet)
    mcp = McpEndpoint(gateway_state, lambda: own_tools(fleet.config.tools))

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with fleet:
            yield
            await gateway_state.settle()
            await mcp.aclose()
        await gateway_state.aclose()

    home = GatedRoute("/", HandlerEndpoint(gateway_state, _home, free=True), ["GET"])
    table = [*routes(gateway_state, mcp), home]
    missing = _NotFound(gateway_state, free=True)
    router = Router(table, default=missing, lifespan=lifespan, redirect_slashes=False)
    return OriginGuard(_Posts(table, router), gateway_state=gateway_state, exposed=exposed)


async def _home(request: Request, body: bytes) -> Response:
    # Many clients of Ollama look for this very text to see whether it runs.
    return PlainTextResponse("Ollama is running")


class _Posts:
    """Finds the endpoints that are asked all day at once, and all else by the router's list."""

    def __init__(self, table: list[GatedRoute], router: Router) -> None:
        self._router = router
        self._found: dict[str, ASGIApp] = {
            route.path: route.endpoint
            for route in table
            if isinstance(route.endpoint, ChatEndpoint)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the app's life."""
        found = self._found.get(scope.get("path", "")) if scope.get("method") == "POST" else None
        await (found or self._router)(scope, receive, send)


class _Cold:
    """The routes that are asked now and then, not for every answer."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def models(self, request: Request, body: bytes) -> Any:
        """GET /v1/models."""
        return {"object": "list", "data": [_openai_model(e) for e in await self._seen(request)]}

    async def model(self, request: Request, body: bytes) -> Any:
        """GET /v1/models/{id}; names may hold slashes."""
        name = request.path_params["name"]
        wanted = name.removesuffix(":latest")
        for entry in await self._seen(request):
            if entry["name"].removesuffix(":latest") == wanted:
                return _openai_model({**entry, "name": name})
        raise BackendError(f"model '{name}' not found", status=404, code="model_not_found")

    async def tags(self, request: Request, body: bytes) -> Any:
        """GET /api/tags."""
        return {"models": await self._seen(request)}

    async def running(self, request: Request, body: bytes) -> Any:
        """GET /api/ps."""
        may_ask = principal_of(request.scope).may_ask
        running = await self._fleet.running()
        return {"models": [entry for entry in running if may_ask(str(entry.get("name")))]}

    async def show(self, request: Request, body: bytes) -> Any:
        """POST /api/show; ``name`` is the older word for ``model``."""
        asked = read_object(decode_json(body or b"{}"), "")
        name = read_text(asked.get("model") or asked.get("name"), "model")
        return await self._fleet.show(name, asked)

    async def version(self, request: Request, body: bytes) -> Any:
        """GET /api/version: of the API that is spoken here, since clients compare it."""
        return {"version": API_VERSION}

    async def _seen(self, request: Request) -> list[dict[str, Any]]:
        """Return the models that whoever asks may use."""
        may_ask = principal_of(request.scope).may_ask
        return [entry for entry in await self._fleet.models() if may_ask(entry["name"])]


class _Count:
    """POST of a request in a dialect whose API counts its tokens."""

    def __init__(self, fleet: Fleet, dialect: str) -> None:
        self._fleet = fleet
        self._dialect = dialect

    async def __call__(self, request: Request, body: bytes) -> Any:
        """Return the count, as Anthropic's API has it."""
        asked = read_object(decode_json(body), "")
        return {"input_tokens": await self._fleet.count_tokens(self._dialect, asked)}


class _NotFound(Endpoint):
    """Any path that has no route, and any method that its route does not take."""

    def __init__(self, gateway_state: GatewayState, *, free: bool = False) -> None:
        super().__init__(gateway_state, reads="nothing", free=free)

    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Say what there is."""
        raise InvalidRequest(
            f"{scope['method']} {scope['path']} is not a route of this server. It answers OpenAI's "
            "API under /v1 (chat/completions, completions, responses, embeddings, models), "
            "Anthropic's at /v1/messages, and Ollama's under /api.",
            status=404,
            code="not_found",
        )


def _openai_model(entry: dict[str, Any]) -> dict[str, Any]:
    name = entry["name"]
    owner, slash, _ = name.partition("/")
    return {
        "id": name,
        "object": "model",
        "created": parse_rfc3339(entry.get("modified_at", "")),
        "owned_by": owner if slash else "library",
    }
