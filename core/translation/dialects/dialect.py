"""Dialect: one wire format of chats. EmbeddingDialect: one of requests for embeddings.

A dialect is functions and facts. Whatever the rest of the program needs to know of it stands
here, so that a new dialect is one folder and one entry in the registry: the gateway's routes,
the words of errors, the settings, the report, the recognition of what is pasted and the columns
of the viewer all follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from core.errors import BackendError, DiglotError
from core.translation.dialects.shared.embeddings import EmbeddingRequest, EmbeddingResponse
from core.translation.dialects.shared.errors import parse_error
from core.translation.dialects.shared.settings import Settings
from core.translation.events import Event
from core.translation.fields.field import Columns
from core.translation.messages import ChatRequest, ChatResponse, Usage
from core.translation.stamp import Stamp

Body = Mapping[str, Any]


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


class _Loaded(Protocol):
    def __call__(self, stamp: Stamp, *, now: int, unload: bool) -> dict[str, Any]: ...


class Signature(Struct, frozen=True, kw_only=True):
    """How a body of the dialect is told from bodies of others.

    ``paths`` are ends of addresses. ``request`` returns how sure it is that a body is a request
    of this dialect, 0 for not at all; of equals the first registered wins. ``answer`` and
    ``event`` tell whether a body can only be this dialect's answer, error or event.
    """

    paths: tuple[str, ...]
    request: Callable[[Body], int]
    answer: Callable[[Body], bool]
    event: Callable[[Body], bool] = lambda body: False


class Passing(Struct, frozen=True, kw_only=True):
    """What is looked at where bytes of this dialect pass through, from a backend that speaks it.

    ``whole`` is the key that a finished whole answer has, ``usage`` reads its counts. ``end`` is
    found in all records in which a stream may end, and ``ended`` tells whether it does there.
    One of ``counts`` stands in the record that has a stream's counts, if any has.
    """

    whole: str
    usage: Callable[[dict[str, Any]], Usage | None]
    end: Callable[[bytes], object]
    ended: Callable[[bytes], bool]
    counts: tuple[bytes, ...]


class ChoiceStream(Protocol):
    """Joins streams of one answer each into one stream. Nothing more is said once it ``failed``."""

    failed: bool

    def feed(self, index: int, data: bytes) -> bytes: ...

    def close(self) -> bytes: ...

    def fail(self, error: DiglotError, *, now: int) -> bytes: ...


class Choices(Struct, frozen=True):
    """How a dialect asks for several answers at once: ``split`` its request, ``join`` answers."""

    split: Callable[[Body], list[dict[str, Any]]]
    join: Callable[[Sequence[Body], Sequence[Any]], dict[str, Any]]
    stream: Callable[[Sequence[Any]], ChoiceStream]


class Dialect(Struct, frozen=True, kw_only=True):
    """One wire format: where its route is, and the functions that read and write it.

    In every dialect ``model`` is the model and ``stream`` tells whether to stream: keys that may
    ask some models only, routing and limits depend on them before anything else is read.

    ``label`` is its proper name, the same in every language. ``native`` dialects are those of
    Ollama's form: lines of JSON, and streams unless told not to. ``aligned`` ones have one
    message where the hub has one. ``partner`` is the dialect that the viewer compares it with.
    ``plain`` reads its requests that are plain, and refuses others.
    ``needs`` is a number that a chat must have and that must be positive.
    ``thinks_if`` is the field without which nobody thinks ("" where that is the model's matter).
    ``loaded`` answers a request without a prompt, if that asks to load the model. ``keeps``:
    its server keeps answers, to be asked for by id; ``threads``: a conversation can be gone on
    with by its last answer's id. ``counts_at`` is a route that counts tokens, ``counted`` what its
    answer says beside the count.
    ``dump_effort`` writes how hard to think, where a level alone says so.
    """

    name: str
    label: str
    path: str
    task: Literal["chat", "text_completion"] = "chat"
    native: bool = False
    aligned: bool = False
    partner: str
    stream_type: str = "text/event-stream"
    settings: Settings
    parse_request: Callable[[dict[str, Any]], ChatRequest]
    dump_request: _DumpRequest
    parse_response: _ParseResponse
    dump_response: _DumpResponse
    parse_error: Callable[[bytes, int], BackendError] = parse_error
    dump_error: Callable[[DiglotError], dict[str, Any]]
    decoder: _NewDecoder
    encoder: _NewEncoder
    signature: Signature
    plain: msgspec.json.Decoder[Any] | None = None
    needs: str = ""
    thinks_if: str = ""
    loaded: _Loaded | None = None
    keeps: bool = False
    threads: bool = False
    counts_at: str = ""
    counted: Mapping[str, Any] = {}
    passing: Passing | None = None
    dump_effort: Callable[[bool | str], bool | str] | None = None
    choices: Choices | None = None

    @property
    def columns(self) -> Columns:
        """Its names in the table of fields."""
        return self.settings.columns


class EmbeddingDialect(Struct, frozen=True, kw_only=True):
    """One route for embeddings, and the functions that read and write it.

    ``chat`` is the chat dialect of the same API, in whose words errors are said. Of the fields in
    ``plain`` nothing is lost, whoever makes the embeddings.
    """

    name: str
    label: str
    path: str
    chat: str
    partner: str
    native: bool = False
    aligned: bool = True
    task: Literal["embeddings"] = "embeddings"
    stream_type: str = ""
    plain: frozenset[str] = frozenset()
    columns: Columns
    parse_request: Callable[[dict[str, Any]], EmbeddingRequest]
    dump_request: Callable[[EmbeddingRequest], dict[str, Any]]
    parse_response: Callable[[dict[str, Any]], EmbeddingResponse]
    dump_response: Callable[[EmbeddingResponse, EmbeddingRequest, Stamp], dict[str, Any]]
    parse_error: Callable[[bytes, int], BackendError] = parse_error
    dump_error: Callable[[DiglotError], dict[str, Any]]
    signature: Signature
    loaded: _Loaded | None = None


Spoken = Dialect | EmbeddingDialect
