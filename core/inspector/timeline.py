"""Two streams of one answer on a time axis: their records, how these correspond, and the pace.

A record is a line of NDJSON or one server-sent event. Times are ns from a start that the caller
gives, so a recording shows its own speed. All queries for the slider are searches in prepared
lists: 50,000 records stay usable.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import Literal

from msgspec import Struct

from core.errors import DiglotError
from core.translation.codec.framing import NDJSONDecoder, SSEDecoder, SSERecord, encode_sse
from core.translation.dialects.dialect import Decoder
from core.translation.dialects.registry import DIALECTS
from core.translation.events import (
    Event,
    Finish,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator

RecordKind = Literal["start", "text", "thinking", "call", "finish", "error", "other"]

_SECOND = 1_000_000_000
# A gap is a stall if it is long absolutely and compared with the others.
_STALL = _SECOND
_TIMES = 8


class Record(Struct, frozen=True, kw_only=True):
    """One line or event. ``at`` is ns since the start, ``chunk`` the network read it ended in.

    ``text`` is what it adds to the answer, or to the thinking, by ``kind``.
    """

    number: int
    at: int
    chunk: int
    data: bytes
    kind: RecordKind
    text: str = ""


class Gap(Struct, frozen=True, kw_only=True):
    """A pause before the record ``number``: from ``start``, ``length`` long, both in ns."""

    number: int
    start: int
    length: int
    stall: bool


class Pace(Struct, frozen=True, kw_only=True):
    """The pace of one stream; durations in ns, 0 where there is too little to measure.

    ``first`` is the time of the first text (including thinking), ``rate`` the tokens per second
    from there to the last text. ``counted``: the server gave the number of tokens; otherwise each
    record with text counts as one, which is an estimate.
    """

    first: int
    last: int
    tokens: int
    counted: bool
    rate: float
    median_gap: int
    p95_gap: int
    longest_gap: int
    stalls: int


class Moment(Struct, frozen=True, kw_only=True):
    """The state at a time: numbers of records, the text so far, the current pace."""

    at: int
    left: int
    right: int
    text: str
    thinking: str
    tokens: float
    rate: float


class StreamLine:
    """One stream as records. Immutable."""

    def __init__(self, dialect: str, records: Sequence[Record], *, tokens: int = 0) -> None:
        self.dialect = dialect
        self.records = tuple(records)
        self._times = [record.at for record in self.records]
        self._said = [r for r in self.records if r.kind in ("text", "thinking", "call")]
        self._said_at = [record.at for record in self._said]
        self._ends: dict[str, list[tuple[int, int]]] = {"text": [], "thinking": []}
        self._whole: dict[str, str] = {}
        for kind, ends in self._ends.items():
            pieces, length = [], 0
            for record in self._said:
                if record.kind == kind:
                    pieces.append(record.text)
                    length += len(record.text)
                    ends.append((record.at, length))
            self._whole[kind] = "".join(pieces)
        self.tokens = tokens or len(self._said)
        self.counted = tokens > 0
        self._each = self.tokens / len(self._said) if self._said else 0.0

    def count(self, at: int) -> int:
        """Return the number of records up to ``at``."""
        return bisect_right(self._times, at)

    def words(self, at: int, kind: Literal["text", "thinking"] = "text") -> str:
        """Return the answer or the thinking up to ``at``."""
        ends = self._ends[kind]
        place = bisect_right(ends, (at, len(self._whole[kind])))
        return self._whole[kind][: ends[place - 1][1]] if place else ""

    def tokens_by(self, at: int) -> float:
        """Return the number of tokens up to ``at``."""
        return bisect_right(self._said_at, at) * self._each

    def rate(self, at: int, window: int = _SECOND) -> float:
        """Return the tokens a second over the ``window`` ns that end at ``at``."""
        begin = max(at - window, 0)
        span = at - begin
        return (self.tokens_by(at) - self.tokens_by(begin)) * _SECOND / span if span else 0.0

    def gaps(self) -> list[Gap]:
        """Return the gaps between records with text, the first one from the start."""
        times = [0, *self._said_at]
        lengths = [later - earlier for earlier, later in pairwise(times)]
        usual = median(lengths[1:]) if len(lengths) > 1 else 0
        return [
            Gap(
                number=record.number,
                start=start,
                length=length,
                # The first gap includes loading and prompt processing: not a stall.
                stall=place > 0 and length >= _STALL and length > _TIMES * usual,
            )
            for place, (record, start, length) in enumerate(
                zip(self._said, times, lengths, strict=False)
            )
        ]

    def pace(self) -> Pace:
        """Return the figures of the whole stream."""
        gaps = self.gaps()
        inner = sorted(gap.length for gap in gaps[1:])
        first = self._said_at[0] if self._said_at else 0
        last = self._said_at[-1] if self._said_at else 0
        span = last - first
        return Pace(
            first=first,
            last=last,
            tokens=self.tokens,
            counted=self.counted,
            rate=(self.tokens - self._each) * _SECOND / span if span else 0.0,
            median_gap=inner[len(inner) // 2] if inner else 0,
            p95_gap=inner[int(len(inner) * 0.95)] if inner else 0,
            longest_gap=inner[-1] if inner else 0,
            stalls=sum(gap.stall for gap in gaps),
        )

    def series(self, points: int = 500) -> list[tuple[int, float]]:
        """Return (ns, tokens so far) for a plot: about ``points`` of them, both ends among them."""
        step = max(1, len(self._said) // max(points - 1, 1))
        kept = range(0, len(self._said), step)
        found = [(self._said_at[i], (i + 1) * self._each) for i in kept]
        if self._said and found[-1][0] != self._said_at[-1]:
            found.append((self._said_at[-1], float(self.tokens)))
        return found


class Timeline:
    """Both streams, and which records correspond."""

    def __init__(self, left: StreamLine, right: StreamLine, pairs: Sequence[tuple[int, int]]):
        self.left = left
        self.right = right
        self.pairs = tuple(pairs)
        """For each record of ``left``: the first record of ``right`` made of it, and the one
        after its last, as a slice; equal numbers where it made none yet."""

    @property
    def end(self) -> int:
        """The time of the last record of either stream."""
        lines = (self.left, self.right)
        return max((line.records[-1].at for line in lines if line.records), default=0)

    def became(self, number: int) -> tuple[Record, ...]:
        """Return the records of ``right`` that a record of ``left`` became."""
        begin, end = self.pairs[number]
        return self.right.records[begin:end]

    def moment(self, at: int) -> Moment:
        """Return the state ``at`` ns after the start."""
        return Moment(
            at=at,
            left=self.left.count(at),
            right=self.right.count(at),
            text=self.left.words(at),
            thinking=self.left.words(at, "thinking"),
            tokens=self.left.tokens_by(at),
            rate=self.left.rate(at),
        )


def read_line(dialect: str, pieces: Iterable[tuple[int, bytes]], *, started: int) -> StreamLine:
    """Return a stream as records; ``pieces`` are (ns since the epoch, bytes), as they came.

    Unreadable records have the kind ``other``; nothing is raised.
    """
    framing = NDJSONDecoder() if DIALECTS[dialect].native else SSEDecoder()
    decoder = DIALECTS[dialect].decoder(ids="x")
    records: list[Record] = []
    tokens = 0
    now = started
    chunk = -1
    for chunk, (now, data) in enumerate(pieces):
        try:
            found: Sequence[bytes | SSERecord] = framing.decode(data)
        except DiglotError:
            break
        for raw in found:
            record, count = _record(raw, decoder, len(records), now - started, chunk)
            records.append(record)
            tokens = count or tokens
    try:
        rest: Sequence[bytes | SSERecord] = framing.flush()
    except DiglotError:
        rest = ()
    for raw in rest:
        record, count = _record(raw, decoder, len(records), now - started, max(chunk, 0))
        records.append(record)
        tokens = count or tokens
    return StreamLine(dialect, records, tokens=tokens)


def timeline(source: StreamLine, target: StreamLine, stamp: Stamp) -> Timeline:
    """Return both streams with their pairs, found by translating ``source`` again.

    If both have the same dialect, records are paired in order.
    """
    if source.dialect == target.dialect:
        most = len(target.records)
        pairs = [(min(i, most), min(i + 1, most)) for i in range(len(source.records))]
        return Timeline(source, target, pairs)
    translator = StreamTranslator(source.dialect, target.dialect, stamp, include_usage=True)
    framing = NDJSONDecoder() if DIALECTS[target.dialect].native else SSEDecoder()
    pairs, begin, most = [], 0, len(target.records)
    for record in source.records:
        written = translator.feed(record.data, now=stamp.created)
        end = min(begin + len(framing.decode(written)), most)
        pairs.append((begin, end))
        begin = end
    if pairs and begin < most:
        # Records after the end of the source.
        pairs[-1] = (pairs[-1][0], most)
    return Timeline(source, target, pairs)


def record_data(record: Record, dialect: str) -> bytes:
    """Return the data of a record without its framing."""
    if DIALECTS[dialect].native:
        return record.data
    return b"\n".join(one.data for one in SSEDecoder().decode(record.data))


def _record(
    raw: bytes | SSERecord, decoder: Decoder, number: int, at: int, chunk: int
) -> tuple[Record, int]:
    """Return a record, and its token count if it has one."""
    data = encode_sse(raw.data, raw.event) if isinstance(raw, SSERecord) else raw + b"\n"
    try:
        events: list[Event] = decoder.decode(data)
    except DiglotError:
        events = []
    kind: RecordKind = "other"
    text, tokens = "", 0
    for event in events:
        match event:
            case TextDelta() | ThinkingDelta():
                kind = "text" if isinstance(event, TextDelta) else "thinking"
                text = event.text
            case ToolCallDelta():
                kind, text = "call", event.name + event.arguments
            case StreamError():
                kind, text = "error", event.message
            case Finish():
                kind = "finish" if kind == "other" else kind
                tokens = event.usage.completion_tokens if event.usage else 0
            case _:
                kind = "start" if kind == "other" else kind
    return Record(number=number, at=at, chunk=chunk, data=data, kind=kind, text=text), tokens
