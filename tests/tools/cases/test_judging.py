"""Answers are judged by what their case expects."""

from __future__ import annotations

import pytest

from core.tools.cases.judging import fits_options, same
from core.tools.cases.values import Case
from core.translation.messages import ToolCall
from tests.support.judged_cases import LIMA, call, verdict, wants


@pytest.mark.parametrize(
    ("case", "calls", "why"),
    [
        (wants(LIMA), [call(city="Lima")], ""),
        (wants(LIMA), [call(city="lima")], "arguments"),
        (wants(("weather", None)), [call(city="anything")], ""),
        (wants(("weather", {"city": "Lima", "days": 2})), [call(city="Lima", days=2.0)], ""),
        (wants(LIMA), [call(city="Lima", days=True)], "invalid"),
        (wants(LIMA), [], "no_call"),
        (wants(), [], ""),
        (wants(), [call(city="Lima")], "false_call"),
        (wants(LIMA), [call("add")], "wrong_tool"),
        (wants(LIMA), [call(city="Lima"), call(city="Lima")], "wrong_count"),
        (wants(LIMA, ("add", {"a": 1})), [call("add", a=1), call(city="Lima")], ""),
        (wants(("nothing", None)), [call("nothing")], "invalid"),
        (wants(("weather", {"city": ["Rome", "Lima"]}), how="options"), [call(city="LIMA")], ""),
        (wants(("weather", {"city": ["Rome"]}), how="options"), [call(city="Lima")], "arguments"),
        (wants(("weather", {"required": ["days"]}), how="schema"), [call(city="a", days=1)], ""),
        (wants(("weather", {"required": ["days"]}), how="schema"), [call(city="a")], "arguments"),
        (wants(how="python", predicate="name == 'weather'"), [call(city="a")], ""),
        (wants(how="python", predicate="not calls and 'sorry' in text"), [], "predicate"),
        (wants(how="python", predicate="arguments['x']"), [call(city="a")], "predicate_error"),
        (wants(how="python", predicate="True"), [call()], "invalid"),
    ],
)  # fmt: skip
def test_each_answer_is_judged(case: Case, calls: list[ToolCall], why: str) -> None:
    found = verdict(case, *calls)
    assert (found.why, found.passed) == (why, why == "")
    assert found.passed == (found.tools and found.valid and found.arguments)


def test_what_is_wrong_is_said() -> None:
    found = verdict(wants(("weather", {"city": "Lima", "days": 3})), call(city="Lima", days=2))
    assert found.detail == "days: 2, expected 3"
    assert found.tools and found.valid and not found.arguments
    text = '<tool_call>{"name": "weather", "arguments": {"city": "Lima"}}</tool_call>'
    assert verdict(wants(LIMA), text=text).why == "written"


def test_a_broken_schema_is_a_verdict_and_no_crash() -> None:
    case = wants(("weather", {"type": 7}), how="schema")
    assert "broken" in verdict(case, call(city="x")).detail


def test_true_is_no_number() -> None:
    assert same(1, 1.0) and not same(1, True) and not same({"a": [0]}, {"a": [False]})


def test_options_are_read_as_the_leaderboard_reads_them() -> None:
    options = {"city": ["New York, NY"], "unit": ["C", ""], "at": [{"x": [1], "y": [2, ""]}]}
    assert fits_options({"city": "new york NY", "at": {"x": 1}}, options)
    assert not fits_options({"city": "new york NY", "at": {"x": 3}}, options)
    assert not fits_options({"city": "new york NY", "at": {"x": 1}, "more": 1}, options)
    assert fits_options({"v": [1, 2]}, {"v": [[1, 2], [3]]})
