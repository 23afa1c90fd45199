"""/diglot/exchanges: the recorded requests and answers, and the report of each field.

Each key sees only its own exchanges: others do not exist for it (404). Bodies are shown as
recorded, without keys and without image data.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request

from core.errors import BackendError, DiglotError, InvalidRequest
from core.exchanges.exchange import Exchange
from core.exchanges.log import Filter
from core.exchanges.masking import mask_body
from core.exchanges.wire import Wire
from core.gateway.auth import principal_of
from core.gateway.call import GatewayState
from core.gateway.gate import GatedRoute, handled
from core.translation.codec.json import json_or_none
from core.translation.stamp import rfc3339
from core.words import languages, preferred

_MOST = 200
_USUAL = 50


class ExchangeRoutes:
    """The exchanges of the principal, for programs. The request page shows the same."""

    def __init__(self, gateway_state: GatewayState) -> None:
        self._gateway_state = gateway_state
        self._log = gateway_state.fleet.log

    def routes(self) -> list[GatedRoute]:
        """Return the routes."""
        get, one = partial(handled, self._gateway_state), "/diglot/exchanges/{id}"
        return [
            get("/diglot/exchanges", self.listed),
            get(one, self.one),
            get(f"{one}/report", self.report),
        ]

    async def listed(self, request: Request, body: bytes) -> Any:
        """GET /diglot/exchanges: newest first; ``before`` continues after a page."""
        asked = request.query_params
        limit = _number(asked.get("limit") or str(_USUAL), "limit")
        if not 1 <= limit <= _MOST:
            raise InvalidRequest(f"limit is 1 to {_MOST}", path="limit")
        before = _number(asked.get("before") or "0", "before")
        wanted = Filter(
            model=asked.get("model", ""),
            status=asked.get("status", ""),
            dialect=asked.get("dialect", ""),
            path=asked.get("path", ""),
            text=asked.get("text", ""),
        )
        principal = principal_of(request.scope)
        owner = principal.owner
        if not principal.everything:
            wanted = replace(wanted, shown=self._hidden)
        found = self._log.newest(owner=owner, wanted=wanted, limit=limit + 1, before=before)
        page, more = found[:limit], len(found) > limit
        shown = page if principal.everything else map(self._hidden, page)
        return {
            "object": "list",
            # A report of thousands of messages takes a second.
            "data": await asyncio.to_thread(lambda: [_summary(exchange) for exchange in shown]),
            "has_more": more,
            "next_before": str(page[-1].started) if more else None,
        }

    async def one(self, request: Request, body: bytes) -> Any:
        """GET /diglot/exchanges/{id}: both sides, as recorded."""
        exchange = self._mine(request)
        return {
            **_summary(exchange),
            "client": _side(exchange.client, exchange),
            "backend": [_side(wire, exchange) for wire in exchange.backend],
            "emulated": dict(exchange.emulated),
        }

    async def report(self, request: Request, body: bytes) -> Any:
        """GET /diglot/exchanges/{id}/report: what became of each field, and why."""
        exchange = self._mine(request)
        if not exchange.ended:
            raise BackendError(
                "this exchange is still at work; ask again when its answer has ended",
                status=409,
                code="not_ended",
            )
        # The inspector takes memory, and most gateways are never asked for a report.
        from core.gateway.endpoints.exchange_report import exchange_report

        return await asyncio.to_thread(exchange_report, exchange, _language(request))

    def _hidden(self, exchange: Exchange) -> Exchange:
        return self._gateway_state.addresses.exchange(exchange)

    def _mine(self, request: Request) -> Exchange:
        identity = request.path_params["id"]
        principal = principal_of(request.scope)
        exchange = self._log.get(identity, owner=principal.owner)
        if exchange is None:
            raise BackendError(
                "there is no such exchange; the oldest are forgotten",
                status=404,
                code="exchange_not_found",
            )
        return exchange if principal.everything else self._hidden(exchange)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidRequest(f"{name} is a whole number", path=name)
    return int(text)


def _language(request: Request) -> str:
    chosen = request.query_params.get("lang")
    if chosen and chosen not in languages():
        raise InvalidRequest(f"lang is one of: {', '.join(languages())}", path="lang")
    return chosen or preferred(request.headers.get("accept-language", ""))


def _summary(exchange: Exchange) -> dict[str, Any]:
    backend = [wire.dialect for wire in exchange.backend]
    return {
        "id": exchange.id,
        "started": rfc3339(exchange.started),
        "seconds": (exchange.ended - exchange.started) / 1e9 if exchange.ended else None,
        "model": exchange.model,
        "status": exchange.status or None,
        "error": exchange.error or None,
        "client_dialect": exchange.client.dialect,
        "path": exchange.client.path,
        "backend_dialects": backend,
        "streamed": exchange.client.streamed,
        "rows": _counts(exchange),
    }


def _counts(exchange: Exchange) -> dict[str, int] | None:
    """Return the number of rows by outcome; None if there is no report yet."""
    if not exchange.backend or exchange.cut:
        return None
    try:
        return dict(Counter(row.outcome for row in exchange.report()))
    except DiglotError:
        return None


def _side(wire: Wire, exchange: Exchange) -> dict[str, Any]:
    side: dict[str, Any] = {
        "dialect": wire.dialect,
        "path": wire.path,
        "request": _body(_kept(wire.request, exchange)),
        "status": wire.status or None,
        "streamed": wire.streamed,
        "headers": dict(wire.headers),
        "answered": dict(wire.answered),
        "response": _body(_kept(wire.response, exchange)),
    }
    # Empty for all but the operator.
    return {**side, "url": wire.url} if wire.url else side


def _kept(data: bytes, exchange: Exchange) -> bytes:
    """Return a body for display: it is masked when the answer has ended, not before."""
    return data if exchange.ended else mask_body(data)


def _body(data: bytes) -> Any:
    """Return a body as JSON where it is one, else as text."""
    value = json_or_none(data) if data[:1] in (b"{", b"[") else None
    return data.decode("utf-8", "replace") if value is None else value
