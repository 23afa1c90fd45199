"""The gateway's routes: Ollama's native API and OpenAI's, side by side over the same models.

The app is a plain Starlette router, so it runs alone (``python -m core``) or mounted in the process
of the interface. Errors are returned in the dialect of the route, also for unknown paths.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from core.backends.fleet import Fleet
from core.errors import InvalidRequest
from core.gateway.call import CallScope, GatewayState
from core.gateway.endpoints.chat import ChatEndpoint, counted
from core.gateway.endpoints.direct_routes import ChatRoutes
from core.gateway.endpoints.exchanges import ExchangeRoutes
from core.gateway.endpoints.health import HealthRoutes
from core.gateway.endpoints.listings import Listings
from core.gateway.endpoints.mcp import McpEndpoint, own_tools
from core.gateway.endpoints.models import ModelRoutes
from core.gateway.endpoints.openapi import docs_routes
from core.gateway.endpoints.responses import ResponsesEndpoint
from core.gateway.endpoints.threads import ThreadsEndpoint
from core.gateway.errors import error_response
from core.gateway.gate import Endpoint, GatedRoute, handled, noted
from core.gateway.heap import return_memory
from core.gateway.origins import OriginGuard
from core.gateway.paths import PathForms
from core.gateway.protocols.direct_protocol import ROUTES, DirectProtocol
from core.gateway.protocols.uvicorn_protocol import BoundedServer
from core.translation.codec.json import decode_json, read_object
from core.translation.dialects.dialect import Dialect
from core.translation.dialects.registry import DIALECTS, SPOKEN


def routes(gateway_state: GatewayState, mcp: McpEndpoint) -> list[GatedRoute]:
    """Return the routes of all dialects, without ``/``. They need an OriginGuard in front."""
    listings = Listings(gateway_state.fleet)
    get = partial(handled, gateway_state)
    post = partial(get, method="POST", reads="all")
    table = [
        # Routes are tried in order: the most frequent come first.
        *_asked(gateway_state),
        *(
            post(dialect.counts_at, partial(_count, gateway_state.fleet, name))
            for name, dialect in DIALECTS.items()
            if dialect.counts_at and not dialect.keeps
        ),
        *ModelRoutes(gateway_state).routes(),
        get("/v1/models", listings.models),
        get("/v1/models/{name:path}", listings.model),
        get("/api/tags", listings.tags),
        post("/api/show", listings.show),
        get("/api/ps", listings.running),
        get("/api/version", listings.version),
        *HealthRoutes(gateway_state).routes(),
        *ExchangeRoutes(gateway_state).routes(),
        # No GET: a server without sessions sends no messages of its own (MCP 2025-11-25,
        # transports: 405 where no stream is offered), and an idle stream would hold up a stop.
        GatedRoute("/mcp", mcp, ["POST"]),
        *docs_routes(gateway_state),
    ]
    # Last: any other path under these prefixes is unknown.
    missing = ("/v1", "/v1/{rest:path}", "/api/{rest:path}")
    return [*table, *(GatedRoute(path, _NotFound(gateway_state, table)) for path in missing)]


def _asked(gateway_state: GatewayState) -> Iterator[GatedRoute]:
    """Yield the route of each dialect, and the routes of stored answers."""
    get = partial(handled, gateway_state)
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
        if spoken.counts_at:
            yield get(spoken.counts_at, kept.count, "POST", reads="all")
        yield get(f"{spoken.path}/compact", kept.compact, "POST", reads="all")
        yield get(one, kept.stored)
        yield get(one, kept.delete, "DELETE")
        yield get(f"{one}/input_items", kept.items)


def create_app(fleet: Fleet, *, exposed: bool = False) -> ASGIApp:
    """Return the gateway as an app of its own, which opens and closes ``fleet``.

    ``exposed``: other machines can reach it, so a key is required.
    """

    gateway_state = GatewayState(fleet)
    mcp = McpEndpoint(gateway_state, lambda: own_tools(fleet.config.tools))

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
        async with fleet:
            gateway_state.readiness.say_so_first()
            sharing = asyncio.create_task(gateway_state.exposition.share(lambda: fleet.loads))
            returning = asyncio.create_task(return_memory())
            yield {ROUTES: direct}
            await gateway_state.settle()
            sharing.cancel()
            returning.cancel()
            await mcp.aclose()
        await gateway_state.aclose()

    home = handled(gateway_state, "/", _home, free=True)
    wrong = GatedRoute("/", _NotFound(gateway_state, [home], free=True))
    table = [*routes(gateway_state, mcp), home, wrong]
    missing = _NotFound(gateway_state, table, free=True)
    router = Router(table, default=missing, lifespan=lifespan, redirect_slashes=False)
    posts = _Posts(table, router)
    guarded = OriginGuard(posts, gateway_state=gateway_state, exposed=exposed)
    direct = ChatRoutes(gateway_state, posts.found, guarded)
    return BoundedServer(PathForms(guarded), protocol=DirectProtocol)


async def _home(request: Request, body: bytes) -> Response:
    # Many Ollama clients check for exactly this text.
    return PlainTextResponse("Ollama is running")


class _Posts:
    """A shortcut for the hot endpoints: found by a dict; all other requests go to the router."""

    def __init__(self, table: list[GatedRoute], router: Router) -> None:
        self._router = router
        self.found: dict[str, ChatEndpoint] = {
            route.path: route.endpoint
            for route in table
            if isinstance(route.endpoint, ChatEndpoint)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the app's life."""
        found = self.found.get(scope.get("path", "")) if scope.get("method") == "POST" else None
        await (found or self._router)(scope, receive, send)


async def _count(fleet: Fleet, dialect: str, request: Request, body: bytes) -> Any:
    """POST of a request in a dialect whose API counts its tokens."""
    return await counted(fleet, dialect, read_object(decode_json(body), ""), request)


class _NotFound(Endpoint):
    """Answers unknown paths (404) and methods (405)."""

    def __init__(self, gateway_state: GatewayState, table: list[GatedRoute], *, free: bool = False):
        super().__init__(gateway_state, reads="nothing", free=free)
        self._table = table

    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Say what there is."""
        method, path = scope["method"], scope["path"]
        methods = self._methods(path)
        if not methods:
            raise InvalidRequest(
                f"{method} {path} is not a route of this server. It answers OpenAI's API under /v1 "
                "(chat/completions, completions, responses, embeddings, models), Anthropic's at "
                "/v1/messages, and Ollama's under /api.",
                status=404,
                code="not_found",
            )
        allowed = ", ".join(sorted({*methods, "OPTIONS"}))
        response = Response(status_code=204)
        if method != "OPTIONS":
            error = InvalidRequest(
                f"{path} does not take {method}; it takes {allowed}",
                status=405,
                code="method_not_allowed",
            )
            response = call.marked(error_response(call.client_dialect, error, call.id), error)
        # RFC 9110, 15.5.6 and 9.3.7.
        response.headers["allow"] = allowed
        await response(scope, receive, noted(call, send) if method == "OPTIONS" else send)

    def _methods(self, path: str) -> set[str]:
        routes = (route for route in self._table if route.path_regex.match(path))
        return {method for route in routes for method in route.methods or ()}
