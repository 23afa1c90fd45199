"""What a question can mean to a tool: its phrases, who gets which, and whether a tool is meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.tools.emulation.argument_grammar import arguments_schema
from core.tools.emulation.choose_tool import wanted
from core.tools.emulation.question_phrases import find_phrases
from core.translation.messages import ChatResponse, Message, Text, Tool


def tool(name: str, description: str, required: tuple[str, ...] = (), **properties: Any) -> Tool:
    named = required or tuple(properties)
    parameters = {"type": "object", "properties": properties, "required": list(named)}
    return Tool(name=name, description=description, parameters=parameters)


STRING: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
LENGTH = {"type": "string", "enum": ["inch", "centimeter", "meter"]}

MAIL = tool("send_letter", "Send a letter to a person", recipient=STRING)
MOVE = tool("move_file", "Move a file to another folder", source=STRING, target=STRING)
SUM = tool("reckon", "Reckon", term={"type": "string", "description": "An expression"})
CONVERT = tool("convert_length", "Convert a length", value=NUMBER, unit=LENGTH, into=LENGTH)
LAMP = tool("lamp", "Switch a lamp", on={"type": "boolean"})
SHOP = tool("shop", "Search things", ("what",), what=STRING, most=NUMBER, colour=STRING)
WAY = tool("find_way", "查询路线", 起点=STRING, 终点=STRING)
BOOK = tool("find_book", "查找书籍", title={"type": "string", "description": "书名"})


def values(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The arguments that a schema of whole ways allows."""
    ways = schema.get("anyOf", [schema])
    return [{n: p["const"] for n, p in way["properties"].items()} for way in ways]


@pytest.mark.parametrize(
    ("asked", "question", "arguments"),
    [
        (MAIL, "Please send a letter to Ms Robinson.", {"recipient": "Ms Robinson"}),
        (MOVE, "Move it from Desktop to Archive.", {"source": "Desktop", "target": "Archive"}),
        (MOVE, "To Archive it goes, from Desktop.", {"source": "Desktop", "target": "Archive"}),
        (SUM, "What is (2 + 3) * 4.5?", {"term": "(2 + 3) * 4.5"}),
        (
            CONVERT,
            "How much is 12 inch in centimeter?",
            {"value": 12, "unit": "inch", "into": "centimeter"},
        ),
        (
            CONVERT,
            "How many centimeter are 5 inch?",
            {"value": 5, "unit": "inch", "into": "centimeter"},
        ),
        (LAMP, "Turn the lamp off.", {"on": False}),
        (LAMP, "把灯打开。", {"on": True}),
        (LAMP, "灯关了吧。", {"on": False}),
        (SHOP, "Search for woollen socks.", {"what": "woollen socks"}),
        (SHOP, "Search for woollen socks under 20 dollars.", {"what": "woollen socks", "most": 20}),
        (WAY, "从东门到图书馆怎么走？", {"起点": "东门", "终点": "图书馆"}),
        (BOOK, "请帮我查找《红楼梦》。", {"title": "红楼梦"}),
    ],
)
def test_arguments_are_what_the_question_says(
    asked: Tool, question: str, arguments: dict[str, Any]
) -> None:
    assert arguments in values(arguments_schema(asked, question))
    assert len(values(arguments_schema(asked, question))) <= 2


def test_what_was_named_before_is_meant_still() -> None:
    schema = arguments_schema(MAIL, "And please send it.", ["I know Ms Robinson."])
    assert {"recipient": "Ms Robinson"} in values(schema)


def test_lists_and_objects_keep_their_shape() -> None:
    inner = {"type": "object", "properties": {"name": STRING}, "required": ["name"]}
    asked = tool("invite", "Invite", guests={"type": "array", "items": inner})
    schema = arguments_schema(asked, "Invite Ann and Bob.")
    guests = schema["properties"]["guests"]
    assert guests["type"] == "array"
    assert guests["items"]["properties"]["name"]["enum"] == ["Ann", "Bob"]


def test_a_schema_has_no_more_ways_than_a_grammar_bears() -> None:
    names = {f"p{i}": STRING for i in range(6)}
    question = "Ann, Bob, Cy, Dee, Eve, Fay, Gus and Hal met Ira."
    schema = arguments_schema(tool("meet", "Meet", **names), question)
    assert len(json.dumps(schema)) < 20_000


def test_phrases_are_cut_at_words_of_grammar() -> None:
    found = find_phrases('Is the "Blue Door" near Green Park open at 9? 去人民公园怎么走', "")
    assert found.quoted == ["Blue Door"]
    assert "Green Park" in found.names
    assert "人民公园" in found.others
    assert found.numbers == [9]
    named = find_phrases("Open O'Brien's account, 'Gold Plus', for us", "")
    assert named.quoted == ["Gold Plus"]
    assert find_phrases("", "") == ([], [], [], [], [])


def decided(function: str, logprob: float) -> ChatResponse:
    text = json.dumps({"function": function})
    entries = ({"token": text, "logprob": logprob},)
    message = Message(role="assistant", parts=(Text(text),))
    return ChatResponse(model="m", message=message, logprobs=entries)


@pytest.mark.parametrize(
    ("question", "picked", "logprob", "names"),
    [
        ("Send a letter to Ann", "none", -1.0, ["send_letter"]),
        ("Send a letter to Ann", "none", -0.001, []),
        ("What is 2 + 2?", "none", -1.0, ["reckon"]),
        ("How many inch are 2 meter?", "reckon", -5.0, ["convert_length"]),
        ("I feel blue.", "none", -1.0, []),
        ("I feel blue.", "lamp", -9.0, []),
        ("It is dark in here.", "lamp", -0.1, ["lamp"]),
    ],
)
def test_the_words_decide_where_the_model_is_not_sure(
    question: str, picked: str, logprob: float, names: list[str]
) -> None:
    tools = [MAIL, SUM, CONVERT, LAMP]
    assert [t.name for t in wanted(decided(picked, logprob), tools, question)] == names
