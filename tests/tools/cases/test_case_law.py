"""A law: the file for pytest that is taken away says of each answer what the matrix says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from core.tools.cases.judging import judge
from core.tools.cases.predicate import CHECK, predicate_source
from core.tools.cases.values import Case, ExpectedCall
from core.tools.definitions.values import Definition
from core.tools.takeaway.tests import pytest_file
from core.translation.messages import Tool, ToolCall

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "at": {"type": "object", "properties": {"x": {"type": "number"}}},
        "list": {"type": "array"},
    },
    "required": ["city"],
}
TOOLS = (Tool(name="weather", parameters=WEATHER), Tool(name="add"))
PREDICATES = (
    "name == 'weather'",
    "not calls",
    "arguments['city'] == 'Lima'",
    "len(calls) == 2 and calls[0]['name'] == calls[1]['name']",
    "'sorry' in text",
    "1 / 0",
    "x = arguments.get('days', 0)\nx > 1",
)

words = st.sampled_from(["Lima", "lima", "Li-ma", "New York, NY", "new york ny", "", "1"])
values = st.recursive(
    words | st.integers(0, 2) | st.sampled_from([1.0, 2.5]) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2)
    ),
    max_leaves=4,
)
objects = st.dictionaries(st.sampled_from(["city", "days", "at", "list", "more"]), values)
names = st.sampled_from(["weather", "weather", "add", "unknown"])
schemas = st.sampled_from(
    [{}, {"required": ["days"]}, {"properties": {"days": {"minimum": 2}}}, {"type": 7}, False]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    how = draw(st.sampled_from(["exact", "options", "schema", "python"]))
    if how == "python":
        return Case(prompt="?", judge="python", predicate=draw(st.sampled_from(PREDICATES)))
    options = st.dictionaries(
        st.sampled_from(["city", "days", "at", "list"]), st.lists(values, max_size=3) | values
    )
    wanted = {"exact": objects, "options": options, "schema": schemas}[how]
    expected = st.builds(ExpectedCall, tool=names, arguments=st.none() | wanted)
    return Case(prompt="?", judge=how, expected=tuple(draw(st.lists(expected, max_size=3))))


@st.composite
def answers(draw: st.DrawFn) -> tuple[Case, list[ToolCall], str]:
    """A case and an answer to it, which is often the right one."""
    case = draw(cases())
    wanted = [
        ToolCall(name=one.tool, arguments=json.dumps(_met(one.arguments, case.judge, draw)))
        for one in case.expected
    ]
    made = st.builds(ToolCall, name=names, arguments=objects.map(json.dumps))
    broken = st.sampled_from([ToolCall(name="weather", arguments=a) for a in ("", "{", "[]", "7")])
    more = draw(st.lists(made, max_size=2)) if draw(st.booleans()) else []
    more += [draw(broken)] if draw(st.integers(0, 7)) == 0 else []
    keep = draw(st.sampled_from(["all", "all", "some"]))
    calls = wanted if keep == "all" and wanted else [*wanted[1:], *more]
    return case, draw(st.permutations(calls)), draw(st.sampled_from(["", "sorry"]))


def _met(arguments: Any, how: str, draw: st.DrawFn) -> Any:
    """Return arguments that would often do for what is expected."""
    if how == "exact" and arguments is not None:
        return arguments
    if how == "options" and isinstance(arguments, dict):
        return {
            name: draw(st.sampled_from(some)) if isinstance(some, list) and some else some
            for name, some in arguments.items()
        }
    return draw(objects)


def by_the_file(case: Case, calls: list[ToolCall], text: str) -> bool:
    """Run the exported test over an answer, as its client would give it."""
    source = pytest_file([Definition(tool=tool) for tool in TOOLS], [case], model="m", origin="x")
    file: dict[str, Any] = {"__name__": "taken_away"}
    exec(compile(source, "test_tools.py", "exec"), file)
    message = SimpleNamespace(
        content=text,
        tool_calls=[
            SimpleNamespace(function=SimpleNamespace(name=call.name, arguments=call.arguments))
            for call in calls
        ],
    )
    answer = SimpleNamespace(choices=[SimpleNamespace(message=message)])
    completions = SimpleNamespace(create=lambda **_: answer)
    client = SimpleNamespace(chat=SimpleNamespace(completions=completions))
    try:
        file["test_tools"](client, file["CASES"][0], 0)
    except Exception:
        return False
    return True


async def check(predicate: str, given: Mapping[str, Any]) -> Any:
    made: dict[str, Any] = {}
    exec(predicate_source(predicate), made)
    return made[CHECK](**given)


LIMA = ExpectedCall(tool="weather", arguments={"city": "Lima"})


@given(answers())
@example((Case(prompt="?", expected=(LIMA,)), [ToolCall(name="weather", arguments="")], ""))
@example((Case(prompt="?"), [ToolCall(name="add", arguments="")], ""))
@example((Case(prompt="?", judge="python", predicate="True"), [], ""))
def test_both_say_the_same(answer: tuple[Case, list[ToolCall], str]) -> None:
    case, calls, text = answer
    verdict = asyncio.run(judge(case, calls, text, TOOLS, check=check))
    assert by_the_file(case, calls, text) == verdict.passed, verdict
