"""Conversion: how one client's request becomes a backend's, and the backend's answer the client's.

``choose`` is the one place that decides which way a request takes. A conversion does no I/O and
knows no clock, so whoever has a connection can drive it: a coroutine, or a protocol's callbacks.

    conversion = choose(incoming, deployment, stamp)
    data = conversion.request(route.model)
    ... a whole answer:    body, usage = conversion.response(whole, now=now)
    ... a stream:          stream = conversion.stream()
                           stream.feed(chunk, now=now) for each chunk, then stream.close(now=now)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from core.errors import DiglotError
from core.translation.conversions.embeddings import Embed
from core.translation.conversions.hub import Hub
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.conversions.loading import Loading
from core.translation.conversions.pass_through import PassThrough
from core.translation.conversions.plain_over_ollama import PAIRS, PlainOverOllama
from core.translation.dialects.dialect import EmbeddingDialect
from core.translation.dialects.registry import BACKEND_KINDS, SPOKEN, derived
from core.translation.events import Finish, StreamError
from core.translation.messages import Usage
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp


class StreamConversion(Protocol):
    """One stream of answers. After ``error`` or ``finish`` is set nothing more is said.

    ``spoke`` tells that something of the answer itself was said: an error from then on is the
    client's to see, before it the request may be tried elsewhere.
    """

    @property
    def error(self) -> StreamError | None:
        """What the stream failed of."""

    @property
    def finish(self) -> Finish | None:
        """How the stream ended."""

    @property
    def spoke(self) -> bool:
        """Whether something of the answer was said."""

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what ``data``, arrived at ``now`` (ns since the epoch), lets be said."""

    def close(self, *, now: int) -> bytes:
        """Return what is left once the backend has closed its side."""

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the client's error event; nothing where the stream has already ended."""


class Conversion(Protocol):
    """One request on one way. Call ``request`` first, and once; then ``response`` or ``stream``.

    All attributes may be read before and after; only ``report`` has to wait for ``request``.
    """

    @property
    def dialect(self) -> str:
        """What the backend is asked in: a key of SPOKEN."""

    @property
    def needs(self) -> frozenset[str]:
        """What the model must be able to do for this way to lead anywhere; else take the hub."""

    @property
    def streams(self) -> bool:
        """Whether the backend is asked for a stream."""

    @property
    def json_is_whole(self) -> bool:
        """Whether a JSON body where a stream was asked for is a whole answer."""

    @property
    def answer_type(self) -> str:
        """The content type of what ``response`` returns."""

    @property
    def translated(self) -> bool:
        """Whether the request is written anew, not passed on."""

    @property
    def verbatim(self) -> bool:
        """Whether no text is in the backend's request that is not in the client's."""

    def request(self, model: str) -> bytes:
        """Return the backend's request body, with the backend's name for the model."""

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Return what became of each field of the client's request; nothing where all was kept."""

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's whole answer and its counts. Raises InvalidResponse, BackendError."""

    def stream(self) -> StreamConversion:
        """Return what makes the client's stream."""


Read = Callable[[Incoming, Backend, Stamp], Conversion | Loading | None]

# A short way between two dialects, for the requests that it knows.
_FAST: Mapping[tuple[str, str], Read] = dict.fromkeys(PAIRS, PlainOverOllama.read)


@derived
def ways(client_dialect: str, kind: str) -> tuple[Read, ...]:
    """Return the ways from a client's dialect to a kind of backend, the shortest first.

    The first that fits is taken, and the last one always does.
    """
    spoken = SPOKEN[client_dialect]
    found: list[Read] = []
    if (client_dialect, kind) in _FAST:
        found.append(_FAST[client_dialect, kind])
    if client_dialect in BACKEND_KINDS[kind].speaks:
        found.append(PassThrough.read)
    if spoken.loaded is not None:
        found.append(Loading.read)
    return (*found, Embed.read if isinstance(spoken, EmbeddingDialect) else Hub.read)


def choose(incoming: Incoming, backend: Backend, stamp: Stamp) -> Conversion | Loading:
    """Return the way that this request takes to this backend.

    Raises InvalidRequest for embeddings that break their dialect, Unsupported where nothing leads.
    """
    for read in ways(incoming.client_dialect, backend.kind.name):
        found = read(incoming, backend, stamp)
        if found is not None:
            return found
    raise AssertionError("the last way always fits")
