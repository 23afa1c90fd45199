"""The tool loop, with models that are a script of turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.tools.examples import example_toolbox
from core.tools.loop import LoopStop, ToolStart, TurnStart, run_tools
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.events import Event, Finish, MessageStart, StreamError, TextDelta, replay
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
from tests.support.examples import examples


def says(text: str) -> ChatResponse:
    return ChatResponse(model="m", message=Message(role="assistant", parts=(Text(text),)))


def calls(*made: ToolCall) -> ChatResponse:
    message = Message(role="assistant", tool_calls=made)
    return ChatResponse(model="m", message=message, finish_reason="tool_calls")


def weather(city: str = "上海", **more: str) -> ToolCall:
    return ToolCall(name="get_current_weather", arguments='{"location":"' + city + '"}', **more)


def run(
    answer: Callable[[int, ChatRequest], ChatResponse],
    box: Toolbox | None = None,
    **more: Any,
) -> tuple[list[Any], list[ChatRequest]]:
    """Run a loop whose model answers by number of turn; return what came and what was asked."""
    box = box or example_toolbox()
    asked: list[ChatRequest] = []

    async def chat(request: ChatRequest) -> AsyncIterator[Event]:
        asked.append(request)
        for event in replay(answer(len(asked), request)):
            yield event

    choice = more.pop("tool_choice", None)
    question = Message(role="user", parts=(Text("上海今天的天气怎么样?"),))
    request = ChatRequest(model="m", messages=(question,), tools=box.tools, tool_choice=choice)

    async def collect() -> list[Any]:
        return [value async for value in run_tools(chat, request, box, **more)]

    return asyncio.run(collect()), asked


def test_a_call_is_run_and_its_result_goes_back() -> None:
    values, asked = run(lambda turn, _: calls(weather(id="c7")) if turn == 1 else says("25°C"))
    assert [type(v) for v in values if not isinstance(v, MessageStart | Finish)][1:] != []
    result = next(v for v in values if isinstance(v, ToolResult))
    assert result.ok and "25°C" in result.content
    history = asked[1].messages
    assert [m.role for m in history] == ["user", "assistant", "tool"]
    assert history[1].tool_calls == (weather(id="c7"),)
    assert (history[2].tool_call_id, history[2].name) == ("c7", "get_current_weather")
    assert values[-1] == Finish()
    assert [v.turn for v in values if isinstance(v, TurnStart)] == [1, 2]


def test_parallel_calls_answer_in_order_and_get_ids() -> None:
    made = (
        weather("上海"),
        weather("Paris"),
        ToolCall(name="calculate", arguments='{"expression":"1+1"}'),
    )
    _, asked = run(lambda turn, _: calls(*made) if turn == 1 else says("done"))
    results = [m for m in asked[1].messages if m.role == "tool"]
    assert [m.tool_call_id for m in results] == ["call_1_0", "call_1_1", "call_1_2"]
    assert text_of(results[2]) == "2"


def test_words_beside_a_call_stay_in_the_history() -> None:
    both = ChatResponse(
        model="m",
        message=Message(
            role="assistant", parts=(Text("Let me look."),), thinking="hm", tool_calls=(weather(),)
        ),
        finish_reason="tool_calls",
    )
    _, asked = run(lambda turn, _: both if turn == 1 else says("done"))
    kept = asked[1].messages[1]
    assert text_of(kept) == "Let me look." and kept.thinking == "hm"


def test_the_same_call_again_and_again_is_stopped() -> None:
    def stubborn(_: int, request: ChatRequest) -> ChatResponse:
        return calls(weather()) if request.tools else says("I give up")

    values, asked = run(stubborn)
    stop = next(v for v in values if isinstance(v, LoopStop))
    assert stop.reason == "repeats"
    assert len(asked) == 4
    assert asked[-1].tools == ()
    assert TextDelta("I give up") in values


def test_different_calls_without_end_are_stopped_by_turns() -> None:
    def wandering(turn: int, request: ChatRequest) -> ChatResponse:
        return calls(weather(str(turn))) if request.tools else says("enough")

    values, asked = run(wandering, max_turns=5)
    assert next(v for v in values if isinstance(v, LoopStop)).reason == "turns"
    assert len(asked) == 6


def test_a_forced_choice_is_forced_once() -> None:
    for choice in ("required", NamedTool("get_current_weather")):
        _, asked = run(
            lambda turn, _: calls(weather()) if turn == 1 else says("x"), tool_choice=choice
        )
        assert [r.tool_choice for r in asked] == [choice, "auto"]


def test_a_call_that_nobody_runs_ends_the_loop() -> None:
    box = Toolbox()
    box.add(Tool(name="elsewhere"))
    values, asked = run(lambda *_: calls(ToolCall(name="elsewhere")), box)
    assert isinstance(values[-1], LoopStop) and values[-1].reason == "no_runner"
    assert len(asked) == 1
    assert not any(isinstance(v, ToolStart) for v in values)


def test_a_tool_that_does_not_exist_is_told_to_the_model() -> None:
    _, asked = run(lambda turn, _: calls(ToolCall(name="made_up")) if turn == 1 else says("x"))
    assert "no tool 'made_up'" in text_of(asked[1].messages[-1])


def test_a_broken_stream_ends_the_loop() -> None:
    async def chat(_: ChatRequest) -> AsyncIterator[Event]:
        yield MessageStart("m")
        yield StreamError(message="gone")

    async def collect() -> list[Any]:
        request = ChatRequest(model="m", tools=example_toolbox().tools)
        return [v async for v in run_tools(chat, request, example_toolbox())]

    assert asyncio.run(collect())[-1] == StreamError(message="gone")


@settings(max_examples=examples(60), deadline=None)
@given(
    made=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), min_size=1, max_size=12),
    max_turns=st.integers(1, 6),
)
def test_every_loop_ends(made: list[list[int]], max_turns: int) -> None:
    def model(turn: int, request: ChatRequest) -> ChatResponse:
        if not request.tools:
            return says("end")
        return calls(*(weather(str(n)) for n in made[(turn - 1) % len(made)]))

    values, asked = run(model, max_turns=max_turns)
    assert len(asked) <= max_turns + 1
    assert isinstance(values[-1], Finish)
    for request in asked:
        ids = [c.id for m in request.messages for c in m.tool_calls]
        answered = [m.tool_call_id for m in request.messages if m.role == "tool"]
        assert ids == answered and len(set(ids)) == len(ids)
