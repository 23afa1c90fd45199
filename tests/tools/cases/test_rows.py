"""Cases as rows of a table, and their Python as functions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from core.errors import InvalidRequest
from core.tools.cases.examples import EXAMPLES
from core.tools.cases.predicate import predicate_source
from core.tools.cases.rows import case_of_row, row_of_case
from core.tools.cases.values import Case, ExpectedCall
from core.tools.definitions.reading import parse_any
from core.tools.examples import example_toolbox
from core.words import languages
from tests.tools.cases.test_files import cases


@given(cases)
def test_a_case_survives_its_row(case: Case) -> None:
    back = case_of_row(row_of_case(case))
    plain = all(text == text.strip() for text in (case.id, case.prompt, case.system))
    named = all(one.tool.strip() == one.tool and one.tool not in ("", "*") for one in case.expected)
    if case.prompt.strip() and plain and named:
        assert back == case
    elif not case.prompt.strip():
        assert back is None


def test_empty_cells_are_nothing() -> None:
    row = {"prompt": "x", "tool": math.nan, "arguments": None, "judge": "mood"}
    assert case_of_row(row) == Case(prompt="x")
    assert case_of_row({}) is None
    any_arguments = case_of_row({"prompt": "x", "tool": "f"})
    assert any_arguments == Case(prompt="x", expected=(ExpectedCall(tool="f"),))


@pytest.mark.parametrize(
    "row", [{"tool": "f", "arguments": "{"}, {"tool": "*", "arguments": "[1]"}, {"judge": "python"}]
)
def test_a_broken_cell_is_said(row: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        case_of_row({"prompt": "x", **row})


def test_python_of_a_case_is_a_function() -> None:
    source = predicate_source("a = 1\nif calls:\n    a = 2\nname == 'f' and a > 1")
    (read,) = parse_any(source).definitions
    assert read.tool.name == "check"
    space: dict[str, object] = {}
    exec(source, space)  # the test's own text
    assert space["check"]("f", {}, [1], "") is True  # type: ignore[operator]
    for broken in ("", "x = 1", "if:"):
        with pytest.raises(InvalidRequest):
            predicate_source(broken)


def test_examples_want_tools_that_are_there() -> None:
    names = set(example_toolbox().names)
    for example in EXAMPLES:
        assert set(example.tools) <= names
        for case in map(example.case, languages()):
            assert {one.tool for one in case.expected} <= set(example.tools)
