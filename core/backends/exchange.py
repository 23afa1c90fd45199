"""What went over the wire for one request, kept so that it can be shown.

An Exchange holds the client's side and each request that was made of a backend for it, with
the time at which every piece came. Headers are never kept, so no key can be. Bodies over a
limit are cut and say so. The log forgets the oldest when it is full.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidResponse
from core.translation.clock import Stamp
from core.translation.embeddings import EMBEDDING_DIALECTS
from core.translation.reading import decode_json, encode_json
from core.translation.report import ReportRow, explain_request
from core.translation.snippets import snippets
from core.translation.translate import DIALECTS, StreamTranslator, translate_response

__all__ = ["MAX_BODY", "Exchange", "ExchangeLog", "Wire"]

MAX_BODY = 2 * 1024 * 1024
"""Bytes kept of each body."""

_SUM_EVERY = 16


class Wire:
    """One side: a request and what came back, in pieces with their times (ns since the epoch)."""

    __slots__ = (
        "_size",
        "chunks",
        "cut",
        "dialect",
        "path",
        "request",
        "status",
        "streamed",
        "url",
    )

    def __init__(self, dialect: str, path: str, request: bytes, *, url: str = "") -> None:
        self.dialect = dialect
        self.path = path
        self.url = url
        self.cut = len(request) > MAX_BODY
        self.request = request[:MAX_BODY]
        self.status = 0
        self.streamed = False
        self.chunks: list[tuple[int, bytes]] = []
        self._size = 0

    def came(self, data: bytes, now: int) -> None:
        """Keep a piece of the answer."""
        if not data:
            return
        if self._size + len(data) > MAX_BODY:
            self.cut = True
            return
        self._size += len(data)
        self.chunks.append((now, data))

    @property
    def size(self) -> int:
        """The bytes that are kept."""
        return len(self.request) + self._size

    @property
    def response(self) -> bytes:
        """The answer's body so far."""
        return b"".join([data for _, data in self.chunks])


class Exchange:
    """One request of a client, and all that was done for it.

    ``client`` is the client's side; ``backend`` holds one wire for each request made of a
    backend (more than one where a tool call was emulated). ``emulated`` maps path prefixes of
    the client's request to the note that says what was done instead.
    """

    __slots__ = (
        "accepts",
        "backend",
        "client",
        "emulated",
        "ended",
        "error",
        "id",
        "model",
        "owner",
        "started",
        "written",
    )

    def __init__(self, identity: str, client: Wire, *, owner: str, started: int) -> None:
        self.id = identity
        self.client = client
        self.owner = owner
        self.started = started
        self.ended = 0
        self.model = ""
        self.error = ""
        self.backend: list[Wire] = []
        self.written: Mapping[str, Any] | None = None
        self.accepts: frozenset[str] = frozenset()
        self.emulated: dict[str, str] = {}

    @property
    def size(self) -> int:
        """The bytes that are kept of all bodies."""
        return self.client.size + sum(wire.size for wire in self.backend)

    def report(self) -> tuple[ReportRow, ...]:
        """Return what the translation of the request did; nothing where bytes passed through."""
        if self.written is None or not self.backend:
            return ()
        body = decode_json(self.client.request)
        return explain_request(
            body,
            self.written,
            source=self.client.dialect,
            target=self.backend[-1].dialect,
            accepts=self.accepts,
            emulated=self.emulated,
        )

    def request_in(self, dialect: str) -> dict[str, Any]:
        """Return the request as ``dialect`` says it: as it was sent if it was, else translated.

        Raises DiglotError where the request breaks its own dialect.
        """
        for wire in (self.client, *reversed(self.backend)):
            if dialect in (wire.dialect, _family(wire.dialect)):
                return dict(decode_json(wire.request))
        embeddings = EMBEDDING_DIALECTS.get(self.client.dialect)
        if embeddings is not None:
            asked = embeddings.parse_request(decode_json(self.client.request))
            return EMBEDDING_DIALECTS[_EMBEDDED[dialect]].dump_request(asked)
        request = DIALECTS[self.client.dialect].parse_request(decode_json(self.client.request))
        return DIALECTS[dialect].dump_request(request, accepts=self.accepts)

    def snippets(self, origin: str) -> dict[str, str]:
        """Return code that sends this request to ``origin`` once more, by way of sending it.

        Raises DiglotError where the request breaks its own dialect.
        """
        wire = self.client
        body = self.request_in(wire.dialect)
        return snippets(body, dialect=wire.dialect, path=wire.path, origin=origin)

    def response_in(self, dialect: str) -> list[tuple[int, bytes]]:
        """Return the answer as ``dialect`` says it, in pieces with their times.

        Pieces that were really sent in that dialect are returned as they were.
        """
        for wire in (self.client, *reversed(self.backend)):
            if dialect in (wire.dialect, _family(wire.dialect)):
                return list(wire.chunks)
        stamp = Stamp(id=self.id, created=self.started, model=self.model)
        source = self.client
        if source.status >= 400:
            error = DIALECTS[_family(source.dialect)].parse_error(source.response, source.status)
            return [(self.ended, encode_json(DIALECTS[dialect].dump_error(error)))]
        embeddings = EMBEDDING_DIALECTS.get(source.dialect)
        if embeddings is not None:
            asked = embeddings.parse_request(decode_json(source.request))
            given = embeddings.parse_response(decode_json(source.response))
            dump = EMBEDDING_DIALECTS[_EMBEDDED[dialect]].dump_response
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


# The embedding dialect that belongs to a chat dialect.
_EMBEDDED = {"ollama": "embed", "openai": "embeddings"}


def _family(dialect: str) -> str:
    """Return the chat dialect whose words go with ``dialect``."""
    embeddings = EMBEDDING_DIALECTS.get(dialect)
    return dialect if embeddings is None else embeddings.chat


class ExchangeLog:
    """The newest exchanges, bounded in number and in the bytes of their bodies."""

    def __init__(self, limit: int = 500, *, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._added = 0
        self._items: OrderedDict[str, Exchange] = OrderedDict()

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, forgetting the oldest where there are too many."""
        self._items[exchange.id] = exchange
        self._added += 1
        while len(self._items) > self._limit:
            self._items.popitem(last=False)
        # Sizes grow after an exchange is added, so they are summed now and then, not each time.
        if self._added % _SUM_EVERY == 0:
            total = sum(item.size for item in self._items.values())
            while total > self._limit_bytes and len(self._items) > 1:
                total -= self._items.popitem(last=False)[1].size

    def get(self, identity: str, *, owner: str) -> Exchange | None:
        """Return one exchange if it is ``owner``'s."""
        exchange = self._items.get(identity)
        return exchange if exchange is not None and exchange.owner == owner else None

    def newest(self, *, owner: str, limit: int = 50) -> list[Exchange]:
        """Return ``owner``'s exchanges, newest first."""
        mine = (item for item in reversed(list(self._items.values())) if item.owner == owner)
        return [item for item, _ in zip(mine, range(limit), strict=False)]
