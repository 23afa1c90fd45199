"""The bookkeeping of every request: principal, limits, metrics, logs and traces."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from core.backends.calls.answer import Fail
from core.backends.fleet import Fleet
from core.backends.hidden_addresses import HiddenAddresses
from core.errors import DiglotError
from core.exchanges.exchange import Exchange, Trail
from core.gateway.auth import Principal
from core.gateway.rate_limits import Limits, OverLimit, Slot
from core.gateway.readiness import Readiness
from core.gateway.telemetry.logs import REQUEST, log_request, logs_requests
from core.gateway.telemetry.metrics import Metrics
from core.gateway.telemetry.traces import Traces
from core.gateway.telemetry.workers import FOLDER, Exposition
from core.ids import new_id
from core.translation.dialects.registry import api_of

_MILLISECOND = 1_000_000

CLIENT_LEFT = 499
"""What is counted and logged where a client left before its answer was whole (nginx' word)."""

_LAST_WORDS = 2.0
"""Seconds that a client has to receive the end of an interrupted answer."""

Header = tuple[bytes, bytes]


class GatewayState:
    """Shared by all routes of one app."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.limits = Limits(lambda: fleet.config.routing.redis_url)
        self.metrics = Metrics()
        folder = os.environ.get(FOLDER)
        self.exposition = Exposition(self.metrics, Path(folder) if folder else None)
        self.traces = Traces()
        self.addresses = HiddenAddresses(fleet)
        self.readiness = Readiness(fleet)

    async def settle(self) -> None:
        """Wait a moment until clients with interrupted answers have received the error."""
        end = time.monotonic() + _LAST_WORDS
        # Polling: an event would cost every request something.
        while self.metrics.in_flight and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def aclose(self) -> None:
        """Flush and close what is left."""
        await self.limits.aclose()
        await asyncio.to_thread(self.traces.close)

    def begin(
        self, client_dialect: str, route: str, principal: Principal, headers: Iterable[Header]
    ) -> CallScope:
        """Note that a request has come. The caller has to call ``end`` in any case."""
        self.metrics.in_flight += 1
        return CallScope(self, client_dialect, route, principal, headers)


def identified(identity: str) -> list[Header]:
    """Return the headers with the request id, under the name in each API.

    The openai SDK reads ``x-request-id``, Anthropic's ``request-id``.
    """
    value = identity.encode()
    return [(b"x-diglot-id", value), (b"x-request-id", value), (b"request-id", value)]


class CallScope:
    """One request of a client. ``status`` is the status of the answer, 0 before it.

    ``id`` is the id of the request and of its exchange, if there is one. ``fail`` returns the error
    event of a stream that has begun.
    """

    __slots__ = ("_gateway_state", "_headers", "_slot", "client_dialect", "exchange", "fail",
                 "id", "principal", "refused", "route", "started", "status")  # fmt: skip

    def __init__(
        self,
        gateway_state: GatewayState,
        client_dialect: str,
        route: str,
        principal: Principal,
        headers: Iterable[Header],
    ) -> None:
        self._gateway_state = gateway_state
        self._headers = headers
        self.client_dialect = client_dialect
        self.route = route
        self.principal = principal
        self.started = time.time_ns()
        self.id = new_id()
        REQUEST.set(self.id)
        self.status = 0
        self.refused = ""
        self.exchange: Exchange | None = None
        self.fail: Fail | None = None
        self._slot: Slot | None = None

    async def admit(self) -> None:
        """Apply the limits of the key; raise OverLimit (429)."""
        key = self.principal.key
        if key is not None and self.principal.counted:
            names = api_of(self.client_dialect).limit_headers
            self._slot = await self._gateway_state.limits.admit(key, names=names)

    def note(self, exchange: Exchange) -> None:
        """Set the exchange of the request."""
        self.exchange = exchange

    @property
    def limited(self) -> bool:
        """Whether the key has limits, of which each answer tells."""
        return self._slot is not None

    def headers(self) -> list[Header]:
        """Return the response headers: limits, times, deployment and retries."""
        found: list[Header] = list(self._slot.headers) if self._slot is not None else []
        exchange = self.exchange
        if exchange is not None and exchange.trail is not None:
            found += trail_headers(exchange.trail, exchange.id.encode(), *self.times())
        return found

    def times(self) -> tuple[bytes, bytes]:
        """Return how long the answer took so far, and how much of that was not the backends', in
        ms.
        """
        took = time.time_ns() - self.started
        waited = self.exchange.waited() if self.exchange is not None else 0
        spent = b"%.3f" % (took / _MILLISECOND)
        return spent, b"%.3f" % (max(took - waited, 0) / _MILLISECOND)

    def marked(self, response: Response, error: DiglotError) -> Response:
        """Return the response of an error with these headers."""
        self.status = error.status
        more = error.headers if isinstance(error, OverLimit) else self.headers()
        response.raw_headers.extend(more)
        response.raw_headers.extend(identified(self.id))
        if isinstance(error, OverLimit):
            self._gateway_state.metrics.refused(error.code, self.principal.name)
            self.refused = error.code
        return response

    def end(self, *, seen: bool = True) -> None:
        """End the request. It is counted and logged if ``seen``."""
        gateway_state = self._gateway_state
        try:
            if self._slot is not None:
                gateway_state.limits.release(self._slot, self._tokens())
            if seen:
                self._record()
        finally:
            # Last: who waits until nothing is in work any more finds everything counted.
            gateway_state.metrics.in_flight -= 1

    def _record(self) -> None:
        """Count, trace and log the request."""
        gateway_state, exchange = self._gateway_state, self.exchange
        # The client left before an answer: 499, as in nginx.
        status = self.status or CLIENT_LEFT
        name = self.principal.name
        gateway_state.metrics.count(self.route, name, status, self.started, exchange)
        if exchange is not None and gateway_state.traces.on:
            gateway_state.traces.record(self.started, status, exchange, self._headers)
        if logs_requests():
            log_request(
                self.route, name, status, self.started, self.id, exchange, code=self.refused
            )

    def _tokens(self) -> int:
        exchange = self.exchange
        if exchange is None or not exchange.backend:
            return 0
        usage = exchange.usage()
        if usage is not None:
            return usage.prompt_tokens + usage.completion_tokens
        # No counts from the backend: estimate, so that leaving early is not free.
        wire = exchange.client
        return wire.request_bytes // 4 + max(len(wire.chunks), 1)


def trail_headers(trail: Trail, identity: bytes, spent: bytes, overhead: bytes) -> list[Header]:
    """Return what is told of how a request was routed; nothing where it was not."""
    if trail.deployment is None:
        return []
    retries, fallbacks = b"%d" % trail.retries, b"%d" % trail.fallbacks
    place, group = _line(trail.deployment.id), _line(trail.group)
    return [
        (b"x-diglot-deployment", place),
        (b"x-diglot-response-ms", spent),
        (b"x-diglot-overhead-ms", overhead),
        (b"x-diglot-retries", retries),
        (b"x-diglot-fallbacks", fallbacks),
        (b"x-litellm-call-id", identity),
        (b"x-litellm-model-id", place),
        (b"x-litellm-model-group", group),
        (b"x-litellm-response-duration-ms", spent),
        (b"x-litellm-overhead-duration-ms", overhead),
        (b"x-litellm-attempted-retries", retries),
        (b"x-litellm-attempted-fallbacks", fallbacks),
    ]


# Every answer of a deployment has the same few.
@lru_cache(maxsize=1024)
def _line(text: str) -> bytes:
    """Return a text as a header value, quoted: model names from clients must not end the line."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return quote(text, safe="/:@ ").encode()


_gateways: list[GatewayState] = []


def install_gateway(gateway_state: GatewayState) -> None:
    """Make ``gateway_state`` the one of this process, for the pages."""
    _gateways[:] = [gateway_state]


def current_gateway() -> GatewayState | None:
    """Return the state of this process' gateway; None where pages run without a gateway."""
    return _gateways[0] if _gateways else None
