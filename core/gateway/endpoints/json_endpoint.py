"""Endpoints that answer with one JSON body, and with errors in the route's own dialect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from core.errors import DiglotError
from core.gateway.errors import dialect_of, error_response
from core.translation.codec.json import encode_json

__all__ = ["Handler", "json_endpoint"]

Handler = Callable[[Request], Awaitable[Any]]


def json_endpoint(handler: Handler) -> Handler:
    """Answer with JSON, and with the dialect's own error where the handler raises one of ours."""

    async def endpoint(request: Request) -> Response:
        try:
            value = await handler(request)
        except DiglotError as exc:
            return error_response(dialect_of(request.url.path), exc)
        return Response(encode_json(value), media_type="application/json")

    return endpoint
