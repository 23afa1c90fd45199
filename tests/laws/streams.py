"""Streams on the wire: as Diglot writes them, as odder servers do, and torn.

Legal ones know where their answer is complete: whatever is cut off before must be an error.
"""

from __future__ import annotations

import functools
import json
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy as Strategy
from msgspec import Struct

from core.translation.conversions.passed_stream import PassedStream
from core.translation.dialects.registry import DIALECTS
from core.translation.translate import StreamTranslator
from tests.laws.basics import (
    MODEL,
    NOW,
    STAMP,
    compact,
    deep_values,
    ids,
    integers,
    maybe,
    names,
    objects,
    some,
    texts,
)
from tests.laws.values import event_streams, logprobs

CLIENT_DIALECTS = ("openai", "ollama", "generate")
PAIRS = [(source, target) for source in CLIENT_DIALECTS for target in CLIENT_DIALECTS]

Talker = StreamTranslator | PassedStream


class Wire(Struct, frozen=True):
    """A stream's bytes, and how many of them hold the whole answer."""

    data: bytes
    arrived: int


# What other servers write, as JSON values -----------------------------------------------------

_logprobs = maybe(st.lists(logprobs, max_size=1))
_whole_calls = st.lists(
    some(
        {"function": st.fixed_dictionaries({"name": names, "arguments": objects.map(compact)})},
        {"index": maybe(st.integers(0, 1)), "id": maybe(ids), "type": st.just("function")},
    ),
    max_size=2,
)
_deltas = some(
    {},
    {
        "role": st.just("assistant"),
        "content": maybe(texts),
        "reasoning_content": maybe(texts),
        "reasoning": maybe(texts),
        "refusal": maybe(texts),
        # Calls with neither ids nor places are pieces of one call, so that few are whole.
        "tool_calls": st.none() | st.just([]),
    },
)
_choices = some(
    {"delta": maybe(_deltas)},
    {
        "index": maybe(st.just(0)),
        "finish_reason": st.none() | st.just(""),
        "logprobs": maybe(st.fixed_dictionaries({"content": _logprobs})),
    },
)
_others = st.just({"index": 1, "delta": {"content": "other"}, "finish_reason": "stop"})
_usage = some(
    {},
    {
        "prompt_tokens": integers | texts,
        "completion_tokens": maybe(integers),
        "prompt_tokens_details": maybe(some({}, {"cached_tokens": maybe(integers)})),
    },
)
_chunk_extras = {
    "model": maybe(st.just(MODEL)),
    "usage": maybe(_usage),
    "timings": maybe(some({}, {"prompt_ms": st.just(1.5), "predicted_ms": texts})),
    "error": st.none(),
}
_chunks = some({"choices": st.lists(_choices | _others, max_size=2)}, _chunk_extras)
_openai_ends = some(
    {
        "choices": st.builds(
            lambda reason, calls: [
                {"index": 0, "delta": {"tool_calls": calls}, "finish_reason": reason}
            ],
            st.sampled_from(["stop", "length", "tool_calls", "eos", "function_call"]),
            _whole_calls.filter(lambda calls: len(calls) < 2),
        )
    },
    _chunk_extras,
)

_native_calls = st.lists(
    some(
        {"function": some({}, {"name": maybe(names), "arguments": maybe(objects)})},
        {"id": maybe(ids)},
    ),
    max_size=2,
)
_SPOKEN = {
    "content": maybe(texts),
    "thinking": maybe(texts),
    "tool_calls": maybe(_native_calls),
}
_LINE_EXTRAS = {"model": maybe(st.just(MODEL)), "logprobs": _logprobs, "error": st.just("")}
_COUNTS = {
    name: maybe(integers | texts)
    for name in ("total_duration", "prompt_eval_count", "eval_count", "prompt_eval_cached_count")
}


def _lines(dialect: str, end: bool) -> Strategy[dict[str, Any]]:
    spoken: dict[str, Strategy[Any]] = {"message": maybe(some({}, _SPOKEN))}
    if dialect == "generate":
        spoken = {**_SPOKEN, "response": maybe(texts)}
        del spoken["content"]
    if end:
        reasons = maybe(st.sampled_from(["stop", "length", "load", ""]))
        return some({"done": st.just(True)}, {**spoken, **_COUNTS, "done_reason": reasons}, most=5)
    return some({}, {**spoken, **_LINE_EXTRAS, "done": st.sampled_from([False, None])})


# Around them, the framing ---------------------------------------------------------------------

_JSON_STYLES = [
    compact,
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False, separators=(" , ", " : ")),
]
_SSE = [
    "data: {}\n\n", "data:{}\n\n", "data: {}\r\n\r\n", "data: {}\r\r", ": ping\n\ndata: {}\n\n",
    "id: 1\ndata: {}\nretry: 3\n\n", "event: message\ndata: {}\n\n", "\n\ndata: {}\n\n",
]  # fmt: skip
_NDJSON = ["{}\n", "{}\r\n", "\n{}\n", "  {} \n", "{}\n \n"]


def _place(frame: str, record: str) -> bytes:
    # A record on several data lines; str.format would take braces for its own.
    head, end = frame.split("{}")
    if "\n" in record:
        record = record.replace("\n", "\r\ndata: " if "\r\n" in frame else "\ndata: ")
    return f"{head}{record}{end}".encode()


@st.composite
def _foreign(draw: st.DrawFn, dialect: str) -> Wire:
    style: Any = draw(st.sampled_from(_JSON_STYLES))
    sse = dialect == "openai"
    frames = _SSE if sse else _NDJSON
    if sse and draw(st.booleans()):
        style = functools.partial(json.dumps, indent=1)

    records = draw(st.lists(_chunks if sse else _lines(dialect, end=False), max_size=4))
    end = draw(_openai_ends if sse else _lines(dialect, end=True))
    frame = draw(st.sampled_from(frames))
    data = b"".join(_place(frame, style(record)) for record in records)
    data += _place(frame, style(end))
    arrived = len(data) - len(frame[frame.index("{}") + 2 :])
    if sse and draw(st.booleans()):
        if draw(st.booleans()):
            data += _place(frame, style({"choices": [], "usage": {"prompt_tokens": 1}}))
        data += _place(frame, "[DONE]")
    elif draw(st.booleans()):
        data = data[:arrived]
    return Wire(data, arrived)


@st.composite
def _own(draw: st.DrawFn, dialect: str) -> Wire:
    events = draw(event_streams(dialect))
    encoder = DIALECTS[dialect].encoder(STAMP, include_usage=draw(st.booleans()))
    head = encoder.encode(events[:-1], now=NOW)
    # Natively the calls come just before the end, on a line of their own.
    tail = encoder.encode(events[-1:], now=NOW)
    separator = b"\n\n" if dialect == "openai" else b"\n"
    before, last = (b"", tail)
    if dialect != "openai" and tail.count(b"\n") > 1:
        before, last = tail[: tail.index(b"\n") + 1], tail[tail.index(b"\n") + 1 :]
    arrived = len(head) + len(before) + last.index(separator)
    return Wire(head + tail, arrived)


def wires(dialect: str) -> Strategy[Wire]:
    """Whole, legal streams of one dialect."""
    return _own(dialect) | _foreign(dialect)


def stops(wire: Wire) -> Strategy[int]:
    """After how many bytes a stream is cut short: anywhere, and often where it matters."""
    edges = [len(wire.data), wire.arrived, wire.arrived - 1]
    return st.sampled_from(edges) | st.integers(0, len(wire.data))


_BYTES = [
    b"\n", b"\r", b"\n\n", b"\r\n", b"{", b"}", b'"', b"\\", b"\\ud83d", b"data: ", b"data:",
    b"event: error\n", b": c\n", b"[DONE]", b"data: [DONE]\n\n", b'{"error":"e"}\n', b"\xff",
    b'data: {"error":{"message":"e"}}\n\n', b'{"done":true}\n', b"null", b"1e999", b"\x00", b" ",
    b'data: "error"\n\n', b'"error"\n', b'{"error":\n', b'data: {"object":"error"}\n\n',
    b'data: {"choices":[{"finish_reason":"stop"}]}\n\n', b'data: {}\ndata: {"error":"e"}\n\n',
]  # fmt: skip


@st.composite
def torn(draw: st.DrawFn, dialect: str) -> bytes:
    """A stream in which bytes have been put in or taken away; sometimes a legal one."""
    data = draw(wires(dialect)).data
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        taken = draw(st.integers(0, 3))
        data = data[:at] + draw(st.sampled_from(_BYTES)) + data[at + taken :]
    return data


junk = st.binary(max_size=30) | deep_values.map(lambda value: compact(value).encode())


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes in pieces, as a network may bring them; sometimes one by one."""
    if draw(st.integers(0, 4)) == 0:
        return [data[i : i + 1] for i in range(len(data))]
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=5)))
    edges = [0, *places, len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def talk(talker: Talker, pieces: list[bytes]) -> bytes:
    """Feed pieces, then close; return all that came out."""
    out = b"".join([talker.feed(piece, now=NOW) for piece in pieces])
    return out + talker.close(now=NOW)
