"""Translating whole bodies and streams between any two dialects.

``DIALECTS`` is the list of what is spoken. A translation is source dialect, hub, target
dialect; where both are the same the gateway passes bytes through and nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, cast

from msgspec import Struct

from core.errors import BackendError, DiglotError
from core.translation import (
    anthropic,
    anthropic_stream,
    completions,
    completions_stream,
    generate,
    ollama,
    ollama_stream,
    openai,
    openai_stream,
    responses,
    responses_stream,
)
from core.translation.clock import Stamp
from core.translation.events import Event, Finish, MessageStart, StreamError
from core.translation.messages import ChatRequest, ChatResponse, Usage
from core.translation.reading import decode_answer, encode_json
from core.translation.splicing import OllamaToOpenAI

__all__ = [
    "DIALECTS",
    "Decoder",
    "Dialect",
    "Encoder",
    "StreamTranslator",
    "convert_answer",
    "translate_request",
    "translate_response",
]


class Decoder(Protocol):
    """Bytes to events. A broken or unfinished stream ends in a StreamError, never in silence."""

    def decode(self, data: bytes) -> list[Event]: ...

    def flush(self) -> list[Event]: ...


class Encoder(Protocol):
    """Events to bytes. ``now`` is when they arrived, in ns since the epoch."""

    def encode(self, events: list[Event], *, now: int) -> bytes: ...


class _DumpRequest(Protocol):
    def __call__(
        self, request: ChatRequest, *, accepts: Collection[str] = ()
    ) -> dict[str, Any]: ...


class _ParseResponse(Protocol):
    def __call__(self, body: dict[str, Any], *, ids: str) -> ChatResponse: ...


class _DumpResponse(Protocol):
    def __call__(self, response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]: ...


class _NewDecoder(Protocol):
    def __call__(self, *, ids: str) -> Decoder: ...


class _NewEncoder(Protocol):
    def __call__(self, stamp: Stamp, *, include_usage: bool) -> Encoder: ...


class Dialect(Struct, frozen=True, kw_only=True):
    """One wire format: where its route is, and the functions that read and write it.

    ``native`` dialects are Ollama's own, which stream unless told not to.
    """

    name: str
    path: str
    native: bool
    stream_type: str
    parse_request: Callable[[dict[str, Any]], ChatRequest]
    dump_request: _DumpRequest
    parse_response: _ParseResponse
    dump_response: _DumpResponse
    parse_error: Callable[[bytes, int], BackendError]
    dump_error: Callable[[DiglotError], dict[str, Any]]
    decoder: _NewDecoder
    encoder: _NewEncoder


def _dialect(name: str, path: str, module: Any, streams: Any) -> Dialect:
    return Dialect(
        name=name,
        path=path,
        native=path.startswith("/api/"),
        stream_type=module.STREAM_TYPE,
        parse_request=module.parse_request,
        dump_request=module.dump_request,
        parse_response=module.parse_response,
        dump_response=module.dump_response,
        parse_error=module.parse_error,
        dump_error=module.dump_error,
        decoder=streams.StreamDecoder,
        encoder=streams.StreamEncoder,
    )


DIALECTS: Mapping[str, Dialect] = {
    "ollama": _dialect("ollama", "/api/chat", ollama, ollama_stream),
    "generate": _dialect("generate", "/api/generate", generate, generate),
    "openai": _dialect("openai", "/v1/chat/completions", openai, openai_stream),
    "completions": _dialect("completions", "/v1/completions", completions, completions_stream),
    "responses": _dialect("responses", "/v1/responses", responses, responses_stream),
    "anthropic": _dialect("anthropic", "/v1/messages", anthropic, anthropic_stream),
}


def translate_request(
    body: dict[str, Any], *, source: str, target: str, accepts: Collection[str] = ()
) -> dict[str, Any]:
    """Return a request body of ``source`` as a body of ``target``.

    What the target cannot say is left out; ``explain_request`` lists it. Raises
    InvalidRequest with a JSON path where the body breaks its own dialect, and Unsupported
    where leaving out would change what is asked (an audio part, a raw prompt).
    """
    request = DIALECTS[source].parse_request(body)
    return DIALECTS[target].dump_request(request, accepts=accepts)


def translate_response(
    body: dict[str, Any], *, source: str, target: str, stamp: Stamp, now: int
) -> dict[str, Any]:
    """Return a whole answer of ``source`` as one of ``target``. Raises InvalidResponse."""
    response = DIALECTS[source].parse_response(body, ids=stamp.id)
    return DIALECTS[target].dump_response(response, stamp=stamp, now=now)


def convert_answer(
    whole: bytes, *, source: str, target: str, stamp: Stamp, now: int
) -> tuple[bytes, Usage | None]:
    """Return a whole answer's bytes as ``target`` has them, and its counts.

    Raises InvalidResponse, and BackendError for an error with a good status.
    """
    body = decode_answer(whole)
    response = DIALECTS[source].parse_response(body, ids=stamp.id)
    written = DIALECTS[target].dump_response(response, stamp=stamp, now=now)
    return encode_json(written), response.usage


# Pairs of which most chunks can change their envelope as bytes.
_SPLICERS = {("ollama", "openai"): OllamaToOpenAI}


class StreamTranslator:
    """One stream from ``source`` to ``target``: feed it what the network gave, then close it.

    An error never looks like an end: a broken or unfinished stream becomes the target's own
    error event, and ``error`` holds it. ``finish`` holds the proper end. ``spoke`` tells whether
    anything of the answer itself was said. Without ``splice`` every chunk goes the long way.
    """

    def __init__(
        self,
        source: str,
        target: str,
        stamp: Stamp,
        *,
        include_usage: bool = False,
        splice: bool = True,
    ) -> None:
        self._decoder = DIALECTS[source].decoder(ids=stamp.id)
        self._encoder = DIALECTS[target].encoder(stamp, include_usage=include_usage)
        self._short: OllamaToOpenAI | None = None
        splicer = _SPLICERS.get((source, target)) if splice else None
        if splicer is not None:
            self._short = splicer(
                cast(ollama_stream.StreamDecoder, self._decoder),
                cast(openai_stream.StreamEncoder, self._encoder),
            )
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.spoke = False

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what ``data``, arrived at ``now`` (ns since the epoch), lets be said."""
        if self.error is not None:
            return b""
        if self._short is None:
            return self._encode(self._decoder.decode(data), now)
        said, data = self._short.take(data)
        if said:
            self.spoke = True
        return said + self._encode(self._decoder.decode(data), now) if data else said

    def close(self, *, now: int) -> bytes:
        """Return what is left once the backend has closed its side."""
        if self.error is not None:
            return b""
        return self._encode(self._decoder.flush(), now)

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the target's error event for a failure that came from elsewhere.

        Nothing where the stream has already ended, well or not.
        """
        if self.error is not None or self.finish is not None:
            return b""
        self.error = StreamError(message=error.message, status=error.status, code=error.code)
        return self._encoder.encode([self.error], now=now)

    def _encode(self, events: list[Event], now: int) -> bytes:
        if not events:
            return b""
        last = events[-1]
        self.spoke = self.spoke or any(
            not isinstance(event, MessageStart | StreamError) for event in events
        )
        if isinstance(last, StreamError):
            self.error = last
        elif isinstance(last, Finish):
            return self._end(events[:-1], last, now)
        return self._encoder.encode(events, now=now)

    def _end(self, events: list[Event], finish: Finish, now: int) -> bytes:
        # Calls are written at the end, so only here can broken arguments come to light.
        head = self._encoder.encode(events, now=now)
        try:
            tail = self._encoder.encode([finish], now=now)
        except DiglotError as exc:
            return head + self.fail(exc, now=now)
        self.finish = finish
        return head + tail
