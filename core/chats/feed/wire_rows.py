"""The records of an answer's stream on their way to a page, in both dialects, as they come.

===========  ==================================================================================
``begin``    a request begins: ``number`` it is of the answer's, and the ``sides`` by their dialects
``rows``     RowsView: records that one side has gained
``end``      the answer is over
===========  ==================================================================================

What really went over the wire is shown as it was, with keys masked; a side that nobody was sent is
translated piece by piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from msgspec import Struct

from core.chats.feed.growth import event_of
from core.chats.jobs.job import Job
from core.chats.service import Service
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.translation.codec.framing import NDJSONDecoder, SSEDecoder, SSERecord
from core.translation.dialects.registry import DIALECTS
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator

_PAUSE = 0.12
"""Seconds between two looks: as fast as rows can be read."""

_LONGEST = 2000
"""Bytes of a record that are shown."""


class RowView(Struct, frozen=True, kw_only=True):
    """One record: ``number`` counts from 1, ``at`` is seconds since the request came."""

    number: int
    at: float
    text: str


class RowsView(Struct, frozen=True, kw_only=True):
    """What one side has gained: 0 is the page's dialect, 1 the other."""

    side: int
    rows: tuple[RowView, ...]


async def follow_rows(service: Service, owner: str, job: Job | None) -> AsyncIterator[bytes]:
    """Yield the records of a job's requests until it is over; of no job, the end alone."""
    number, lines = 0, None
    while job is not None:
        done = job.done
        for place, identity in enumerate(job.snapshot().exchanges, start=1):
            exchange = service.exchange(owner, identity)
            if exchange is None or place < number:
                continue
            if place > number:
                number, lines = place, _Lines(exchange)
                yield event_of("begin", {"number": number, "sides": lines.dialects})
            assert lines is not None
            for rows in lines.gained():
                yield event_of("rows", rows)
        if done:
            break
        await asyncio.sleep(_PAUSE)
    yield event_of("end", {})


class _Lines:
    """Both sides of one exchange, and how much of them has been told."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        source = exchange.client.dialect
        self.dialects = (source, DIALECTS[source].partner)
        self._sides = [_Side(one) for one in self.dialects]
        self._seen = [0, 0]
        self._translator: StreamTranslator | None = None

    def gained(self) -> Iterator[RowsView]:
        """Yield what each side has gained since the last look."""
        pieces = self._new(0, self._exchange.client)
        sent = next((w for w in self._exchange.backend if w.dialect == self.dialects[1]), None)
        other = self._new(1, sent) if sent is not None else self._translated(pieces)
        for side, new in enumerate((pieces, other)):
            if rows := self._sides[side].rows(new, self._exchange.started):
                yield RowsView(side=side, rows=rows)

    def _new(self, side: int, wire: Wire) -> Sequence[tuple[int, bytes]]:
        pieces = wire.chunks[self._seen[side] :]
        self._seen[side] += len(pieces)
        return pieces

    def _translated(self, pieces: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        exchange = self._exchange
        if self._translator is None:
            stamp = Stamp(id=exchange.id, created=exchange.started, model=exchange.model)
            self._translator = StreamTranslator(*self.dialects, stamp, include_usage=True)
        try:
            return [(now, self._translator.feed(data, now=now)) for now, data in pieces]
        except DiglotError:
            # An answer that breaks its dialect: the whole view says how, once it has ended.
            return []


class _Side:
    def __init__(self, dialect: str) -> None:
        self._framing = NDJSONDecoder() if DIALECTS[dialect].native else SSEDecoder()
        self._number = 0

    def rows(self, pieces: Sequence[tuple[int, bytes]], started: int) -> tuple[RowView, ...]:
        rows = []
        for now, data in pieces:
            try:
                records: Sequence[bytes | SSERecord] = self._framing.decode(data)
            except DiglotError:
                continue
            for record in records:
                raw = record.data if isinstance(record, SSERecord) else record
                self._number += 1
                text = raw[:_LONGEST].decode("utf-8", "replace").strip()
                rows.append(RowView(number=self._number, at=(now - started) / 1e9, text=text))
        return tuple(rows)
