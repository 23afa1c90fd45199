"""However the network cuts a stream: text passes byte for byte, and written calls become calls."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BackendError
from core.tools.written_calls import WrittenCalls
from core.translation.conversions.passed_stream import PassedStream
from core.translation.conversions.watched_stream import WatchedStream
from core.translation.stamp import Stamp

STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m")
CALL = '{"name": "f", "arguments": {"a": 1}}'


def watched(dialect: str) -> tuple[WatchedStream, list[str]]:
    found: list[str] = []
    amend = WrittenCalls({"f"}, ids="1", found=lambda: found.append("calls"))
    passed = PassedStream(dialect, STAMP, rename=False)
    stream = WatchedStream(dialect, STAMP, passed, amend=amend, include_usage=False)
    return stream, found


def body(dialect: str, *texts: str) -> bytes:
    if dialect == "ollama":
        lines = [{"message": {"content": text}, "done": False} for text in texts]
        end = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
        return b"".join(json.dumps(line).encode() + b"\n" for line in [*lines, end])
    deltas = [{"index": 0, "delta": {"content": text}} for text in texts]
    ends = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    chunks = [json.dumps({"choices": [choice]}) for choice in [*deltas, *ends]]
    return "".join(f"data: {data}\n\n" for data in [*chunks, "[DONE]"]).encode()


def said(stream: WatchedStream, data: bytes, cuts: list[int]) -> bytes:
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    out = [stream.feed(data[a:b], now=0) for a, b in pairwise(places)]
    return b"".join([*out, stream.close(now=0)])


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
@given(
    texts=st.lists(st.sampled_from(["{", "hello", "", "[1]", "```", "\n"]), max_size=5), cuts=CUTS
)
def test_what_is_no_call_passes_as_it_came(dialect: str, texts: list[str], cuts: list[int]) -> None:
    data = body(dialect, *texts)
    stream, found = watched(dialect)
    assert said(stream, data, cuts) == data
    assert not found
    assert stream.finish is not None
    assert stream.error is None


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
@given(cut=st.integers(1, len(CALL) - 1), cuts=CUTS)
def test_written_calls_are_calls(dialect: str, cut: int, cuts: list[int]) -> None:
    stream, found = watched(dialect)
    out = said(stream, body(dialect, CALL[:cut], CALL[cut:]), cuts).decode()
    assert found == ["calls"]
    assert '"tool_calls"' in out
    assert '\\"name\\"' not in out
    assert stream.finish is not None
    assert stream.feed(b"data: more\n\n", now=0) == stream.close(now=0) == b""


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
def test_what_was_held_back_is_told_before_an_error(dialect: str) -> None:
    stream, _ = watched(dialect)
    begun = body(dialect, "{")[: body(dialect, "{").index(b"\n", 5) + 1 + (dialect == "openai")]
    assert stream.feed(begun, now=0) == b""
    out = stream.fail(BackendError("gone"), now=0)
    assert out.startswith(begun)
    assert b"gone" in out
    assert stream.error is not None
