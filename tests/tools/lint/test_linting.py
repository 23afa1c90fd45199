"""What the lint finds, what it leaves alone, and that each fix mends just its fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from core.errors import InvalidRequest
from core.tools.examples import example_toolbox
from core.tools.lint.linting import fixed, fixed_all, lint
from core.translation.messages import Tool
from core.words import languages
from tests.support.examples import examples
from tests.support.linted import text, tool
from tests.tools.definitions.test_conversion import TOOLS

GOOD = text("The city.")
OBJECT = {"type": "object", "description": "An object."}


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = GOOD
    for _ in range(levels):
        inner = {**OBJECT, "properties": {"x": inner}, "required": ["x"]}
    return inner


# A code, the tools that have the fault, and whether it can be mended without a person.
FAULTS: list[tuple[str, list[Tool], bool]] = [
    ("no_description", [tool(description=" ")], False),
    ("no_parameter_description", [tool({"a": {"type": "string"}})], False),
    ("illegal_name", [tool(name="math.factorial")], True),
    ("illegal_name", [tool(name="天气")], True),
    ("illegal_name", [tool(name="x" * 65)], True),
    ("empty_name", [tool(name="run")], False),
    ("twins", [tool(), tool()], True),
    ("near_twins", [tool(name="get_weather"), tool(name="getWeather")], False),
    ("near_twins", [tool(name="find_customer_record"), tool(name="find_customer_records")], False),
    ("many_tools", [tool(name=f"tool_number_{n}_{'abcdefghijklmnopqrstuvwxyz'[n] * 9}")
                    for n in range(21)], False),
    ("many_parameters", [tool({f"p{n}": GOOD for n in range(11)})], False),
    ("token_cost", [tool()], False),
    ("invalid_schema", [tool({"a": text("The a.", minimum="x")})], False),
    ("not_an_object", [Tool(name="a_tool", description="x", parameters={"properties": {}})], True),
    ("deep", [tool({"a": nested(4)})], False),
    ("unknown_type", [tool({"a": {"type": "float", "description": "A."}})], True),
    ("unknown_type", [tool({"a": {"type": "Foo", "description": "A."}})], False),
    ("free_object", [tool({"a": OBJECT})], False),
    ("free_array", [tool({"a": {"type": "array", "description": "A."}})], False),
    ("no_type", [tool({"a": {"description": "A."}})], False),
    ("boolean_as_string", [tool({"a": text("On?", enum=["true", "false"], default="true")})], True),
    ("enum_missing", [tool({"a": text("The unit, one of: celsius, fahrenheit or kelvin.")})], True),
    ("enum_missing", [tool({"a": text('The unit ("c" or "f")')})], True),
    ("enum_missing", [tool({"a": text("温度单位，可选值：摄氏、华氏")})], True),
    ("bad_default", [tool({"a": text("The a.", enum=["x"], default="y")})], True),
    ("unknown_required", [tool({"a": GOOD}, schema={"required": ["a", "b"]})], True),
    ("no_required", [Tool(name="a_tool", description="x", parameters={
        "type": "object", "properties": {"a": GOOD}})], True),
    ("ignored_by_ollama", [tool({"a": text("The city.", default="Rome")})], True),
    ("ignored_by_ollama", [tool({"a": text("城市。", minLength=2, format="date")})], True),
    ("reference_lost", [tool({"a": {"$ref": "#/$defs/P"}},
                             schema={"$defs": {"P": text("A point.")}})], True),
    ("reference_lost", [tool({"a": {"$ref": "#/$defs/P"}}, schema={"$defs": {"P": {
        **OBJECT, "properties": {"a": {"$ref": "#/$defs/P"}}}}})], False),
    ("strict_misfit", [tool({"a": GOOD}, strict=True)], True),
    ("strict_impossible", [Tool(name="a_tool", description="x", strict=True,
                                parameters={"type": "object", "anyOf": []})], True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "tools", "mends"), FAULTS, ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)]
)
def test_a_fault_is_found_and_its_fix_mends_it(code: str, tools: list[Tool], mends: bool) -> None:
    found = [finding for finding in lint(tools) if finding.code == code]
    assert found, [f.code for f in lint(tools)]
    assert all(map(found[0].note.text, languages()))
    assert (found[0].fix is not None) == mends
    if not mends:
        with pytest.raises(InvalidRequest):
            fixed(tools, found[0])
        return
    after = fixed(tools, found[0])
    left = [(f.code, f.tool, f.path) for f in lint(after)]
    assert (code, found[0].tool, found[0].path) not in left
    # What another tool says is not touched.
    assert [t for i, t in enumerate(after) if i != found[0].tool] == [
        t for i, t in enumerate(tools) if i != found[0].tool
    ]


FINE = [
    tool({"city": text("The city, for example “Paris” or “Rome”.")}),
    tool({"n": text("Must be positive or zero.")}),
    tool({"flag": {"type": "boolean", "description": "Whether it is."}}),
    tool({"any": {"description": "Anything.", "anyOf": [{"type": "string"}, {"type": "null"}]}}),
    tool({"rows": {"type": "array", "description": "Rows.", "items": {"type": "string"}}}),
    tool({"map": {**OBJECT, "additionalProperties": {"type": "string"}}}),
    tool({"city": text("城市，例如“北京”或“上海”。")}),
]


@pytest.mark.parametrize("good", FINE)
def test_what_is_fine_is_left_alone(good: Tool) -> None:
    assert [f.code for f in lint([good])] == ["token_cost"]


def test_the_example_tools_have_no_serious_fault() -> None:
    found = lint(example_toolbox().tools)
    assert not [f for f in found if f.severity == "error"]


def test_errors_come_first() -> None:
    found = lint([tool(name="a.b", description=""), tool({"a": {"type": "string"}}, name="run")])
    order = [f.severity for f in found]
    assert order == sorted(order, key=["error", "warning", "hint"].index)


@settings(deadline=None, max_examples=examples(100))
@given(TOOLS)
def test_no_definition_breaks_the_lint_and_fixes_end(any_tool: Tool) -> None:
    after = fixed_all([any_tool])
    assert not [f for f in lint(after) if f.fix is not None and f.severity == "error"]
