"""DIALECTS: every dialect that is spoken, with the functions that read and write it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from msgspec import Struct

from core.errors import BackendError, DiglotError
from core.translation.dialects.anthropic import messages as anthropic
from core.translation.dialects.anthropic import messages_stream as anthropic_stream
from core.translation.dialects.ollama import chat as ollama
from core.translation.dialects.ollama import chat_stream as ollama_stream
from core.translation.dialects.ollama import generate
from core.translation.dialects.openai import chat as openai
from core.translation.dialects.openai import chat_stream as openai_stream
from core.translation.dialects.openai import (
    completions,
    completions_stream,
    responses,
    responses_stream,
)
from core.translation.events import Event
from core.translation.messages import ChatRequest, ChatResponse
from core.translation.stamp import Stamp

__all__ = ["DIALECTS", "Decoder", "Dialect", "Encoder"]


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
