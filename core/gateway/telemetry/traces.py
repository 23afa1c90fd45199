"""Traces for OpenTelemetry, with its conventions for generative AI; off unless it is set up.

``OTEL_EXPORTER_OTLP_ENDPOINT`` says where to, as everywhere. The packages are not among those
that Diglot needs: ``pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http``.
A span is made once a request is over, out of what is known of it then, so that none costs
anything while an answer is under way. It holds names, counts and times, never what was said.
"""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.translation.dialects.registry import SPOKEN, api_of

_LOG = logging.getLogger("diglot.traces")
_PLACES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Traces:
    """Sends a span for each request, and one inside it for each question to a backend."""

    def __init__(self) -> None:
        self._tracer: Any = None
        self._provider: Any = None
        wanted = any(os.environ.get(place) for place in _PLACES)
        if wanted and os.environ.get("OTEL_SDK_DISABLED") != "true":
            self._start()

    @property
    def on(self) -> bool:
        """Whether spans are sent."""
        return self._tracer is not None

    def record(
        self, started: int, status: int, exchange: Exchange, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Send what is known of a request that is over. Times are ns since the epoch."""
        operation = SPOKEN[exchange.client.dialect].task
        span = self._tracer.start_span(
            f"{operation} {exchange.model[:200]}".strip(),
            context=self._parent(headers),
            kind=self._kind.SERVER,
            start_time=started,
            attributes=_attributes(operation, status, exchange),
        )
        if status >= 400 or exchange.error:
            span.set_status(self._status(self._code.ERROR, exchange.error[:200] or None))
        inside = self._trace.set_span_in_context(span)
        for wire in exchange.backend:
            self._record_wire(operation, wire, inside)
        span.end(end_time=max(exchange.ended, started) or None)

    def close(self) -> None:
        """Send what is left. May take some seconds."""
        if self._provider is not None:
            self._provider.shutdown()

    def _record_wire(self, operation: str, wire: Wire, context: Any) -> None:
        if not wire.sent:
            return
        place = urlsplit(wire.url)
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": api_of(wire.dialect).name,
            "server.address": place.hostname or "",
            "url.path": wire.path,
            "http.response.status_code": wire.status,
        }
        if place.port:
            attributes["server.port"] = place.port
        span = self._tracer.start_span(
            f"POST {wire.path}",
            context=context,
            kind=self._kind.CLIENT,
            start_time=wire.sent,
            attributes=attributes,
        )
        if wire.streamed and wire.began:
            span.add_event("first_piece", timestamp=wire.began)
        span.end(end_time=max(wire.ended, wire.sent))

    def _parent(self, headers: Iterable[tuple[bytes, bytes]]) -> Any:
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        return self._propagator.extract(carrier) if carrier else None

    def _start(self) -> None:
        try:
            self._trace = importlib.import_module("opentelemetry.trace")
            sdk = importlib.import_module("opentelemetry.sdk.trace")
            export = importlib.import_module("opentelemetry.sdk.trace.export")
            resources = importlib.import_module("opentelemetry.sdk.resources")
            otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
            context = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
        except ImportError:
            _LOG.error(
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: pip install "
                "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
            )
            return
        self._kind, self._code = self._trace.SpanKind, self._trace.StatusCode
        self._status = self._trace.Status
        self._propagator = context.TraceContextTextMapPropagator()
        resource = resources.Resource.create({"service.name": "diglot"})
        self._provider = sdk.TracerProvider(resource=resource)
        self._provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("diglot")


def _attributes(operation: str, status: int, exchange: Exchange) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": exchange.model[:200],
        "gen_ai.response.id": exchange.id,
        "http.response.status_code": status,
        "url.path": exchange.client.path,
    }
    if exchange.backend:
        facts["gen_ai.provider.name"] = api_of(exchange.backend[-1].dialect).name
    trail = exchange.trail
    if trail is not None and trail.deployment is not None:
        facts["gen_ai.response.model"] = trail.deployment.model
        facts["diglot.deployment"] = trail.deployment.id
        facts["diglot.retries"] = trail.retries
        facts["diglot.fallbacks"] = trail.fallbacks
    usage = exchange.usage()
    if usage is not None:
        facts["gen_ai.usage.input_tokens"] = usage.prompt_tokens
        facts["gen_ai.usage.output_tokens"] = usage.completion_tokens
    if status >= 400:
        facts["error.type"] = str(status)
    return facts
