"""Calls for models that have not learnt them; the model's part is played from recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.tools.emulation.emulate import emulate
from core.tools.emulation.flatten_history import flatten
from core.tools.examples import example_toolbox
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    NamedTool,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    Usage,
    text_of,
)
from tests.support.tool_history import history, request

TOOLS = {tool.name: tool for tool in example_toolbox().tools}
WEATHER = TOOLS["get_current_weather"]
UNSURE = ({"token": "none", "logprob": -0.9, "top_logprobs": []},)
SURE = ({"token": "none", "logprob": -0.001, "top_logprobs": []},)


def said(value: Any, logprobs: tuple[Any, ...] = ()) -> ChatResponse:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return ChatResponse(
        model="m",
        message=Message(role="assistant", parts=(Text(text),)),
        usage=Usage(prompt_tokens=10, completion_tokens=5),
        logprobs=logprobs,
    )


def play(
    asked: ChatRequest, *answers: ChatResponse, learnt: bool = False
) -> tuple[Any, list[ChatRequest]]:
    """Run a plan with these answers; return its outcome and what it asked."""
    plan = emulate(asked, learnt=learnt)
    made: list[ChatRequest] = []
    try:
        made.append(next(plan))
        for answer in answers:
            made.append(plan.send(answer))
    except StopIteration as end:
        return end.value, made
    raise AssertionError("the plan wanted more answers")


def test_the_seeds_question_becomes_a_call() -> None:
    outcome, made = play(
        request("上海今天的天气怎么样?", WEATHER),
        said({"function": "none"}, UNSURE),
        said({"name": "get_current_weather", "arguments": {"location": "上海"}}),
    )
    assert outcome.finish_reason == "tool_calls"
    assert outcome.message.tool_calls == (
        ToolCall(name="get_current_weather", arguments='{"location":"上海"}'),
    )
    assert outcome.usage == Usage(prompt_tokens=20, completion_tokens=10)
    assert all(not step.tools and not step.stream for step in made)


def test_examples_never_show_the_tool_itself_and_words_are_the_users() -> None:
    _, made = play(
        request("上海今天的天气怎么样?", WEATHER, choice="required"),
        said({"name": "get_current_weather", "arguments": {"location": "上海"}}),
    )
    shown = [text_of(m) for m in made[0].messages if m.role == "assistant"]
    assert shown and not any("get_current_weather" in text for text in shown)
    assert made[0].format is not None
    arguments = made[0].format.schema["properties"]["arguments"]
    assert arguments["properties"]["location"] == {"const": "上海"}
    assert made[0].settings["temperature"] == 0.0


def test_a_model_that_has_learnt_tools_chooses_the_words_itself() -> None:
    outcome, made = play(
        request("Is it warm where the Eiffel Tower stands?", WEATHER, choice="required"),
        said("It is warm there."),
        said({"name": "get_current_weather", "arguments": {"location": "Paris"}}),
        learnt=True,
    )
    assert made[1].format is not None
    arguments = made[1].format.schema["properties"]["arguments"]
    assert arguments["properties"]["location"] == {"type": "string"}
    assert arguments["required"] == ["location"]
    assert outcome.message.tool_calls[0].arguments == '{"location":"Paris"}'


def test_small_talk_stays_talk() -> None:
    outcome, _ = play(request("你好,介绍一下你自己。", WEATHER), said({"function": "none"}, UNSURE))
    assert isinstance(outcome, ChatRequest)
    assert outcome.tools == ()
    assert text_of(outcome.messages[-1]) == "你好,介绍一下你自己。"


def test_a_model_that_is_sure_is_believed() -> None:
    talk = request("Tell me about the history of weather forecasts", TOOLS["get_current_weather"])
    outcome, _ = play(talk, said({"function": "none"}, SURE))
    assert isinstance(outcome, ChatRequest)


@pytest.mark.parametrize("choice", ["required", NamedTool("calculate")])
def test_a_forced_call_needs_no_decision(choice: ToolChoice) -> None:
    outcome, made = play(
        request("Hello", WEATHER, TOOLS["calculate"], choice=choice),
        said({"name": "calculate", "arguments": {"expression": "1"}}),
    )
    assert len(made) == 1
    assert outcome.message.tool_calls[0].name == "calculate"
    if choice != "required":
        assert made[0].format is not None
        assert made[0].format.schema["properties"]["name"] == {"const": "calculate"}


def test_none_means_none() -> None:
    outcome, made = play(request("上海天气", WEATHER, choice="none"))
    assert made == []
    assert outcome == request("上海天气")


@pytest.mark.parametrize(
    "answer",
    ["", "{", '{"name":"other","arguments":{}}', '{"name":"get_current_weather"}',
     '{"name":"get_current_weather","arguments":{"location":5}}', "[]"],
)  # fmt: skip
def test_an_answer_that_is_no_call_falls_back_to_words(answer: str) -> None:
    outcome, _ = play(request("上海天气", WEATHER, choice="required"), said(answer))
    assert isinstance(outcome, ChatRequest) and outcome.tools == ()


def test_the_clients_format_is_for_the_words_only() -> None:
    schema = ResponseFormat(schema={"type": "object"})
    asked = request("hi", WEATHER, format=schema, settings={"num_ctx": 512, "temperature": 1.5})
    outcome, made = play(asked, said({"function": "none"}, SURE))
    assert outcome.format == schema and outcome.settings["temperature"] == 1.5
    assert made[0].settings["num_ctx"] == 512


def test_a_grammar_is_made_of_what_grammars_know() -> None:
    tool = Tool(
        name="f",
        parameters={
            "type": "object",
            "properties": {
                "when": {"type": "string", "format": "date", "pattern": "^2"},
                "unit": {"type": "string", "enum": ["C", "F"]},
                "where": {"$ref": "#/$defs/Place"},
                "tree": {"$ref": "#/$defs/Tree"},
            },
            "required": ["unit"],
            "$defs": {
                "Place": {"type": "object", "properties": {"x": {"type": "number", "minimum": 0}}},
                "Tree": {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}},
            },
        },
    )
    _, made = play(request("x", tool, choice="required"), said("{}"))
    assert made[0].format is not None
    text = json.dumps(made[0].format.schema)
    assert all(word not in text for word in ("$ref", "pattern", "minimum", '"format"'))
    ways = made[0].format.schema["properties"]["arguments"]["anyOf"]
    assert [way["properties"] for way in ways] == [
        {"unit": {"const": "C"}},
        {"unit": {"const": "F"}},
    ]


def test_after_a_result_the_model_answers_in_words() -> None:
    asked = history()
    outcome, made = play(
        ChatRequest(model="m", messages=asked.messages, tools=(WEATHER,), tool_choice="auto")
    )
    assert made == [] and outcome == flatten(asked)
