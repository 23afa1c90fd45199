"""Calls that stand in a model's words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tools.textual_calls import find_written_calls

NAMES = ("get_weather", "add")
ARGUMENTS = {"city": "上海", "days": 2}
JSON = '{"name": "get_weather", "arguments": {"city": "上海", "days": 2}}'

FORMS = {
    "hermes": ("tag", f"<tool_call>\n{JSON}\n</tool_call>"),
    "hermes_open": ("tag", f"Sure.\n<tool_call>{JSON}"),
    "mistral": ("tag", f"[TOOL_CALLS] [{JSON}]"),
    "mistral_named": ("tag", '[TOOL_CALLS]get_weather[ARGS]{"city": "上海", "days": 2}'),
    "llama_tag": ("tag", f"<|python_tag|>{JSON}"),
    "llama_json": ("json", '{"name": "get_weather", "parameters": {"city": "上海", "days": 2}}'),
    "fence": ("json", f"I will call it:\n```json\n{JSON}\n```\nDone."),
    "openai": (
        "json",
        '{"tool_calls": [{"type": "function", "function": {"name": "get_weather", '
        '"arguments": "{\\"city\\": \\"上海\\", \\"days\\": 2}"}}]}',
    ),
    "function": ("xml", '<function=get_weather>{"city": "上海", "days": 2}</function>'),
    "qwen_coder": (
        "xml",
        "<tool_call>\n<function=get_weather>\n<parameter=city>\n上海\n</parameter>\n"
        "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
    ),
    "invoke": (
        "xml",
        '<function_calls><invoke name="get_weather"><parameter name="city">上海</parameter>'
        '<parameter name="days">2</parameter></invoke></function_calls>',
    ),
    "python": ("python", 'get_weather(city="上海", days=2)'),
    "pythonic": ("python", "[get_weather(city='上海', days=2)]"),
    "tool_code": ("python", '```tool_code\nprint(get_weather(city="上海", days=2))\n```'),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_each_way_of_writing_a_call_is_found(name: str) -> None:
    form, text = FORMS[name]
    (found,) = find_written_calls(text, NAMES)
    assert found.form == form
    assert found.call.name == "get_weather"
    assert json.loads(found.call.arguments) == ARGUMENTS
    assert found.written in text


def test_several_calls_are_found_in_order() -> None:
    text = f"[{JSON}, {JSON.replace('get_weather', 'add')}]"
    assert [one.call.name for one in find_written_calls(text, NAMES)] == ["get_weather", "add"]


@pytest.mark.parametrize(
    "text",
    [
        "The weather in 上海 is fine.",
        "You can call get_weather with a city.",
        "get_weather() takes a city; get_weather(some city)",
        '{"temperature": 25}',
        '{"name": "somebody", "arguments": {"city": "x"}}',
        '{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}',
        "f(x)=get_weather(",
        "[[[[[[[[",
        '{"name": ',
    ],
)
def test_words_are_not_taken_for_calls(text: str) -> None:
    found = find_written_calls(text, NAMES)
    assert not found or (text.startswith("get_weather()") and len(found) == 1)


@given(st.text(alphabet="{}[]()<>\"'=:,\\ \nabget_weather|TOOLCALS/function", max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for one in find_written_calls(text, NAMES):
        assert one.call.name in NAMES and json.loads(one.call.arguments) is not None
