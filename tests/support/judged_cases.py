"""Cases of an example tool, and how they are judged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

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
