"""Prompts to begin with, in every language, with the calls that should come of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.note import Note
from core.tools.cases.values import Case, ExpectedCall


class Example(Struct, frozen=True, kw_only=True):
    """A prompt for some of the example tools.

    A case judges the first turn; what a second one needs comes from the first one's result.
    """

    name: str
    tools: tuple[str, ...]
    prompt: Note
    expected: tuple[ExpectedCall, ...]

    def case(self, language: str) -> Case:
        """Return the prompt in one language, with what it should come to."""
        return Case(id=self.name, prompt=self.prompt.text(language), expected=self.expected)


def _example(tools: str, prompt: Note, wants: Mapping[str, Any]) -> Example:
    return Example(
        name=prompt.key.rpartition(".")[2],
        tools=tuple(tools.split()),
        prompt=prompt,
        expected=tuple(ExpectedCall(tool=t, arguments=given) for t, given in wants.items()),
    )


_WEATHER = {"get_current_weather": {"location": "上海"}}

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
