"""PassThrough: the same dialect on both sides, so what is asked and answered stays as it is.

A look is taken at ``model``, ``stream`` and at what the model must be able to do. Nothing else is
read, so nothing that the hub does not know is refused or lost: the backend judges.
"""

from __future__ import annotations

from typing import Any, Self

from core.errors import InvalidResponse
from core.translation.codec.json import decode_loosely, encode_json, read_object
from core.translation.codec.json_paths import without
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.conversions.passed_stream import PassedStream, raw_fields, rename_model
from core.translation.dialects.registry import DIALECTS
from core.translation.events import replay
from core.translation.messages import ChatResponse, Usage
from core.translation.report.report import explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp


class PassThrough:
    """Conversion of a request that the backend understands as it stands.

        request(model) ──> response(whole)     the backend's bytes, or the stream that was asked for
                       └─> stream()            a PassedStream

    ``request`` comes first: only then is it known whether the model has another name at the
    backend, and so whether the name has to be put back in what comes.
    """

    translated = False
    verbatim = json_is_whole = True

    __slots__ = ("_backend", "_incoming", "_rename", "_spoken", "_stamp", "answer_type", "dialect",
                 "needs", "streams")  # fmt: skip

    def __init__(self, incoming: Incoming, backend: Backend, stamp: Stamp) -> None:
        self._incoming = incoming
        self._backend = backend
        self._stamp = stamp
        self._rename = False
        self.dialect = incoming.client_dialect
        self._spoken = DIALECTS[self.dialect]
        self.streams = incoming.streams
        self.needs = incoming.needs()
        sse = self.streams and not self._spoken.native
        # Loading and unloading answer with one JSON object even where a stream was asked.
        self.answer_type = "text/event-stream" if sse else "application/json"

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self | None:
        """Return the conversion, or None where the backend needs another request."""
        if backend.thinking is not None:
            return None
        if backend.embedded:
            # llama.cpp counts one of several answers only, and its completions know no echo.
            if incoming.client_dialect != backend.kind.chat:
                return None
            if incoming.plain is None and incoming.look.get("n") not in (None, 1):
                return None
        return cls(incoming, backend, stamp)

    def request(self, model: str) -> bytes:
        """Return the client's own bytes, with the backend's name for the model."""
        data, backend = self._incoming.raw, self._backend
        if backend.settings or backend.unwanted:
            look, fields = self._incoming.look, raw_fields(data)
            body = without(look, backend.unwanted)
            body = self._spoken.settings.with_defaults(body, backend.settings)
            kept = {k: fields[k] for k, v in body.items() if k in look and v is look[k]}
            data = encode_json({**body, **kept})
        self._rename = model != self._stamp.model
        return rename_model(data, model) if self._rename else data

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Nothing is lost where bytes pass through, but what the config keeps from the server."""
        if not about.unwanted:
            return ()
        body, written = self._incoming.look, without(self._incoming.look, about.unwanted)
        return explain_request(body, written, source=self.dialect, target=self.dialect, about=about)

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the backend's own bytes, and the counts if they can be read.

        Raises InvalidResponse or BackendError for what is no finished answer of the dialect.
        """
        found = decode_loosely(whole, blame=InvalidResponse)
        body = read_object(found, "", blame=InvalidResponse)
        passing = self._spoken.passing
        assert passing is not None, "no backend is asked in any other"
        if not body.get(passing.whole) or body.get("error"):
            self._parsed(body)  # raises what is wrong
        if self.answer_type != "application/json":
            return self._streamed(self._parsed(body), now=now)
        if self._rename:
            whole = rename_model(whole, self._stamp.model, blame=InvalidResponse)
        return whole, passing.usage(body)

    def _parsed(self, body: dict[str, Any]) -> ChatResponse:
        return self._spoken.parse_response(body, ids=self._stamp.id)

    def _streamed(self, response: ChatResponse, *, now: int) -> tuple[bytes, Usage | None]:
        """Write a whole answer of a server without streams as the stream that was asked for."""
        options = self._incoming.look.get("stream_options")
        usage = isinstance(options, dict) and options.get("include_usage") is True
        encoder = self._spoken.encoder(self._stamp, include_usage=usage)
        return encoder.encode(replay(response), now=now), response.usage

    def stream(self) -> PassedStream:
        """Return what passes the backend's stream on, once ``request`` has been written."""
        return PassedStream(self.dialect, self._stamp, rename=self._rename)
