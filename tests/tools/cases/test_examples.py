"""The example prompts and tools: each language in its own words, and right."""

from __future__ import annotations

import asyncio
import json
import re

import msgspec
import pytest

from core.chats.toolbench.saved import new_workbench
from core.tools.cases.examples import EXAMPLES, example_tool
from core.tools.examples import example_toolbox
from core.translation.messages import ToolCall
from core.words import languages

CHINESE = re.compile(r"[\u3400-\u9fff]")


def test_english_examples_have_no_chinese_words() -> None:
    bench = new_workbench(example_toolbox(), language="en")
    assert len(bench.definitions) == 4 and len(bench.cases) == len(EXAMPLES)
    assert not CHINESE.search(msgspec.json.encode(bench).decode())


def test_every_chinese_prompt_and_description_is_chinese() -> None:
    bench = new_workbench(example_toolbox(), language="zh")
    for definition in bench.definitions:
        properties = (definition.tool.parameters or {})["properties"]
        said = [definition.tool.description, *(one["description"] for one in properties.values())]
        assert all(CHINESE.search(text) for text in said), said
    assert all(CHINESE.search(case.prompt) for case in bench.cases)


@pytest.mark.parametrize("language", list(languages()))
def test_a_language_changes_words_alone(language: str) -> None:
    for tool in example_toolbox().tools:
        if not any(tool.name in example.tools for example in EXAMPLES):
            continue
        told = example_tool(tool, language)
        bare = [re.sub(r'"description":"[^"]*"', "", json.dumps(one.parameters,
                ensure_ascii=False, separators=(",", ":"))) for one in (tool, told)]  # fmt: skip
        assert bare[0] == bare[1] and told.name == tool.name and told.description


@pytest.mark.parametrize("language", list(languages()))
def test_the_city_that_an_example_asks_for_has_weather(language: str) -> None:
    case = next(one for one in EXAMPLES if one.name == "weather").case(language)
    (wanted,) = case.expected
    assert wanted.arguments["location"] in case.prompt
    asked = ToolCall(id="c", name=wanted.tool, arguments=json.dumps(wanted.arguments))
    assert "25°C" in asyncio.run(example_toolbox().call(asked)).content
