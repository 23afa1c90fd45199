"""No row of an answer's or a stream's report says what is not so, and nothing is without a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DiglotError
from core.inspector.align.answer_reasons import ANSWER_HOLDS
from core.inspector.align.response import align_answer
from core.inspector.align.response_notes import ANSWER_NOTES
from core.inspector.align.stream import align_stream
from core.inspector.timeline import read_line
from core.translation.dialects.registry import DIALECTS, EMBEDDING_DIALECTS
from core.translation.events import Finish, MessageStart, TextDelta, ThinkingDelta
from core.translation.translate import StreamTranslator, translate_response
from tests.laws.basics import NOW, STAMP, texts, values
from tests.laws.values import answers, event_streams
from tests.support.answer_judge import answer_faults, stream_faults
from tests.support.exchange_judge import records

VECTORS = Path(__file__).parent.parent / "vectors"
CHATS = tuple(DIALECTS)
KINDS = ("ollama", "generate", "openai")
STREAMS = sorted((VECTORS / "streams").rglob("case.json"))


def translated(body: dict[str, Any], source: str, target: str) -> dict[str, Any] | None:
    try:
        return translate_response(body, source=source, target=target, stamp=STAMP, now=NOW)
    except DiglotError:
        return None


def held(body: dict[str, Any], source: str, target: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield what is wrong with the rows of an answer that is translated, and then once more."""
    written = translated(body, source, target)
    if written is None or source == target:
        return
    rows = align_answer(body, written, source=source, target=target)
    for fault in answer_faults(rows, body, written, source, target):
        yield written, fault


def streamed(data: bytes, source: str, target: str) -> bytes:
    translator = StreamTranslator(source, target, STAMP, include_usage=True)
    return translator.feed(data, now=NOW) + translator.close(now=NOW)


def told_truly(data: bytes, source: str, target: str, out: bytes) -> list[str]:
    left = read_line(source, [(NOW, data)], started=0)
    right = read_line(target, [(NOW, out)], started=0)
    rows = align_stream(left, right)
    return list(stream_faults(rows, records(left), records(right), source, target))


def test_every_note_has_a_condition() -> None:
    assert ANSWER_HOLDS.keys() == ANSWER_NOTES.keys()


@pytest.mark.parametrize("target", CHATS)
def test_whole_answers_are_told_truly(target: str) -> None:
    told = 0
    for file in sorted((VECTORS / "responses").rglob("*.json")):
        case = json.loads(file.read_text("utf-8"))
        body = translated(case["input"], case["source"], target)
        if body is None:
            continue
        assert not list(held(case["input"], case["source"], target)), file
        # What an answer says in one dialect, it says in each further one.
        partner = DIALECTS[target].partner
        assert case["source"] == target or not list(held(body, target, partner)), file
        told += 1
    assert told > 60


def wrong_of_stream(file: Path, target: str) -> list[str] | None:
    """Return what is wrong with what is said of a vector, None where there is nothing to say."""
    source = json.loads(file.read_text("utf-8"))["source"]
    if source == target:
        return None
    data = next(file.parent.glob("input.*")).read_bytes()
    return told_truly(data, source, target, streamed(data, source, target))


def test_streams_are_told_truly_in_one_dialect_each() -> None:
    told = 0
    for file, target in zip(STREAMS, cycle(CHATS), strict=False):
        wrong = wrong_of_stream(file, target)
        assert not wrong, (file, target)
        told += wrong is not None
    assert told > 70


@pytest.mark.slow
@pytest.mark.parametrize("target", CHATS)
def test_streams_are_told_truly(target: str) -> None:
    told = 0
    for file in STREAMS:
        wrong = wrong_of_stream(file, target)
        assert not wrong, file
        told += wrong is not None
    assert told > 70


@pytest.mark.slow
@pytest.mark.parametrize("target", CHATS)
def test_streams_are_told_truly_in_every_further_dialect(target: str) -> None:
    for file in STREAMS:
        source = json.loads(file.read_text("utf-8"))["source"]
        out = streamed(next(file.parent.glob("input.*")).read_bytes(), source, target)
        for further in CHATS:
            if target not in (source, further):
                again = streamed(out, target, further)
                assert not told_truly(out, target, further, again), (file, further)


@pytest.mark.parametrize("target", CHATS)
def test_errors_are_told_truly(target: str) -> None:
    for file in sorted((VECTORS / "errors" / "bodies").rglob("*.json")):
        case = json.loads(file.read_text("utf-8"))
        source, body = case["source"], case["input"]
        if not isinstance(body, dict) or source == target:
            continue
        error = DIALECTS[source].parse_error(json.dumps(body).encode(), case["status"])
        written = DIALECTS[target].dump_error(error)
        rows = align_answer(body, written, source=source, target=target)
        assert not list(answer_faults(rows, body, written, source, target)), file


@given(source=st.sampled_from(KINDS), target=st.sampled_from(CHATS), data=st.data())
def test_no_row_of_an_answer_says_what_is_not_so(
    source: str, target: str, data: st.DataObject
) -> None:
    body = DIALECTS[source].dump_response(data.draw(answers(source)), stamp=STAMP, now=NOW)
    more = data.draw(st.dictionaries(texts, values, max_size=2))
    body = {**more, **body}
    assert not list(held(body, source, target))
    written = translated(body, source, target)
    for further in CHATS if written is not None and source != target else ():
        assert not list(held(written, target, further))


@given(source=st.sampled_from(CHATS), target=st.sampled_from(CHATS), data=st.data())
def test_no_row_of_a_stream_says_what_is_not_so(
    source: str, target: str, data: st.DataObject
) -> None:
    kind = source if source in KINDS else "openai"
    events = data.draw(event_streams(kind))
    stream = DIALECTS[source].encoder(STAMP, include_usage=True).encode(events, now=NOW)
    if source != target:
        assert not told_truly(stream, source, target, streamed(stream, source, target))


@given(native=st.lists(st.lists(st.floats(-1, 1), min_size=1, max_size=2), min_size=1, max_size=3))
def test_vectors_are_told_truly(native: list[list[float]]) -> None:
    ours = {"model": "m", "embeddings": native, "prompt_eval_count": 2, "total_duration": 9}
    given_ = EMBEDDING_DIALECTS["embed"].parse_response(ours)
    asked = EMBEDDING_DIALECTS["embeddings"].parse_request({"model": "m", "input": "a"})
    theirs = EMBEDDING_DIALECTS["embeddings"].dump_response(given_, asked, STAMP)
    for one, other, source, target in (
        (ours, theirs, "embed", "embeddings"), (theirs, ours, "embeddings", "embed"),
    ):  # fmt: skip
        rows = align_answer(one, other, source=source, target=target)
        assert not list(answer_faults(rows, one, other, source, target))


def test_a_word_of_two_fields_may_be_lost_with_one_and_kept_with_the_other() -> None:
    call = {"id": "c", "function": {"index": 0, "name": "f", "arguments": {"x": "word"}}}
    message = {"role": "assistant", "content": "", "tool_calls": [call]}
    body = {"": "word", "model": "m", "message": message, "done": True, "done_reason": "stop"}
    for target in ("generate", "openai"):
        assert not list(held(body, "ollama", target))


def test_thinking_before_and_after_a_text_is_told_truly() -> None:
    said = [ThinkingDelta(text="a"), TextDelta(text="a"), ThinkingDelta(text="word")]
    events = [MessageStart(model="m"), *said, Finish(reason="stop", usage=None)]
    data = DIALECTS["responses"].encoder(STAMP, include_usage=True).encode(events, now=NOW)
    for target in KINDS:
        out = streamed(data, "responses", target)
        assert not told_truly(data, "responses", target, out)
