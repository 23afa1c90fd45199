"""Exchange: everything that went over the wire for one request.

An Exchange has the wire of the client and one wire for each request to a backend, with the arrival
time of every piece (core.exchanges.wire).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from core.config.deployment import Deployment
from core.errors import InvalidResponse
from core.exchanges.masking import mask_text, mask_word
from core.exchanges.wire import Wire
from core.translation.codec.json import decode_json, encode_json
from core.translation.dialects.dialect import Dialect, EmbeddingDialect
from core.translation.dialects.registry import DIALECTS, EMBEDDING_DIALECTS, api_of
from core.translation.events import Finish
from core.translation.messages import Usage, add_up
from core.translation.report.report import explain_request
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, translate_response

# Bytes at the end of a stream in which the token counts are; in the last line of Ollama's
# /api/generate a context of thousands of numbers stands before them.
_TAILS = (1024, 64 * 1024)


# Thousands of exchanges are kept: what nearly all have is one object.
_NOTHING = frozenset[str]()
_NO_DEFAULTS: Mapping[str, Any] = MappingProxyType({})


class Trail(Struct):
    """How a request was routed: the last deployment, and the numbers of retries and fallbacks
    before. ``group`` is the name of the deployment in the config.
    """

    group: str = ""
    deployment: Deployment | None = None
    retries: int = 0
    fallbacks: int = 0


class Exchange:
    """One request of a client, and all requests to backends for it.

    ``client`` is the client's side; ``backend`` holds one wire for each request made of a backend
    (more than one where a tool call was emulated). ``emulated`` maps path prefixes of the client's
    request to the note that says what was done instead. ``translated`` tells that the last of
    ``backend`` was written anew, not passed through. ``on_end`` is called when the answer has
    ended, successfully or not, and after it ``on_over``, of whoever keeps this and has noted how
    many bytes it ``counted`` for it.
    """

    __slots__ = (
        "_error",
        "_model",
        "_said",
        "accepts",
        "backend",
        "client",
        "counted",
        "defaults",
        "emulated",
        "ended",
        "id",
        "main",
        "on_end",
        "on_over",
        "owner",
        "started",
        "trail",
        "translated",
        "unwanted",
    )

    def __init__(self, identity: str, client: Wire, *, owner: str, started: int) -> None:
        self.id = identity
        self.client = client
        self.owner = owner
        self.started = started
        self.ended = 0
        self._model = self._error = ""
        self.backend: list[Wire] = []
        self.translated = False
        self.accepts = _NOTHING
        self.emulated: dict[str, str] = {}
        self.defaults: Mapping[str, Any] = _NO_DEFAULTS
        self.unwanted: tuple[str, ...] = ()
        self.main = -1
        self.counted = 0
        self._said: str | None = None
        self.trail: Trail | None = None
        self.on_end: Callable[[Exchange], None] | None = None
        self.on_over: Callable[[Exchange], None] | None = None

    @property
    def error(self) -> str:
        """The error message; masked, since backends quote keys in theirs."""
        return self._error

    @error.setter
    def error(self, words: str) -> None:
        self._error = mask_text(words) if words else ""

    @property
    def model(self) -> str:
        """The name of the requested model."""
        return self._model

    @model.setter
    def model(self, name: str) -> None:
        self._model = mask_word(name)

    @property
    def size(self) -> int:
        """The bytes that are kept of all bodies."""
        size = self.client.size
        for wire in self.backend:
            size += wire.size
        return size

    @property
    def status(self) -> int:
        """The HTTP status for the client; 0 before it is known."""
        return self.client.status

    @property
    def cut(self) -> bool:
        """Whether a body was too long to be stored completely."""
        return self.client.cut or any(wire.cut for wire in self.backend)

    @property
    def said(self) -> str:
        """The text of the answer, for searching."""
        if self._said is not None:
            return self._said
        said = b"".join(_WORDS.findall(self.client.response)).decode("utf-8", "replace")
        if "\\u" in said:
            said = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), said)
        if self.ended:
            self._said = said
        return said

    def with_wires(self, client: Wire, backend: list[Wire]) -> Exchange:
        """Return this exchange with other wires, to be looked at."""
        other = copy(self)
        other.client, other.backend = client, backend
        other.on_end = other.on_over = None
        other._said = None  # noqa: SLF001 of another exchange, not of another class
        return other

    def begin_again(self) -> None:
        """Prepare for another backend: nothing of the last answer was sent to the client."""
        self.client.forget()
        self.ended = 0
        self.error = ""
        self.emulated = {}
        self.defaults = _NO_DEFAULTS
        self.unwanted = ()
        self.main = -1
        self.translated = False
        self.accepts = _NOTHING

    def end(self) -> None:
        """Note that the answer has ended."""
        self.ended = time.time_ns()
        for wire in self.backend:
            wire.over = True
        self.client.over = True
        on_end, self.on_end = self.on_end, None
        if on_end is not None:
            on_end(self)
        if self.on_over is not None:
            self.on_over(self)

    def settle(self) -> None:
        """Mask what is not masked yet, where the answer has ended."""
        for wire in self.backend:
            wire.settle()
        self.client.settle(said_by=self.backend)

    def pack(self) -> None:
        """Compress what is kept, where all is settled."""
        for wire in (*self.backend, self.client):
            wire.pack()

    def waited(self) -> int:
        """Return how long backends took for their answers so far, in ns."""
        waited = 0
        for wire in self.backend:
            ended = wire.ended
            if ended:
                waited += ended - wire.sent
        return waited

    def usage(self) -> Usage | None:
        """Return the sum of the token counts of all backends, None if there are none.

        It is parsed from the answer on each call.
        """
        if self.translated and len(self.backend) == 1:
            return self.backend[0].usage  # whoever translates an answer reads its counts
        if len(self.backend) == 1:
            return _usage(self.backend[0])
        return add_up(map(_usage, self.backend))

    def report(self) -> tuple[ReportRow, ...]:
        """Return the report of the translated request; empty if the bytes were passed through."""
        if not self.changed or not self.backend:
            return ()
        body, written = self.bodies()
        return explain_request(
            body,
            written,
            source=self.client.dialect,
            target=self.backend[self.main].dialect,
            about=self.circumstances(),
        )

    def bodies(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the bodies of the request as received and as sent."""
        return decode_json(self.client.request), decode_json(self.backend[self.main].request)

    @property
    def changed(self) -> bool:
        """Whether the backend's request differs from the client's in more than the model name."""
        return self.translated or bool(self.defaults or self.unwanted)

    def circumstances(self) -> Circumstances:
        """Return the circumstances of the translation, for the report."""
        main = self.backend[self.main] if self.backend else None
        others = [w for w in self.backend if w is not main] if self.emulated else []
        return Circumstances(
            accepts=self.accepts,
            emulated=self.emulated,
            defaults=self.defaults,
            unwanted=self.unwanted,
            others=tuple([decode_json(wire.request) for wire in others]) if others else (),
        )

    def request_in(self, dialect: str) -> dict[str, Any]:
        """Return the request in ``dialect``: as it was sent in it, else translated.

        Raises DiglotError where the request breaks its own dialect.
        """
        for wire in (self.client, *reversed(self.backend)):
            if dialect in (wire.dialect, _family(wire.dialect)):
                return dict(decode_json(wire.request))
        embeddings = EMBEDDING_DIALECTS.get(self.client.dialect)
        if embeddings is not None:
            asked = embeddings.parse_request(decode_json(self.client.request))
            return _embedding(dialect).dump_request(asked)
        request = DIALECTS[self.client.dialect].parse_request(decode_json(self.client.request))
        return DIALECTS[dialect].dump_request(request, accepts=self.accepts)

    def snippets(self, origin: str) -> dict[str, str]:
        """Return code that repeats this request to ``origin``, by library.

        Raises DiglotError where the request breaks its own dialect.
        """
        from core.exchanges.snippets import snippets  # by pages and few programs

        wire = self.client
        body = self.request_in(wire.dialect)
        return snippets(body, dialect=wire.dialect, path=wire.path, origin=origin)

    def response_in(self, dialect: str) -> list[tuple[int, bytes]]:
        """Return the answer in ``dialect``, in pieces with their times.

        Pieces that were really sent in that dialect are returned as they were.
        """
        for wire in (self.client, *reversed(self.backend)):
            if dialect in (wire.dialect, _family(wire.dialect)):
                return list(wire.chunks)
        stamp = Stamp(id=self.id, created=self.started, model=self.model)
        source = self.client
        if source.status >= 400:
            error = DIALECTS[_family(source.dialect)].parse_error(source.response, source.status)
            error.request_id = self.id
            return [(self.ended, encode_json(DIALECTS[dialect].dump_error(error)))]
        embeddings = EMBEDDING_DIALECTS.get(source.dialect)
        if embeddings is not None:
            asked = embeddings.parse_request(decode_json(source.request))
            given = embeddings.parse_response(decode_json(source.response))
            dump = _embedding(dialect).dump_response
            return [(self.ended, encode_json(dump(given, asked, stamp)))]
        if not source.streamed:
            answer = translate_response(
                decode_json(source.response, blame=InvalidResponse),
                source=source.dialect,
                target=dialect,
                stamp=stamp,
                now=self.ended,
            )
            return [(self.ended, encode_json(answer))]
        stream = StreamTranslator(source.dialect, dialect, stamp, include_usage=True)
        pieces = [(now, stream.feed(data, now=now)) for now, data in source.chunks]
        pieces.append((self.ended, stream.close(now=self.ended) if self.ended else b""))
        return [(now, data) for now, data in pieces if data]


def _usage(wire: Wire) -> Usage | None:
    """Return the token counts at the end of the answer of a backend."""
    if wire.usage is not None:
        return wire.usage
    if wire.status >= 400 or not wire.streamed:
        return None
    # The stream was passed through without parsing.
    for size in _TAILS:
        tail = wire.tail(size)
        wire.usage = _counts(tail[-size:], wire.dialect, whole=len(tail) < size)
        if wire.usage is not None:
            break
    return wire.usage


def _counts(tail: bytes, dialect: str, *, whole: bool) -> Usage | None:
    """Return the counts in the whole records at the end of a stream, or in all of it."""
    spoken = DIALECTS[dialect]
    assert spoken.passing is not None, "its streams are passed through"
    at = max(map(tail.rfind, spoken.passing.counts))
    if at < 0:
        return None
    # With the record before, which may say why the answer ended.
    between = b"\n" if spoken.native else b"\n\n"
    begin = tail.rfind(between, 0, max(tail.rfind(between, 0, at), 0))
    found = _counted(tail[begin:], spoken) if begin >= 0 else None
    return found or _counted(tail if whole else tail[tail.find(b"\n") + 1 :], spoken)


def _counted(records: bytes, spoken: Dialect) -> Usage | None:
    decoder = spoken.decoder(ids="")
    events = [*decoder.decode(records), *decoder.flush()]
    return next((one.usage for one in reversed(events) if isinstance(one, Finish)), None)


# Matches the texts of an answer in any dialect: quick, and good enough for a search.
_WORDS = re.compile(
    rb'"(?:content|text|thinking|reasoning|reasoning_content|response|delta|arguments'
    rb'|partial_json|message|error)":\s?"((?:[^"\\]|\\.)*)"'
)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def _embedding(dialect: str) -> EmbeddingDialect:
    """Return the embedding dialect of the same API as a chat dialect."""
    return api_of(dialect).embeddings[0]


def _family(dialect: str) -> str:
    """Return the chat dialect of the same API as ``dialect``."""
    embeddings = EMBEDDING_DIALECTS.get(dialect)
    return dialect if embeddings is None else embeddings.chat
