"""Example prompts and tools in every language, with the expected calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from core.note import Note
from core.tools.cases.values import Case, ExpectedCall
from core.translation.messages import Tool
from core.words import say


class Example(Struct, frozen=True, kw_only=True):
    """A prompt for some of the example tools.

    A case judges only the first turn; a second turn depends on the result of the first.
    """

    name: str
    tools: tuple[str, ...]
    prompt: Note
    expected: tuple[ExpectedCall, ...]

    def case(self, language: str) -> Case:
        """Return the case with the prompt in one language."""
        expected = tuple(
            replace(call, arguments=_said(call.arguments, language)) for call in self.expected
        )
        return Case(id=self.name, prompt=self.prompt.text(language), expected=expected)


def example_tool(tool: Tool, language: str) -> Tool:
    """Return an example tool with its description and its parameters' in one language."""
    schema = dict(tool.parameters or {})
    properties: Mapping[str, Any] = schema.get("properties", {})
    schema["properties"] = {
        name: {**said, "description": say(f"example_tool.{tool.name}.{name}", language)}
        for name, said in properties.items()
    }
    description = say(f"example_tool.{tool.name}.description", language)
    return replace(tool, description=description, parameters=schema)


def _example(tools: str, prompt: Note, wants: Mapping[str, Any]) -> Example:
    return Example(
        name=prompt.key.rpartition(".")[2],
        tools=tuple(tools.split()),
        prompt=prompt,
        expected=tuple(ExpectedCall(tool=t, arguments=given) for t, given in wants.items()),
    )


def _said(arguments: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the arguments with what stands for words put in words."""
    return {
        name: value.text(language) if isinstance(value, Note) else value
        for name, value in arguments.items()
    }


_WEATHER = {"get_current_weather": {"location": Note("example.city")}}

EXAMPLES: tuple[Example, ...] = (
    _example("get_current_weather", Note("example.weather"), _WEATHER),
    _example(
        "calculate", Note("example.calculator"), {"calculate": {"expression": "17 * 23"}}
    ),
    _example(
        "current_time", Note("example.time"), {"current_time": {"timezone": "Asia/Tokyo"}}
    ),
    _example(
        "convert_units", Note("example.units"),
        {"convert_units": {"value": 5, "from_unit": "mile", "to_unit": "km"}},
    ),
    _example("get_current_weather convert_units", Note("example.two_steps"), _WEATHER),
    _example("get_current_weather calculate", Note("example.none"), {}),
)  # fmt: skip
