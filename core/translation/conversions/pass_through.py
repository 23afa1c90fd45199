"""PassThrough: the same dialect on both sides, so what is asked and answered stays as it is.

A look is taken at ``model``, ``stream`` and at what the model must be able to do. Nothing else is
read, so nothing that the hub does not know is refused or lost: the backend judges. Only an answer
whose whole text is calls that the model wrote as words is written anew, with the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from core.errors import DiglotError, InvalidResponse
from core.translation.codec.json import decode_loosely, encode_json, read_object
from core.translation.codec.json_paths import without
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.conversions.passed_stream import PassedStream, raw_fields, rename_model
from core.translation.conversions.watched_stream import WatchedStream
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, accumulate, replay
from core.translation.messages import ChatResponse, Usage
from core.translation.report.report import explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp
from core.translation.translate import read_answer


class PassThrough:
    """Conversion of a request that the backend understands as it stands.

        request(model) ──> response(whole)     the backend's bytes, or the stream that was asked for
                       └─> stream()            a PassedStream

    ``request`` comes first: only then is it known whether the model has another name at the
    backend, and so whether the name has to be put back in what comes.
    """

    translated = False
    verbatim = json_is_whole = True

    __slots__ = (
        "_backend",
        "_incoming",
        "_rename",
        "_spoken",
        "_stamp",
        "amend",
        "answer_type",
        "dialect",
        "needs",
        "streams",
    )  # fmt: skip

    def __init__(self, incoming: Incoming, backend: Backend, stamp: Stamp) -> None:
        self._incoming = incoming
        self._backend = backend
        self._stamp = stamp
        self._rename = False
        # What is made of the events of an answer whose text may be calls.
        self.amend: Callable[[list[Event]], list[Event]] | None = None
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
        if backend.thinking is not None or incoming.retold:
            return None
        if backend.embedded:
            # llama.cpp counts one of several answers only, and its completions know no echo.
            if incoming.client_dialect != backend.kind.chat:
                return None
            if incoming.plain is None and incoming.look.get("n") not in (None, 1):
                return None
        return cls(incoming, backend, stamp)

    def offered(self) -> frozenset[str]:
        """Return the names of the tools that a model may call, none where it is to give JSON."""
        if self._incoming.plain is not None:
            return frozenset()
        look = self._incoming.look
        tools, several = look.get("tools"), look.get("n") not in (None, 1)
        wanted = look.get("format") or look.get("response_format")
        if not isinstance(tools, list) or wanted or several or look.get("tool_choice") == "none":
            return frozenset()
        inner = [t.get("function", t) for t in tools if isinstance(t, dict)]
        names = [one.get("name") for one in inner if isinstance(one, dict)]
        return frozenset(name for name in names if isinstance(name, str))

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
        try:
            found = decode_loosely(whole, blame=InvalidResponse)
        except InvalidResponse:
            return self._joined(read_answer(whole, self.dialect, ids=self._stamp.id), now=now)
        body = read_object(found, "", blame=InvalidResponse)
        passing = self._spoken.passing
        assert passing is not None, "no backend is asked in any other"
        if not body.get(passing.whole) or body.get("error"):
            self._parsed(body)  # raises what is wrong
        made = self._with_calls(body) if self.amend is not None else None
        if made is not None or self.answer_type != "application/json":
            return self._written(made or self._parsed(body), now=now)
        if self._rename:
            whole = rename_model(whole, self._stamp.model, blame=InvalidResponse)
        return whole, passing.usage(body)

    def _with_calls(self, body: dict[str, Any]) -> ChatResponse | None:
        """Return an answer with the calls that its text was, None where it was none."""
        try:
            said = self._parsed(body)
        except DiglotError:
            return None  # not the hub's to judge
        assert self.amend is not None
        made = accumulate(self.amend(replay(said)))
        return made if made.message.tool_calls and not said.message.tool_calls else None

    def _parsed(self, body: dict[str, Any]) -> ChatResponse:
        return self._spoken.parse_response(body, ids=self._stamp.id)

    def _joined(self, said: ChatResponse, *, now: int) -> tuple[bytes, Usage | None]:
        """Write what a server streamed that was asked for a whole answer."""
        if self.amend is not None and not said.message.tool_calls:
            said = accumulate(self.amend(replay(said)))
        return self._written(said, now=now)

    def _written(self, response: ChatResponse, *, now: int) -> tuple[bytes, Usage | None]:
        """Write an answer anew, in the form that was asked for: whole, or a stream."""
        if self.answer_type == "application/json":
            written = self._spoken.dump_response(response, stamp=self._stamp, now=now)
            return encode_json(written), response.usage
        encoder = self._spoken.encoder(self._stamp, include_usage=self._counts())
        return encoder.encode(replay(response), now=now), response.usage

    def _counts(self) -> bool:
        """Tell whether a stream is to end with its counts."""
        options = self._incoming.look.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    def stream(self) -> PassedStream | WatchedStream:
        """Return what passes the backend's stream on, once ``request`` has been written."""
        passed = PassedStream(self.dialect, self._stamp, rename=self._rename)
        if self.amend is None:
            return passed
        return WatchedStream(
            self.dialect, self._stamp, passed, amend=self.amend, include_usage=self._counts()
        )
