"""Calls of tools are told apart, however a server numbers and cuts them."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidResponse
from core.translation.dialects.shared.answers.call_pieces import CallPieces, read_calls


def call(name: str = "", arguments: Any = "", **more: Any) -> dict[str, Any]:
    return {**more, "function": {"name": name, "arguments": arguments}}


def calls(*chunks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return id, name and arguments of the calls that a stream's chunks hold."""
    pieces = CallPieces(ids="x")
    found: dict[int, list[str]] = {}
    for events in (*(pieces.take(chunk, "tool_calls") for chunk in chunks), pieces.flush()):
        for event in events:
            said = found.setdefault(event.index, [event.id, event.name, ""])
            said[2] += event.arguments
    return [(identity, name, arguments) for identity, name, arguments in found.values()]


@pytest.mark.parametrize("arguments", [{}, {"a": 1}, '{"a":1}'])
@pytest.mark.parametrize("places", [(0, 1), (0, 0), (None, None)])
def test_the_same_call_twice_is_two_calls(arguments: Any, places: tuple[int | None, ...]) -> None:
    chunks = [[call("f", arguments, id="", index=place)] for place in places]
    found = calls(*chunks)
    assert [(identity, name) for identity, name, _ in found] == [
        ("call_x_0", "f"),
        ("call_x_1", "f"),
    ]
    assert len({text for *_, text in found}) == 1
    whole = read_calls([one for chunk in chunks for one in chunk], "tool_calls", ids="x")
    assert [(one.id, one.name) for one in whole] == [("call_x_0", "f"), ("call_x_1", "f")]


def test_pieces_go_on_with_the_call_of_their_index() -> None:
    begun = [call("f", index=0, id="a"), call("g", index=1, id="b")]
    rest = [[call("", '{"x"', index=0)], [call("", '{"y":2}', index=1)], [call("", ":1}", index=0)]]
    assert calls(begun, *rest) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_a_name_that_each_chunk_repeats_begins_no_call() -> None:
    pieces = ('{"x', '":1', "}")
    assert calls(*([call("f", one, index=0)] for one in pieces)) == [("call_x_0", "f", '{"x":1}')]


def test_the_whole_call_once_more_at_the_end_is_no_second_one() -> None:
    chunks = [[call("f", '{"x":1}', id="a", index=0)]] * 2
    assert calls(*chunks) == [("a", "f", '{"x":1}')]


@pytest.mark.parametrize("places", [(0, 1), (0, 0), (None, None)])
def test_a_name_may_come_after_the_id(places: tuple[int | None, ...]) -> None:
    # vLLM behind a gateway sends id, name and arguments of one call in three chunks.
    chunks: list[list[dict[str, Any]]] = []
    for place, name in zip(places, "fg", strict=True):
        at = {} if place is None else {"index": place}
        chunks.append([{**at, "id": f"id_{name}", "function": {}}])
        chunks.append([call(name, **at)])
        chunks.append([call("", '{"x":1}', **at)])
    assert calls(*chunks) == [("id_f", "f", '{"x":1}'), ("id_g", "g", '{"x":1}')]


def test_arguments_may_come_before_the_name() -> None:
    chunks = [[call("", '{"x"', id="a", index=0)], [call("", ":1}", index=0)], [call("f", index=0)]]
    assert calls(*chunks) == [("a", "f", '{"x":1}')]


def test_two_calls_may_be_announced_before_either_is_named() -> None:
    begun = [call(index=0, id="a"), call(index=1, id="b")]
    named = [call("f", "{}", index=0), call("g", '{"y":2}', index=1)]
    assert calls(begun, named) == [("a", "f", "{}"), ("b", "g", '{"y":2}')]


def test_a_call_that_gets_no_name_is_not_lost() -> None:
    assert calls([call("", '{"x":1}', id="a", index=0)]) == [("a", "", '{"x":1}')]


@pytest.mark.parametrize("wrong", ["f", 3, [None], [{"function": {"name": 1}}]])
def test_what_is_no_call_is_an_invalid_response(wrong: Any) -> None:
    with pytest.raises(InvalidResponse, match="tool_calls"):
        read_calls(wrong, "tool_calls", ids="x")
