"""Translating whole bodies and streams between any two dialects.

``DIALECTS`` is the list of what is spoken. A translation is source dialect, hub, target
dialect; where both are the same the gateway passes bytes through and nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, cast

from core.errors import DiglotError, InvalidResponse
from core.translation.codec.framing import begins_stream
from core.translation.codec.json import decode_answer, encode_json
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, Finish, MessageStart, StreamError, accumulate
from core.translation.messages import ChatResponse, Usage
from core.translation.splicing.ollama_lines import OllamaLines
from core.translation.splicing.repeated_events import RepeatedEvents
from core.translation.splicing.splicer import Splicer
from core.translation.stamp import Stamp


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


def read_answer(whole: bytes, dialect: str, *, ids: str) -> ChatResponse:
    """Return what a whole answer says. A stream that was sent in its place is read to its end.

    Raises InvalidResponse, and BackendError for an error with a good status.
    """
    spoken = DIALECTS[dialect]
    try:
        body = decode_answer(whole)
    except InvalidResponse:
        if not begins_stream(whole):
            raise
        decoder = spoken.decoder(ids=ids)
        return accumulate(decoder.decode(whole) + decoder.flush())
    return spoken.parse_response(body, ids=ids)


def convert_answer(
    whole: bytes, *, source: str, target: str, stamp: Stamp, now: int
) -> tuple[bytes, Usage | None]:
    """Return a whole answer's bytes as ``target`` has them, and its counts.

    Raises InvalidResponse, and BackendError for an error with a good status.
    """
    response = read_answer(whole, source, ids=stamp.id)
    written = DIALECTS[target].dump_response(response, stamp=stamp, now=now)
    return encode_json(written), response.usage


# Pairs of which most chunks can change their envelope as bytes.
SPLICERS = {
    (splicer.source, target): splicer
    for splicer in (OllamaLines, RepeatedEvents)
    for target in splicer.targets
}


class StreamTranslator:
    """One stream from ``source`` to ``target``: feed it what the network gave, then close it.

        silent ──(first text, thinking or call)──> spoke ──(the source's own end)──> finish
           │                                         │
           └──────(an error of the source, bytes that break it, close() too early, fail())──> error

    ``finish`` and ``error`` are ends: after either, ``feed``, ``close`` and ``fail`` return
    nothing. While it is silent nothing of the answer was said, so the request may still be tried
    elsewhere; from ``spoke`` on an error is the client's to see. An error never looks like an
    end: a broken or unfinished stream becomes the target's own error event.

    Bytes go through a decoder and an encoder with events between them. Where a pair has a
    splicer, lines that hold one plain text change their envelope as bytes instead, which is a
    tenth of the work; a law holds that both say the same. Without ``splice`` it is not used.

    ``amend`` is given what the backend said and returns what is taken as said.
    """

    def __init__(
        self,
        source: str,
        target: str,
        stamp: Stamp,
        *,
        include_usage: bool = False,
        splice: bool = True,
        amend: Callable[[list[Event]], list[Event]] | None = None,
    ) -> None:
        self._decoder = DIALECTS[source].decoder(ids=stamp.id)
        self._encoder = DIALECTS[target].encoder(stamp, include_usage=include_usage)
        self._amend = amend
        self._short: Splicer | None = None
        splicer = SPLICERS.get((source, target)) if splice and amend is None else None
        if splicer is not None:
            self._short = splicer(cast(Any, self._decoder), cast(Any, self._encoder))
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.spoke = False

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what ``data``, arrived at ``now`` (ns since the epoch), lets be said."""
        if self.error is not None:
            return b""
        if self._short is None:
            return self._encode(self._decoder.decode(data), now)
        said, rest = self._short.take(data, now=now)
        if said:
            self.spoke = True
        return said + self._feed_rest(self._short, rest, now) if rest else said

    def _feed_rest(self, short: Splicer, rest: bytes, now: int) -> bytes:
        """Return what the rest of a read lets be said: the long way, and the short one again."""
        said: list[bytes] = []
        while rest and self.error is None:
            part, rest = short.part(rest)
            events = self._decoder.decode(part)
            short.note(part, events)
            said.append(self._encode(events, now))
            if rest:
                more, rest = short.again(rest, now=now)
                said.append(more)
        return b"".join(said)

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
        if self._amend is not None:
            events = self._amend(events)
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
