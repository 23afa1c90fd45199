"""Calls for models that are able but were never taught them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import InvalidResponse
from core.tools.emulation.able import written_out
from core.tools.emulation.emulate import emulate
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    NamedTool,
    Text,
    Tool,
    ToolCall,
    text_of,
)
from tests.tools.emulation.test_emulate import TOOLS, WEATHER, request, said

LETTER = Tool(
    name="send_letter",
    description="Send a letter.",
    parameters={
        "type": "object",
        "properties": {"to": {"type": "string"}, "text": {"type": "string"}},
        "required": ["to", "text"],
    },
)
ROME = {"name": WEATHER.name, "arguments": {"location": "Rome"}}
OSLO = {"name": WEATHER.name, "arguments": {"location": "Oslo"}}
LONG = {"name": "send_letter", "arguments": {"to": "Ann", "text": "Dear Ann, the 14th of May."}}


def play(asked: ChatRequest, *answers: ChatResponse, **how: bool) -> tuple[Any, list[ChatRequest]]:
    plan = emulate(asked, **(how or {"able": True}))
    made: list[ChatRequest] = []
    try:
        made.append(next(plan))
        for answer in answers:
            made.append(plan.send(answer))
    except StopIteration as end:
        return end.value, made
    raise AssertionError("the plan wanted more answers")


def test_a_value_is_the_models_own_and_there_may_be_several_calls() -> None:
    outcome, made = play(request("Write to Ann", WEATHER, LETTER), said({"calls": [LONG, ROME]}))
    assert [(c.name, json.loads(c.arguments)) for c in outcome.message.tool_calls] == [
        ("send_letter", LONG["arguments"]),
        (WEATHER.name, ROME["arguments"]),
    ]
    assert outcome.finish_reason == "tool_calls"
    calls = made[0].format.schema["properties"]["calls"]  # type: ignore[union-attr]
    shape = calls["items"]["anyOf"][1]["properties"]["arguments"]
    assert shape["properties"]["text"] == {"type": "string"}
    assert (calls["minItems"], calls["maxItems"] > 1) == (0, True)


def test_no_call_is_an_answer_as_usual() -> None:
    asked = request("Hello", WEATHER)
    outcome, _ = play(asked, said({"calls": []}))
    assert outcome == replace(asked, tools=())


def test_it_may_call_again_once_a_result_is_there_but_not_the_same() -> None:
    turn = Message(role="assistant", tool_calls=(ToolCall(id="c", name=WEATHER.name,
                   arguments='{"location":"Rome"}'),))  # fmt: skip
    result = Message(role="tool", parts=(Text("25 C"),), tool_call_id="c")
    asked = request("Rome and Oslo?", WEATHER)
    asked = replace(asked, messages=(*asked.messages, turn, result))
    again, made = play(asked, said({"calls": [ROME, OSLO]}))
    assert [json.loads(c.arguments) for c in again.message.tool_calls] == [OSLO["arguments"]]
    assert "25 C" in text_of(made[0].messages[-1])
    assert made[0].messages[-1].role == "user"
    done, _ = play(asked, said({"calls": [ROME]}))
    assert done == written_out(asked)
    assert [m.role for m in done.messages] == ["user", "assistant", "user"]
    assert json.loads(text_of(done.messages[1])) == {"calls": [ROME]}


def test_a_choice_is_obeyed() -> None:
    _, forced = play(request("x", WEATHER, LETTER, choice="required"), said({"calls": [ROME]}))
    assert forced[0].format.schema["properties"]["calls"]["minItems"] == 1  # type: ignore[union-attr]
    named = request("x", WEATHER, LETTER, choice=NamedTool("send_letter"))
    outcome, made = play(named, said({"calls": [ROME, LONG]}))
    assert [c.name for c in outcome.message.tool_calls] == ["send_letter"]
    assert WEATHER.name not in text_of(made[0].messages[0])
    _, one = play(request("x", WEATHER, settings={"parallel_tool_calls": False}), said("{}"))
    assert one[0].format.schema["properties"]["calls"]["maxItems"] == 1  # type: ignore[union-attr]
    outcome, made = play(request("x", WEATHER, choice="none"))
    assert (made, outcome.tools) == ([], ())


def test_what_does_not_fit_a_tool_is_no_call() -> None:
    odd = [{"name": "none", "arguments": {}}, {"name": "send_letter", "arguments": {"to": 1}}, 5]
    asked = request("x", WEATHER, LETTER)
    for answer in (said({"calls": odd}), said("no JSON"), said([]), said({"calls": {}})):
        outcome, _ = play(asked, answer)
        assert outcome == replace(asked, tools=())


def test_a_forced_call_is_first_left_to_the_models_own_template() -> None:
    asked = request("Rome?", WEATHER, TOOLS["get_current_weather"], choice="required")
    asked = replace(asked, tools=(WEATHER, LETTER))
    own = ChatResponse(
        model="m",
        message=Message(role="assistant", tool_calls=(ToolCall(name=WEATHER.name),)),
        finish_reason="tool_calls",
    )
    outcome, made = play(asked, own, learnt=True)
    assert outcome == own
    assert (made[0].tools, made[0].tool_choice, made[0].format) == (asked.tools, None, None)
    written, _ = play(asked, said("```json\n" + json.dumps(ROME) + "\n```"), learnt=True)
    assert [json.loads(c.arguments) for c in written.message.tool_calls] == [ROME["arguments"]]
    bound, made = play(asked, said("It is warm."), said(ROME), learnt=True)
    assert bound.message.tool_calls[0].name == WEATHER.name
    assert made[1].format is not None


def test_a_forced_call_never_ends_as_words_in_silence() -> None:
    with pytest.raises(InvalidResponse, match="made no call"):
        play(request("x", WEATHER, choice="required"), said("a"), said("b"), learnt=True)
