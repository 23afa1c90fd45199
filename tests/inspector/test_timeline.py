"""Two streams on one axis: what became of what, when, and how fast; quick with 50,000 chunks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inspector.timeline import read_line, timeline
from core.translation.dialects.registry import DIALECTS
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator
from tests.laws.basics import NOW, STAMP
from tests.laws.values import event_streams

MS = 1_000_000
CREATED = STAMP.created


def native(words: list[str], gaps: list[int]) -> list[tuple[int, bytes]]:
    """Return pieces of a native stream, each ``gaps`` ms after the one before."""
    now, pieces = CREATED, []
    for word, gap in zip(words, gaps, strict=True):
        now += gap * MS
        line = {"model": "m", "message": {"role": "assistant", "content": word}, "done": False}
        pieces.append((now, json.dumps(line).encode() + b"\n"))
    done = {"model": "m", "done": True, "done_reason": "stop", "eval_count": len(words) * 2}
    pieces.append((now, json.dumps(done).encode() + b"\n"))
    return pieces


def translated(pieces: list[tuple[int, bytes]], target: str) -> list[tuple[int, bytes]]:
    stream = StreamTranslator("ollama", target, STAMP, include_usage=True)
    fed = [(now, stream.feed(data, now=now)) for now, data in pieces]
    return [piece for piece in (*fed, (pieces[-1][0], stream.close(now=NOW))) if piece[1]]


def test_words_pace_and_pairs_at_any_moment() -> None:
    pieces = native(["Il", " est", " 14", " h"], [100, 50, 50, 3000])
    left = read_line("ollama", pieces, started=CREATED)
    right = read_line("openai", translated(pieces, "openai"), started=CREATED)
    both = timeline(left, right, STAMP)
    now = both.moment(160 * MS)
    assert (now.text, now.left, now.thinking) == ("Il est", 2, "")
    assert now.right == 3, "the role comes first, alone"
    assert both.moment(0).text == "" and both.moment(both.end).text == "Il est 14 h"
    assert [r.kind for r in both.became(0)] == ["start", "text"]
    assert [r.text for r in both.became(2)] == [" 14"]
    # The last line became the finish, the usage and the end.
    assert len(both.became(4)) == 3 and b"[DONE]" in both.became(4)[-1].data
    pace = left.pace()
    assert pace.first == 100 * MS and pace.tokens == 8 and pace.counted
    assert pace.longest_gap == 3000 * MS and pace.median_gap == 50 * MS and pace.stalls == 1
    assert [gap.stall for gap in left.gaps()] == [False, False, False, True]
    assert abs(left.rate(200 * MS, window=100 * MS) - 40) < 1e-6
    assert left.series(2)[-1] == (3200 * MS, 8.0)


def test_one_dialect_on_both_sides_is_paired_by_order() -> None:
    pieces = native(["a", "b"], [1, 1])
    left = read_line("ollama", pieces, started=CREATED)
    both = timeline(left, read_line("ollama", pieces, started=CREATED), STAMP)
    assert [record.number for record in both.became(1)] == [1]
    assert [record.number for record in both.became(2)] == [2]


def test_a_broken_stream_still_has_its_records() -> None:
    pieces = [(CREATED, b'{"model":"m","message":{"content":"a"},"done":false}\n{broken\n{"err')]
    line = read_line("ollama", pieces, started=CREATED)
    assert [record.kind for record in line.records] == ["text", "error", "other"]
    assert line.records[2].data == b'{"err\n'
    empty = read_line("openai", [], started=CREATED)
    assert empty.pace().rate == 0 and empty.words(5) == "" and empty.series() == []


@given(dialect=st.sampled_from(["ollama", "openai"]), data=st.data())
def test_every_record_of_the_target_comes_of_one_of_the_source(
    dialect: str, data: st.DataObject
) -> None:
    target = "openai" if dialect == "ollama" else "ollama"
    events = data.draw(event_streams(dialect))
    encoder = DIALECTS[dialect].encoder(STAMP, include_usage=True)
    stream = b"".join(encoder.encode([event], now=NOW) for event in events)
    translator = StreamTranslator(dialect, target, STAMP, include_usage=True)
    other = translator.feed(stream, now=NOW) + translator.close(now=NOW)
    left = read_line(dialect, [(NOW, stream)], started=CREATED)
    right = read_line(target, [(NOW, other)], started=CREATED)
    both = timeline(left, right, STAMP)
    made = [record.number for left_ in left.records for record in both.became(left_.number)]
    assert made == list(range(len(right.records)))


@pytest.mark.slow
def test_fifty_thousand_chunks_are_read_and_searched_quickly(
    record_property: Callable[[str, object], None],
) -> None:
    count = 50_000
    pieces = native([f" w{i}" for i in range(count)], [1] * count)
    began = time.process_time()
    left = read_line("ollama", pieces, started=CREATED)
    right = read_line("openai", translated(pieces, "openai"), started=CREATED)
    both = timeline(left, right, Stamp(id="1", created=CREATED, model="m"))
    made = time.process_time() - began
    began = time.process_time()
    for place in range(100):
        moment = both.moment(both.end * place // 100)
    asked = (time.process_time() - began) / 100
    record_property("50,000 chunks read and paired", f"{made:.2f} s")
    record_property("one moment of the slider", f"{asked * 1000:.2f} ms")
    assert moment.text.startswith(" w0 w1 ") and moment.left > 49_000
    assert len(both.left.series()) <= 502
    assert made < 30 and asked < 0.1
