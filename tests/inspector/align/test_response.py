"""The table of an answer shows every value of both sides once, and says what became of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BackendError
from core.inspector.align.answer_leaves import answer_leaves
from core.inspector.align.request import AlignedRow
from core.inspector.align.response import align_answer, whole_answer
from core.inspector.align.response_fields import ANSWER_FIELDS
from core.inspector.align.response_notes import ANSWER_NOTES
from core.translation.codec.json_paths import join, value_at
from core.translation.dialects.registry import DIALECTS
from core.translation.translate import translate_response
from core.words import languages
from tests.laws.basics import NOW, STAMP, texts, values
from tests.laws.streams import PAIRS
from tests.laws.values import answers, event_streams

CALL = {"id": "a", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}}
NATIVE: dict[str, Any] = {
    "model": "m",
    "created_at": "2026-01-01T00:00:00Z",
    "message": {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [CALL]},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 5,
    "eval_count": 3,
    "total_duration": 9,
    "eval_duration": 5,
}


def every(value: Any, path: str = "", *, opaque: frozenset[str] = frozenset()) -> set[str]:
    """Return the paths of all leaves of a body, without the help of any table."""
    if path in opaque or not isinstance(value, dict | list) or not value:
        return {path} if path else set()
    if isinstance(value, dict):
        items = [(join(path, key), item) for key, item in value.items()]
    else:
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return {leaf for inner, item in items for leaf in every(item, inner, opaque=opaque)}


def check(rows: tuple[AlignedRow, ...], body: Any, written: Any, source: str, target: str) -> None:
    for side, dialect, shown in (
        (body, source, [(r.path, r.value) for r in rows]),
        (written, target, [(r.target, r.written) for r in rows]),
    ):
        paths = [path for path, _ in shown if path is not None]
        assert len(paths) == len(set(paths)), "a value stands in two rows"
        # What is not looked into is exactly what the rows stop at.
        closed = frozenset(path for path in paths if isinstance(value_at(side, path), dict | list))
        assert set(paths) == every(side, opaque=closed), "a value is missing or made up"
        assert set(paths) == {leaf.path for leaf in answer_leaves(side, dialect)}
        for path, value in shown:
            if path is not None:
                assert value_at(side, path) == value
    for row in rows:
        assert row.note in ANSWER_NOTES.values()
        assert row.outcome != "defaulted" or row.path is None
        # What stands in several places of one side is one row with both paths, and more with one.
        assert row.path is not None or row.outcome in ("defaulted", "retyped", "emulated")
        if row.outcome in ("kept", "renamed"):
            assert row.value == row.written
        assert row.outcome != "kept" or row.path == row.target
        assert row.outcome != "dropped" or row.target is None


@given(pair=st.sampled_from(PAIRS), data=st.data())
def test_the_rows_are_the_values_of_both_sides(pair: tuple[str, str], data: st.DataObject) -> None:
    source, target = pair
    answer = data.draw(answers(source))
    body = DIALECTS[source].dump_response(answer, stamp=STAMP, now=NOW)
    if data.draw(st.booleans()):
        body = {**body, **data.draw(st.dictionaries(texts, values, max_size=2))}
    try:
        written = translate_response(body, source=source, target=target, stamp=STAMP, now=NOW)
    except Exception:
        written = DIALECTS[target].dump_response(answer, stamp=STAMP, now=NOW)
    check(align_answer(body, written, source=source, target=target), body, written, source, target)


@given(pair=st.sampled_from(PAIRS), data=st.data())
def test_no_word_of_an_answer_is_called_lost(pair: tuple[str, str], data: st.DataObject) -> None:
    source, target = pair
    answer = data.draw(answers(source))
    body = DIALECTS[source].dump_response(answer, stamp=STAMP, now=NOW)
    written = translate_response(body, source=source, target=target, stamp=STAMP, now=NOW)
    placeless = ("duration", "timings", "cache", "logprobs", "reasoning_tokens")
    for row in align_answer(body, written, source=source, target=target):
        if row.outcome == "dropped" and row.path is not None:
            filtered = row.value == "content_filter"  # natively a plain stop
            assert filtered or any(word in row.path for word in placeless), row


def found(rows: tuple[AlignedRow, ...], path: str) -> AlignedRow:
    return next(row for row in rows if path in (row.path, row.target))


@pytest.mark.parametrize(
    ("path", "outcome", "target"),
    [
        ("model", "kept", "model"),
        ("created_at", "retyped", "created"),
        ("message.content", "retyped", "choices[0].message.content"),
        ("message.thinking", "renamed", "choices[0].message.reasoning_content"),
        ("message.tool_calls[0].id", "renamed", "choices[0].message.tool_calls[0].id"),
        ("message.tool_calls[0].function.arguments", "retyped",
         "choices[0].message.tool_calls[0].function.arguments"),
        ("done", "retyped", None),
        ("done_reason", "retyped", "choices[0].finish_reason"),
        ("eval_count", "renamed", "usage.completion_tokens"),
        ("prompt_eval_count", "renamed", "usage.prompt_tokens"),
        ("total_duration", "dropped", None),
        ("usage.total_tokens", "defaulted", "usage.total_tokens"),
        ("id", "defaulted", "id"),
    ],
)  # fmt: skip
def test_a_native_answer_in_openais_words(path: str, outcome: str, target: str | None) -> None:
    written = translate_response(NATIVE, source="ollama", target="openai", stamp=STAMP, now=NOW)
    row = found(align_answer(NATIVE, written, source="ollama", target="openai"), path)
    assert (row.outcome, row.target) == (outcome, target)


def test_two_fields_that_have_nothing_to_say_are_not_taken_for_one() -> None:
    native = {"model": "m", "message": {"role": "assistant", "content": "hi", "thinking": ""}}
    message = {"role": "assistant", "content": "hi", "refusal": None}
    openai = {"model": "m", "choices": [{"index": 0, "message": message}]}
    for left, right, source, target in (
        (native, openai, "ollama", "openai"),
        (openai, native, "openai", "ollama"),
    ):
        rows = align_answer(left, right, source=source, target=target)
        assert found(rows, "message.content").outcome == "renamed"
        for path in ("message.thinking", "choices[0].message.refusal"):
            row = found(rows, path)
            assert row.path is None or row.target is None, row
            assert row.note == ANSWER_NOTES["added" if row.path is None else "empty"]


def test_ids_that_were_missing_are_shown_as_made() -> None:
    call = {"function": {"name": "f", "arguments": {}}}
    body = {**NATIVE, "message": {"role": "assistant", "content": "", "tool_calls": [call]}}
    written = translate_response(body, source="ollama", target="openai", stamp=STAMP, now=NOW)
    rows = align_answer(body, written, source="ollama", target="openai")
    row = found(rows, "choices[0].message.tool_calls[0].id")
    assert row.outcome == "defaulted" and row.note == ANSWER_NOTES["call_id"]


@pytest.mark.parametrize("target", ["openai", "responses", "anthropic", "completions"])
@pytest.mark.parametrize("status", [400, 404, 429, 500])
def test_an_error_is_aligned_in_both_directions(target: str, status: int) -> None:
    native = {"error": "model 'x' not found"}
    error = DIALECTS["ollama"].parse_error(json.dumps(native).encode(), status)
    written = DIALECTS[target].dump_error(error)
    there = align_answer(native, written, source="ollama", target=target)
    check(there, native, written, "ollama", target)
    assert found(there, "error").target == "error.message"
    back = align_answer(written, native, source=target, target="ollama")
    check(back, written, native, target, "ollama")
    assert found(back, "error.type").outcome == "retyped"


@given(dialect=st.sampled_from(["ollama", "openai", "generate", "responses", "anthropic"]),
       data=st.data())  # fmt: skip
def test_a_stream_is_put_together_and_aligned(dialect: str, data: st.DataObject) -> None:
    events = data.draw(event_streams(dialect))
    encoder = DIALECTS[dialect].encoder(STAMP, include_usage=True)
    stream = encoder.encode(events, now=NOW)
    target = "openai" if dialect != "openai" else "ollama"
    body = whole_answer(dialect, stream, streamed=True, stamp=STAMP)
    written = translate_response(body, source=dialect, target=target, stamp=STAMP, now=NOW)
    check(
        align_answer(body, written, source=dialect, target=target), body, written, dialect, target
    )


def test_a_stream_that_broke_says_so() -> None:
    with pytest.raises(BackendError):
        whole_answer("ollama", b'{"error":"no memory"}\n', streamed=True, stamp=STAMP)


def test_embeddings_are_aligned() -> None:
    native = {"model": "m", "embeddings": [[0.1, 0.2]], "prompt_eval_count": 2}
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    written = {"object": "list", "data": data, "model": "m", "usage": usage}
    rows = align_answer(native, written, source="embed", target="embeddings")
    check(rows, native, written, "embed", "embeddings")
    assert found(rows, "embeddings[0]").target == "data[0].embedding"


def test_every_note_is_used_and_said_in_both_languages() -> None:
    used = {row.note for row in ANSWER_FIELDS}
    assert used <= ANSWER_NOTES.keys()
    assert all(all(map(note.text, languages())) for note in ANSWER_NOTES.values())
