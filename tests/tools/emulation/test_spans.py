"""Stretches of the user's text, and words that two texts share."""

from __future__ import annotations

import pytest

from core.tools.emulation.spans import shared_words, spans


def test_spans_are_stretches_of_the_text() -> None:
    text = "What's the weather in New York, please? 上海和北京呢?"
    found = spans(text)
    assert {"New York", "New", "上海", "北京"} <= set(found)
    assert all(span in text for span in found)
    assert len(spans("字" * 500)) <= 300
    assert spans("") == [] and spans(" ,.!") == []


@pytest.mark.parametrize(
    ("question", "description", "shared"),
    [
        ("上海今天的天气怎么样?", "获取指定地点的当前天气信息", True),
        ("What's the weather in Paris?", "get_current_weather", True),
        ("Convert 10 km", "Unit conversion", True),
        ("你好,介绍一下你自己。", "获取指定地点的当前天气信息", False),
        ("Who are you?", "get_current_weather Tell the weather for a city", False),
    ],
)
def test_shared_words(question: str, description: str, shared: bool) -> None:
    assert bool(shared_words(question, description)) is shared
