"""Cases as files: our own lines, and those of the Berkeley leaderboard."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequest
from core.tools.cases.files import dump_bfcl_cases, dump_cases, parse_cases
from core.tools.cases.values import Case
from tests.support.judged_cases import LIMA, call, cases, verdict, wants


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
