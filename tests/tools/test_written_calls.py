"""Calls that a model writes as its words, and words that only look like calls."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tools.written_calls import WrittenCalls
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ToolCallDelta,
    accumulate,
)
from core.translation.messages import ChatResponse
from tests.laws.basics import texts

CALL = '{"name": "f", "arguments": {"a": [1, "}"]}}'
OTHER = '{"name": "g", "arguments": {}}'
CALLS = [
    (CALL, 1), (f" \n{CALL}\n", 1), (f"```json\n{CALL}\n```", 1), (f"```\n{CALL}\n```\n", 1),
    (f"[{CALL}, {OTHER}]", 2), (f"{CALL}\n{OTHER}", 2), (f"```json\n[{CALL}]\n```", 1),
    (f"<tool_call>{CALL}</tool_call>", 1), (f"<tool_call>\n{CALL}\n</tool_call>\n" * 2, 2),
    (f"<|python_tag|>{CALL}", 1), (f"```json\n{CALL}\n```\n```json\n{OTHER}\n```", 2),
    ('{"function": "f", "arguments": {"a": 1}}', 1),
]  # fmt: skip
WORDS = [
    "", "Hello", "{", '{"a": 1}', '{"name": "none", "arguments": {}}', f"Call it so: {CALL}",
    f"{CALL} is what I would call.", "```python\nprint(1)\n```", "```json\n{}\n```", "[1, 2]",
    "`f`", "```", "<p>", "{} and {}", "```sql\nselect 1\n```",
]  # fmt: skip


def read(text: str, cuts: list[int]) -> tuple[ChatResponse, int]:
    found: list[int] = []
    calls = WrittenCalls({"f", "g"}, ids="x", found=lambda: found.append(1))
    edges = sorted({0, len(text), *(c % (len(text) + 1) for c in cuts)})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    events: list[Event] = [MessageStart("m"), *map(TextDelta, pieces), Finish()]
    said = [event for one in events for event in calls([one])]
    return accumulate(said), len(found)


def words(response: ChatResponse) -> str:
    return "".join(part.text for part in response.message.parts)  # type: ignore[union-attr]


@pytest.mark.parametrize(("text", "count"), CALLS)
@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_words_that_are_calls_become_them(text: str, count: int, cuts: list[int]) -> None:
    response, found = read(text, cuts)
    assert (len(response.message.tool_calls), found, words(response)) == (count, 1, "")
    assert response.finish_reason == "tool_calls"
    assert {call.name for call in response.message.tool_calls} <= {"f", "g"}
    assert [call.id for call in response.message.tool_calls] == [
        f"text_x_{i}" for i in range(count)
    ]
    assert isinstance(json.loads(response.message.tool_calls[0].arguments), dict)


@given(text=st.sampled_from(WORDS) | texts, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_all_other_words_stay_as_they_are(text: str, cuts: list[int]) -> None:
    response, found = read(text, cuts)
    assert (words(response), response.message.tool_calls, found) == (text, (), 0)


def test_words_are_not_held_back_longer_than_they_may_be_a_call() -> None:
    for text, held in (
        ("Hel", False),
        ("{", True),
        ("``", True),
        ("```py", True),
        ("```sql", False),
    ):
        calls = WrittenCalls({"f"}, ids="x", found=lambda: None)
        assert (calls([TextDelta(text)]) == []) is held, text
    calls = WrittenCalls({"f"}, ids="x", found=lambda: None)
    assert calls([TextDelta("{" * 50_001)]) != []


def test_a_call_of_the_servers_own_and_an_error_let_go_of_the_words() -> None:
    for last in (ToolCallDelta(index=0, id="c", name="f"), StreamError(message="e")):
        calls = WrittenCalls({"f"}, ids="x", found=lambda: None)
        assert calls([TextDelta(CALL), last]) == [TextDelta(CALL), last]
