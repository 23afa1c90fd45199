"""Ollama's routes for managing models: passed on to the Ollama server unchanged.

Progress lines and blobs are passed on as they come, so neither has to fit into memory.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import Principal, principal_of
from core.gateway.call import GatewayState
from core.gateway.gate import GatedRoute, HandlerEndpoint, body_pieces, handled
from core.http.client import Reply
from core.translation.codec.json import decode_json, read_object, read_text

_NAMES = ("model", "name", "source", "destination", "from")
"""Where the bodies of these routes name a model (Ollama docs/api.md, 0.33)."""

_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}", re.ASCII)


class ModelRoutes:
    """pull, push, create, copy, delete, and blobs."""

    def __init__(self, gateway_state: GatewayState) -> None:
        self._gateway_state = gateway_state
        self._fleet = gateway_state.fleet

    def routes(self) -> list[GatedRoute]:
        """Return the routes."""
        named = partial(handled, self._gateway_state, handler=self.named, reads="all")
        blobs = HandlerEndpoint(self._gateway_state, self.blob, reads="as it comes")
        return [
            *(named(f"/api/{name}", method="POST") for name in ("pull", "push", "create", "copy")),
            named("/api/delete", method="DELETE"),
            GatedRoute("/api/blobs/{digest}", blobs, ["HEAD", "POST"]),
        ]

    async def named(self, request: Request, raw: bytes) -> Response:
        """Pass on a request whose body names the model; ``name`` is the older key for it."""
        principal = principal_of(request.scope)
        principal.check_manage()
        body = read_object(decode_json(raw), "")
        principal.check_names(body, _NAMES)
        key = next((key for key in ("model", "name", "source") if body.get(key)), "model")
        name = read_text(body.get(key), key)
        path = request.url.path
        reply = await self._fleet.manage(request.method, path, name, raw, key=key)
        return self._passed(reply, principal)

    async def blob(self, request: Request, _: bytes) -> Response:
        """Check whether a blob exists, or upload one."""
        posted = request.method == "POST"
        principal = principal_of(request.scope)
        principal.check_manage()
        digest = request.path_params["digest"]
        # It becomes part of a URL, so nothing else is allowed in it.
        if not _DIGEST.fullmatch(digest):
            raise InvalidRequest("a blob is named sha256: and 64 hexadecimal digits")
        reply = await self._fleet.manage(
            request.method,
            f"/api/blobs/{digest}",
            "",
            body_pieces(request.receive) if posted else None,
            length=request.headers.get("content-length", "") if posted else "",
        )
        return self._passed(reply, principal)

    def _passed(self, reply: Reply, principal: Principal) -> Response:
        hide = None if principal.operator else self._gateway_state.addresses.piece

        async def chunks() -> AsyncGenerator[bytes]:
            try:
                while chunk := await reply.chunk():
                    yield hide(chunk) if hide else chunk
            except DiglotError:
                # Without the final line, clients treat it as a failure.
                return
            finally:
                reply.close()

        return StreamingResponse(
            chunks(), status_code=reply.status, media_type=reply.content_type or None
        )
