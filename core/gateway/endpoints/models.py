"""Ollama's routes that manage models: passed on to the Ollama server as they are.

Progress is passed on line by line as it comes, and a blob is sent on while it is received, so
that neither has to fit into memory.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core.backends.fleet import Fleet
from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import principal_of
from core.gateway.errors import dialect_of, error_response
from core.http.client import Reply
from core.translation.codec.json import decode_json, read_object, read_text

__all__ = ["ModelRoutes"]

_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}", re.ASCII)


class ModelRoutes:
    """pull, push, create, copy, delete, and blobs."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/pull", self.named, methods=["POST"]),
            Route("/api/push", self.named, methods=["POST"]),
            Route("/api/create", self.named, methods=["POST"]),
            Route("/api/copy", self.named, methods=["POST"]),
            Route("/api/delete", self.named, methods=["DELETE"]),
            Route("/api/blobs/{digest}", self.blob, methods=["HEAD", "POST"]),
        ]

    async def named(self, request: Request) -> Response:
        """Pass on a request whose body names the model; ``name`` is the older word for it."""
        try:
            principal_of(request.scope).check_manage()
            raw = await request.body()
            body = read_object(decode_json(raw), "")
            key = next((key for key in ("model", "name", "source") if body.get(key)), "model")
            name = read_text(body.get(key), key)
            reply = await self._fleet.manage(request.method, request.url.path, name, raw, key=key)
        except DiglotError as exc:
            return error_response(dialect_of(request.url.path), exc)
        return _passed(reply)

    async def blob(self, request: Request) -> Response:
        """Ask whether a blob is there, or send one on."""
        posted = request.method == "POST"
        try:
            principal_of(request.scope).check_manage()
            digest = request.path_params["digest"]
            # It becomes part of an address, so nothing else may be in it.
            if not _DIGEST.fullmatch(digest):
                raise InvalidRequest("a blob is named sha256: and 64 hexadecimal digits")
            reply = await self._fleet.manage(
                request.method,
                f"/api/blobs/{digest}",
                "",
                request.stream() if posted else None,
                length=request.headers.get("content-length", "") if posted else "",
            )
        except DiglotError as exc:
            return error_response(dialect_of(request.url.path), exc)
        return _passed(reply)


def _passed(reply: Reply) -> Response:
    async def chunks() -> AsyncGenerator[bytes]:
        try:
            while chunk := await reply.chunk():
                yield chunk
        except DiglotError:
            # The line that says how it ended is missing: clients take that as a failure.
            return
        finally:
            reply.close()

    return StreamingResponse(
        chunks(), status_code=reply.status, media_type=reply.content_type or None
    )
