"""Cases as files: our own lines, and those of the Berkeley leaderboard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequest
from core.tools.cases.files import dump_bfcl_cases, dump_cases, parse_cases
from core.tools.cases.judging import judge
from core.tools.cases.values import Case, ExpectedCall, Judge, Verdict
from core.translation.messages import Tool, ToolCall

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS = (Tool(name="weather", parameters=SCHEMA), Tool(name="add"))


def call(name: str = "weather", **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=json.dumps(arguments))


def wants(*expected: tuple[str, Any], how: Judge = "exact", predicate: str = "") -> Case:
    calls = tuple(ExpectedCall(tool=tool, arguments=given) for tool, given in expected)
    return Case(prompt="?", judge=how, expected=calls, predicate=predicate)


def verdict(case: Case, *calls: ToolCall, text: str = "") -> Verdict:
    async def check(source: str, names: Mapping[str, Any]) -> Any:
        return eval(source, dict(names))  # the test's own text

    return asyncio.run(judge(case, calls, text, TOOLS, check=check))


LIMA = ("weather", {"city": "Lima"})


text = st.text(max_size=8)
arguments = st.dictionaries(text, st.lists(text | st.integers() | st.booleans(), max_size=3))
cases = st.builds(
    Case,
    prompt=text,
    id=text,
    system=text,
    judge=st.sampled_from(["exact", "options", "schema"]),
    expected=st.lists(
        st.builds(ExpectedCall, tool=text, arguments=st.none() | arguments), max_size=3
    ).map(tuple),
)


@given(st.lists(cases, min_size=1, max_size=5))
def test_cases_survive_their_file(kept: list[Case]) -> None:
    assert list(parse_cases(dump_cases(kept)).cases) == kept


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no cases"),
        ("{", "line 1 is not JSON"),
        ("[]", "line 1 is not a JSON object"),
        ("{}", "line 1: .*prompt"),
        ('{"prompt": "x", "judge": "mood"}', "line 1: .*judge"),
        ('{"prompt": "x", "judge": "python"}', "needs a predicate"),
        ('{"id": "a", "question": [[{"role": "user", "content": "x"}]], "function": []}\n'
         '{"id": "a", "ground_truth": [{"f": {}, "g": {}}]}', "one function"),
    ],
)  # fmt: skip
def test_a_broken_file_says_where(line: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        parse_cases(line)


def test_the_leaderboards_files_are_read_and_written() -> None:
    function = {"name": "weather", "description": "", "parameters": {"type": "dict"}}
    questions = [
        {"id": "simple_0", "question": [[{"role": "user", "content": "Lima?"}]],
         "function": [function]},
        {"id": "irrelevance_0", "question": [[{"role": "system", "content": "Be brief."},
                                             {"role": "user", "content": "Hello"}]],
         "function": [function]},
        {"id": "multi_turn_0", "question": [[{"role": "user", "content": "a"}],
                                            [{"role": "user", "content": "b"}]],
         "function": [function]},
    ]  # fmt: skip
    truth = {"id": "simple_0", "ground_truth": [{"weather": {"city": ["Lima"], "days": [2, ""]}}]}
    read = parse_cases("\n".join(json.dumps(one) for one in [*questions, truth]))
    assert [case.id for case in read.cases] == ["simple_0", "irrelevance_0"]
    assert read.skipped == ("multi_turn_0",) and read.functions == (function,)
    assert read.cases[1].system == "Be brief." and not read.cases[1].expected
    assert verdict(read.cases[0], call(city="Lima")).passed
    written = dump_bfcl_cases(read.cases, read.functions)
    assert parse_cases(written.questions + written.answers).cases == read.cases
    exact = dump_bfcl_cases([wants(LIMA), wants(how="python", predicate="1")], [function])
    assert json.loads(exact.answers)["ground_truth"] == [{"weather": {"city": ["Lima"]}}]
    assert exact.skipped == ("case_1",)
