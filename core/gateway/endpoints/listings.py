"""Lists of models in the form of each API, models in memory, and the version."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request

from core.backends.catalog import API_VERSION
from core.backends.fleet import Fleet
from core.errors import BackendError, InvalidRequest
from core.gateway.auth import principal_of
from core.gateway.errors import error_response
from core.gateway.telemetry.logs import REQUEST
from core.translation.codec.json import decode_json, read_object, read_text
from core.translation.stamp import parse_rfc3339

_PAGE = 1000
"""The largest page in Anthropic's API (its default is 20)."""


class Listings:
    """Handlers of routes that are not on the hot path."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def models(self, request: Request, body: bytes) -> Any:
        """GET /v1/models, in Anthropic's form where the request is Anthropic's."""
        seen = await self._seen(request)
        if not _is_anthropic(request):
            return {"object": "list", "data": [_openai_model(entry) for entry in seen]}
        try:
            return _page([_anthropic_model(entry) for entry in seen], request)
        except InvalidRequest as exc:
            return error_response("anthropic", exc, REQUEST.get())

    async def model(self, request: Request, body: bytes) -> Any:
        """GET /v1/models/{id}; names may hold slashes."""
        name = request.path_params["name"]
        anthropic = _is_anthropic(request)
        wanted = name.removesuffix(":latest")
        for entry in await self._seen(request):
            if entry["name"].removesuffix(":latest") == wanted:
                entry = {**entry, "name": name}
                return _anthropic_model(entry) if anthropic else _openai_model(entry)
        error = BackendError(f"model '{name}' not found", status=404, code="model_not_found")
        if anthropic:
            return error_response("anthropic", error, REQUEST.get())
        raise error

    async def tags(self, request: Request, body: bytes) -> Any:
        """GET /api/tags."""
        return {"models": await self._seen(request)}

    async def running(self, request: Request, body: bytes) -> Any:
        """GET /api/ps."""
        may_ask = principal_of(request.scope).may_ask
        served = await self._fleet.served()
        return {"models": [entry for entry in served if may_ask(entry["name"])]}

    async def show(self, request: Request, body: bytes) -> Any:
        """POST /api/show; ``name`` is the older word for ``model``."""
        asked = read_object(decode_json(body or b"{}"), "")
        name = read_text(asked.get("model") or asked.get("name"), "model")
        return await self._fleet.show(name, asked)

    async def version(self, request: Request, body: bytes) -> Any:
        """GET /api/version: the version of the API, which clients check."""
        return {"version": API_VERSION}

    async def _seen(self, request: Request) -> list[dict[str, Any]]:
        """Return the models that the principal may use."""
        may_ask = principal_of(request.scope).may_ask
        return [entry for entry in await self._fleet.models() if may_ask(entry["name"])]


def _is_anthropic(request: Request) -> bool:
    """Tell whether the client speaks Anthropic's API: its SDKs send both of these headers."""
    headers = request.headers
    return "anthropic-version" in headers or (
        "x-api-key" in headers and "authorization" not in headers
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


def _anthropic_model(entry: dict[str, Any]) -> dict[str, Any]:
    name, created = entry["name"], parse_rfc3339(entry.get("modified_at", ""))
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(created))
    return {"type": "model", "id": name, "display_name": name, "created_at": moment}


def _page(models: list[dict[str, Any]], request: Request) -> dict[str, Any]:
    """Return one page: ``limit``, ``after_id`` and ``before_id`` as Anthropic's API has them."""
    asked = request.query_params
    limit = asked.get("limit", str(_PAGE))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _PAGE):
        raise InvalidRequest(f"limit must be a number from 1 to {_PAGE}", path="limit")
    names = [model["id"] for model in models]
    for cursor in ("after_id", "before_id"):
        if cursor in asked and asked[cursor] not in names:
            raise InvalidRequest(f"{cursor} names no model here", path=cursor)
    start = names.index(asked["after_id"]) + 1 if "after_id" in asked else 0
    end = names.index(asked["before_id"]) if "before_id" in asked else len(models)
    if "before_id" in asked:
        start = max(start, end - int(limit))
        more = start > 0
    else:
        more = end - start > int(limit)
    data = models[start : min(end, start + int(limit))]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"data": data, "has_more": more, "first_id": first, "last_id": last}
