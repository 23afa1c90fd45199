"""Prompts to begin with, each in both languages, with the calls that should come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from core.tools.cases.values import Case, ExpectedCall

__all__ = ["EXAMPLES", "Example"]


class Example(Struct, frozen=True, kw_only=True):
    """A prompt for some of the example tools, in 中文 and English.

    A case judges the first turn; what a second one needs comes from the first one's result.
    """

    name: str
    tools: tuple[str, ...]
    zh: Case
    en: Case


def _example(
    name: str, tools: str, zh: str, en: str, zh_wants: Any = None, en_wants: Any = None
) -> Example:
    return Example(
        name=name,
        tools=tuple(tools.split()),
        zh=Case(id=name, prompt=zh, expected=_expected(zh_wants)),
        en=Case(id=name, prompt=en, expected=_expected(en_wants or zh_wants)),
    )


def _expected(wants: Mapping[str, Any] | None) -> tuple[ExpectedCall, ...]:
    return tuple(ExpectedCall(tool=t, arguments=given) for t, given in (wants or {}).items())


_WEATHER = {"get_current_weather": {"location": "上海"}}

EXAMPLES: tuple[Example, ...] = (
    _example(
        "weather", "get_current_weather",
        "上海今天的天气怎么样?", "What is the weather like in 上海 today?", _WEATHER,
    ),
    _example(
        "calculator", "calculate",
        "帮我算一下 17 * 23 等于多少", "How much is 17 * 23?",
        {"calculate": {"expression": "17 * 23"}},
    ),
    _example(
        "time", "current_time",
        "Asia/Tokyo 现在几点?", "What time is it now in Asia/Tokyo?",
        {"current_time": {"timezone": "Asia/Tokyo"}},
    ),
    _example(
        "units", "convert_units",
        "把 5 mile 换算成 km", "Convert 5 mile to km.",
        {"convert_units": {"value": 5, "from_unit": "mile", "to_unit": "km"}},
    ),
    _example(
        "two_steps", "get_current_weather convert_units",
        "查一下上海现在的气温,再换算成华氏度",
        "Look up the weather in 上海, then convert its temperature to fahrenheit.", _WEATHER,
    ),
    _example(
        "none", "get_current_weather calculate",
        "谢谢你,今天聊得很开心!", "Thank you, it was nice to talk to you!",
    ),
)  # fmt: skip
