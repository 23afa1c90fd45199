"""The table of a stream shows every field of both sides' chunks once, joined as its answer is."""

from __future__ import annotations

import json
import time
from itertools import groupby
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.errors import DiglotError
from core.inspector.align.request import AlignedRow
from core.inspector.align.response import whole_answer
from core.inspector.align.response_notes import ANSWER_NOTES
from core.inspector.align.stream import align_stream
from core.inspector.probes.compatibility import probes_of
from core.inspector.timeline import StreamLine, read_line
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, Finish, TextDelta, ThinkingDelta, ToolCallDelta
from core.translation.translate import StreamTranslator
from tests.laws.basics import NOW, STAMP
from tests.laws.values import event_streams

CHAT = ("ollama", "openai", "generate", "responses", "anthropic")
PLACELESS = ("duration", "timings", "cache", "logprobs", "reasoning_tokens")


def lines(events: list[Event], source: str, target: str) -> tuple[StreamLine, StreamLine]:
    """Return a stream of ``source`` and what Diglot makes of it in ``target``."""
    data = DIALECTS[source].encoder(STAMP, include_usage=True).encode(events, now=NOW)
    translator = StreamTranslator(source, target, STAMP, include_usage=True)
    made = translator.feed(data, now=NOW) + translator.close(now=NOW)
    return read_line(source, [(NOW, data)], started=0), read_line(target, [(NOW, made)], started=0)


def bodies(line: StreamLine) -> list[Any]:
    """Return the JSON of the records, without the help of any decoder."""
    found = []
    for record in line.records:
        for part in record.data.splitlines():
            text = part.removeprefix(b"data: ")
            if text.startswith(b"{"):
                found.append(json.loads(text))
    return found


def words(value: Any) -> set[str]:
    """Return the bottom values of a body as JSON; what is empty among them."""
    if isinstance(value, dict) and value:
        return set().union(*map(words, value.values()))
    if isinstance(value, list) and value:
        return set().union(*map(words, value))
    return {json.dumps(value)}


def can_be(event: Event) -> bool:
    """Tell whether no more tokens were read from a cache than were read."""
    usage = event.usage if isinstance(event, Finish) else None
    return usage is None or (usage.cached_tokens or 0) <= usage.prompt_tokens


def check(rows: tuple[AlignedRow, ...], left: StreamLine, right: StreamLine) -> None:
    for line, paths, spans in (
        (left, [r.path for r in rows], [r.at for r in rows]),
        (right, [r.target for r in rows], [r.written_at for r in rows]),
    ):
        there = [path for path in paths if path is not None]
        assert len(there) == len(set(there)), "a field stands in two rows"
        for path, span in zip(paths, spans, strict=True):
            assert (path is None) == (span is None)
            if span is not None:
                assert 1 <= span.first <= span.last <= len(line.records)
    for row in rows:
        assert row.note in ANSWER_NOTES.values()
        assert row.outcome != "defaulted" or row.path is None
        # What stands in several places of one side is one row with both paths, and more with one.
        assert row.path is not None or row.outcome in ("defaulted", "retyped", "emulated")
        if row.outcome in ("kept", "renamed"):
            assert row.value == row.written


@given(source=st.sampled_from(CHAT), target=st.sampled_from(CHAT), data=st.data())
def test_the_rows_are_the_fields_of_both_sides(
    source: str, target: str, data: st.DataObject
) -> None:
    events = data.draw(event_streams(source))
    assume(all(map(can_be, events)))
    try:
        left, right = lines(events, source, target)
    except DiglotError:  # not every dialect has calls
        return
    rows = align_stream(left, right)
    check(rows, left, right)
    # No number or flag is missing on either side.
    for line, shown in ((left, [r.value for r in rows]), (right, [r.written for r in rows])):
        said = set().union(*map(words, bodies(line)))
        numbers = {w for w in said if w[0] not in '"[{'}
        assert numbers <= set().union(*map(words, shown)) | {"null"}
    for row in rows:
        # An answer that was cut off by a filter is natively one that stopped.
        cut = row.value in ("content_filter", "refusal", "incomplete")
        lost = row.outcome == "dropped" and row.path is not None and not cut
        # What is said again as a whole holds what has no place, too.
        told = f"{row.path} {json.dumps(row.value) if isinstance(row.value, dict) else ''}"
        assert not lost or any(word in told for word in PLACELESS), row


@given(source=st.sampled_from(CHAT), target=st.sampled_from(CHAT), data=st.data())
def test_the_text_is_joined_and_stands_on_both_sides(
    source: str, target: str, data: st.DataObject
) -> None:
    events = data.draw(event_streams(source))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    kinds = [type(event) for event in events if isinstance(event, TextDelta | ThinkingDelta)]
    # Text with thinking in between is two blocks where a dialect has blocks.
    blocks = sum(kind is TextDelta for kind, _ in groupby(kinds))
    try:
        left, right = lines(events, source, target)
    except DiglotError:
        return
    if text and blocks == 1:
        assert any(
            row.value == row.written == text and row.outcome in ("kept", "renamed")
            for row in align_stream(left, right)
        )


def native(**more: Any) -> bytes:
    message = {"role": "assistant", "content": more.pop("content", "")}
    line = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": False}
    return json.dumps({**line, **more}).encode() + b"\n"


def test_a_native_stream_in_openais_chunks() -> None:
    end = native(done=True, done_reason="stop", eval_count=2, total_duration=7)
    data = native(content="One ") + native(content="two") + end
    translator = StreamTranslator("ollama", "openai", STAMP, include_usage=True)
    made = translator.feed(data, now=NOW) + translator.close(now=NOW)
    rows = align_stream(
        read_line("ollama", [(NOW, data)], started=0), read_line("openai", [(NOW, made)], started=0)
    )
    by_path = {row.path or row.target: row for row in rows}
    text = by_path["message.content"]
    assert (text.value, text.target) == ("One two", "choices[0].delta.content")
    assert text.at is not None and (text.at.first, text.at.last, text.at.count) == (1, 3, 3)
    assert (by_path["done"].value, by_path["done"].outcome) == ([False, True], "retyped")
    assert by_path["done_reason"].target == "choices[0].finish_reason"
    assert by_path["eval_count"].target == "usage.completion_tokens"
    assert by_path["total_duration"].outcome == "dropped"
    mark = by_path["data"]
    assert mark.written == "[DONE]" and mark.written_at is not None
    assert mark.written_at.count == 1


def test_counts_that_a_client_did_not_ask_for_are_lost_and_the_row_says_why() -> None:
    data = native(content="One") + native(done=True, done_reason="stop", eval_count=2)
    translator = StreamTranslator("ollama", "openai", STAMP, include_usage=False)
    made = translator.feed(data, now=NOW) + translator.close(now=NOW)
    left = read_line("ollama", [(NOW, data)], started=0)
    rows = align_stream(left, read_line("openai", [(NOW, made)], started=0))
    (row,) = (row for row in rows if row.path == "eval_count")
    assert row.outcome == "dropped" and row.note == ANSWER_NOTES["usage_not_asked"]
    assert [probe.name for probe in probes_of(row)] == ["include_usage"]
    # Put together as one answer it has no counts either, not counts of 0.
    whole = whole_answer("openai", made, streamed=True, stamp=STAMP)
    assert "usage" not in whole


@pytest.mark.parametrize("target", ["ollama", "responses", "anthropic"])
def test_calls_side_by_side_stay_two(target: str) -> None:
    events: list[Event] = [
        ToolCallDelta(index=0, id="a", name="f", arguments='{"x":'),
        ToolCallDelta(index=0, arguments="1}"),
        ToolCallDelta(index=1, id="b", name="g", arguments='{"y":2}'),
        Finish(reason="tool_calls"),
    ]
    rows = align_stream(*lines(events, "openai", target))
    given = {row.path: row for row in rows if row.path}
    for number, (identity, arguments) in enumerate((("a", {"x": 1}), ("b", {"y": 2}))):
        call = f"choices[0].delta.tool_calls[{number}]"
        assert given[f"{call}.id"].value == given[f"{call}.id"].written == identity
        said = given[f"{call}.function.arguments"]
        assert json.loads(said.value) == arguments
        written = said.written if isinstance(said.written, dict) else json.loads(said.written)
        assert written == arguments


def test_what_no_dialect_would_say_is_shown_as_it_is() -> None:
    broken = b'{"model":"m","odd":1}\nnot json\n'
    left = read_line("ollama", [(NOW, broken)], started=0)
    rows = align_stream(left, read_line("openai", [], started=0))
    shown = {row.path: (row.value, row.outcome) for row in rows}
    assert shown["odd"] == (1, "dropped") and shown["model"][0] == "m"


@pytest.mark.slow
def test_fifty_thousand_chunks_take_seconds(record_property: Any) -> None:
    data = [(NOW + n, native(content="word ")) for n in range(50_000)]
    left = read_line("ollama", data, started=NOW)
    began = time.process_time()
    rows = align_stream(left, left)
    spent = time.process_time() - began
    record_property("seconds", spent)
    assert len(rows) == 5 and spent < 30
