"""Exported tests judge as the page does."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidRequest
from core.tools.cases.values import Case, ExpectedCall
from core.tools.definitions.values import Definition
from core.tools.examples import example_toolbox
from core.tools.takeaway.tests import pytest_file
from tests.support.taken_away import python

pytestmark = pytest.mark.slow

BOX = example_toolbox()
TOOLS = [Definition(tool=tool) for tool in BOX.tools]
WEATHER = ExpectedCall(tool="get_current_weather", arguments={"location": "上海"})


def test_cases_become_a_file_for_pytest(url: str, tmp_path: Path) -> None:
    asked = "get_current_weather of '上海'"
    options = ExpectedCall(tool="get_current_weather", arguments={"location": ["上 海", "x"]})
    schema = ExpectedCall(tool="get_current_weather", arguments={"required": ["location"]})
    passing = (
        Case(prompt=asked, id="exact", expected=(WEATHER,)),
        Case(prompt=asked, judge="options", expected=(options,)),
        Case(prompt=asked, judge="schema", expected=(schema,), system="Be brief."),
        Case(prompt=asked, judge="python", predicate="name.startswith('get') and not text"),
    )
    failing = (
        Case(prompt="get_current_weather of 'Lima'", expected=(WEATHER,)),
        Case(prompt="Hello"),
        Case(prompt=asked, judge="python", predicate="len(calls) == 2"),
    )
    for name, cases in (("passing", passing), ("failing", failing)):
        text = pytest_file(TOOLS, cases, model="native", origin=url)
        (tmp_path / f"test_{name}.py").write_text(text, "utf-8")
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    good = python(*command, "test_passing.py", folder=tmp_path)
    assert good.returncode == 0 and "4 passed" in good.stdout, good.stdout
    bad = python(*command, "test_failing.py", folder=tmp_path)
    assert "3 failed" in bad.stdout and "passed" not in bad.stdout, bad.stdout
    with pytest.raises(InvalidRequest):
        pytest_file(TOOLS, (), model="native", origin=url)
