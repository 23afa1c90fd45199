"""Folding what a run yields into one message, and unfolding messages for a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.chats.jobs.answer import NO_RESULT, Answer, RunValue, conversation
from core.chats.values.chat import Call, ChatMessage, Step
from core.errors import BackendError, InvalidResponse
from core.tools.loop import LoopStop, ToolStart, TurnStart, run_tools
from core.tools.toolbox import Toolbox, ToolResult
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    replay,
)
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    Text,
    Timings,
    ToolCall,
    Usage,
)

WEATHER = ToolCall(id="call_1", name="get_current_weather", arguments='{"location":"上海"}')
PLACE = ToolCall(id="call_2", name="place", arguments='{"x": 1.0}')


def row(message: Message, *steps: Step, **more: Any) -> ChatMessage:
    return ChatMessage(
        id="m", chat_id="c", message=message, steps=steps, created=1, updated=1, **more
    )


def said(role: str, text: str = "", **more: Any) -> Message:
    return Message(role=role, parts=(Text(text),) if text else (), **more)


def told(call: ToolCall, text: str) -> Message:
    return said("tool", text, tool_call_id=call.id, name=call.name)


def fold(*values: RunValue, onto: ChatMessage | None = None) -> Answer:
    """Fold values that come 10 ns apart, the first at 10 ns."""
    answer = Answer(onto or row(said("assistant")), began=0)
    for place, value in enumerate(values, 1):
        answer.add(value, place * 10)
    answer.end((len(values) + 1) * 10)
    return answer


def result(call: ToolCall, content: str, *, ok: bool = True) -> ToolResult:
    return ToolResult(call=call, content=content, ok=ok, duration=7)


def turn(number: int) -> TurnStart:
    return TurnStart(turn=number, request=ChatRequest(model="m"))


def pieces(*calls: ToolCall) -> list[RunValue]:
    """The calls in two pieces each, side by side, as backends that call in parallel send them."""
    heads = [
        ToolCallDelta(index=n, id=call.id, name=call.name, arguments=call.arguments[:3])
        for n, call in enumerate(calls)
    ]
    tails = [ToolCallDelta(index=n, arguments=call.arguments[3:]) for n, call in enumerate(calls)]
    return [*heads, *tails]


def test_a_tool_conversation_becomes_steps_and_a_message() -> None:
    values: list[RunValue] = [
        turn(1),
        MessageStart("m"),
        ThinkingDelta("need weather"),
        TextDelta("Let me look."),
        *pieces(WEATHER, PLACE),
        Finish(
            reason="tool_calls",
            usage=Usage(prompt_tokens=10, completion_tokens=5),
            timings=Timings(load=100, prompt=20, completion=30),
        ),
        ToolStart(call=WEATHER),
        ToolStart(call=PLACE),
        result(WEATHER, "25°C 多云"),
        result(PLACE, '{"error":"未知地点"}', ok=False),
        turn(2),
        MessageStart("m"),
        ThinkingDelta("so"),
        TextDelta("25°C"),
        TextDelta("."),
        Finish(
            usage=Usage(prompt_tokens=30, completion_tokens=4, cached_tokens=10),
            timings=Timings(prompt=5, completion=6),
        ),
    ]
    answer = fold(*values)
    assert answer.failure() is None
    assert answer.message() == said("assistant", "25°C.", thinking="so")
    assert answer.steps == (
        Step(
            text="Let me look.",
            thinking="need weather",
            thinking_duration=10,
            calls=(
                Call(
                    id="call_1",
                    name="get_current_weather",
                    arguments=WEATHER.arguments,
                    result="25°C 多云",
                    duration=7,
                ),
                Call(
                    id="call_2",
                    name="place",
                    arguments=PLACE.arguments,
                    result='{"error":"未知地点"}',
                    failed=True,
                    duration=7,
                ),
            ),
        ),
    )
    assert answer.numbers() == {
        "first_token_ns": 30,
        "thinking_ns": 10,
        # 3rd to 8th value, and 16th to 18th.
        "stream_ns": 50 + 20,
        "total_ns": (len(values) + 1) * 10,
        "turns": 2,
        "prompt_tokens": 40,
        "completion_tokens": 9,
        "cached_tokens": 10,
        "context_tokens": 34,
        "load_ns": 100,
        "prompt_ns": 25,
        "completion_ns": 36,
    }


def test_what_was_not_measured_has_no_number() -> None:
    assert fold(MessageStart(), Finish()).numbers() == {"turns": 1, "total_ns": 30}
    empty = fold(MessageStart(), TextDelta(""), ThinkingDelta(""), Finish())
    assert "first_token_ns" not in empty.numbers()


def test_a_turn_that_calls_is_a_step_from_its_first_piece_on() -> None:
    answer = fold(MessageStart(), TextDelta("I will"), *pieces(WEATHER)[:1])
    assert answer.text == ""
    assert answer.steps == (
        Step(
            text="I will",
            calls=(Call(id="call_1", name="get_current_weather", arguments='{"l'),),
        ),
    )


def test_calls_without_ids_get_those_of_the_loop_and_their_results() -> None:
    bare = [replace(call, id="") for call in (WEATHER, WEATHER)]
    known = [replace(call, id=f"call_1_{n}") for n, call in enumerate(bare)]
    answer = fold(
        turn(1),
        *pieces(*bare),
        Finish(reason="tool_calls"),
        *(ToolStart(call=call) for call in known),
        result(known[0], "first"),
        result(known[1], "second"),
        turn(2),
        TextDelta("done"),
        Finish(),
    )
    (step,) = answer.steps
    assert [(call.id, call.result) for call in step.calls] == [
        ("call_1_0", "first"),
        ("call_1_1", "second"),
    ]


def test_two_calls_with_one_id_get_a_result_each() -> None:
    answer = fold(
        *pieces(WEATHER, WEATHER),
        Finish(reason="tool_calls"),
        result(WEATHER, "first"),
        result(WEATHER, "second"),
    )
    assert [call.result for call in answer.steps[0].calls] == ["first", "second"]


def test_why_a_loop_stopped_is_kept_with_its_step() -> None:
    answer = fold(
        turn(1),
        *pieces(WEATHER),
        Finish(reason="tool_calls"),
        result(WEATHER, "25°C"),
        LoopStop(reason="repeats", message="called again"),
        turn(2),
        TextDelta("It is 25°C."),
        Finish(),
    )
    assert [step.stopped for step in answer.steps] == ["repeats"]
    assert answer.failure() is None
    only_called = fold(
        turn(1),
        *pieces(WEATHER),
        Finish(reason="tool_calls"),
        LoopStop(reason="no_runner", message="nothing runs it"),
    )
    assert [step.stopped for step in only_called.steps] == ["no_runner"]
    assert (only_called.failure(), only_called.finish_reason) == (None, "tool_calls")


def test_failures_say_what_the_stream_said() -> None:
    cut = fold(MessageStart(), TextDelta("a")).failure()
    assert isinstance(cut, InvalidResponse)
    told_so = fold(StreamError(message="no memory", status=507, code="oom")).failure()
    assert isinstance(told_so, BackendError)
    assert (told_so.message, told_so.status, told_so.code) == ("no memory", 507, "oom")
    # A first turn that ended does not excuse a second one that did not.
    second = fold(*pieces(WEATHER), Finish(reason="tool_calls"), turn(2), TextDelta("a"))
    assert isinstance(second.failure(), InvalidResponse)


def test_an_old_answer_is_written_on() -> None:
    step = Step(calls=(Call(id="a", name="f", result="r"),))
    old = row(
        said("assistant", "one ", thinking="hm"),
        step,
        numbers={"total_ns": 500, "thinking_ns": 3, "stream_ns": 100, "first_token_ns": 9},
    )
    answer = fold(turn(1), MessageStart(), TextDelta("two"), TextDelta("!"), Finish(), onto=old)
    assert answer.message() == said("assistant", "one two!", thinking="hm")
    assert answer.steps == (step,)
    assert answer.numbers() == {
        "total_ns": 560,
        "thinking_ns": 3,
        "stream_ns": 110,
        "first_token_ns": 9,
        "turns": 1,
    }


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(text=texts, thinking=texts, calls=st.lists(st.sampled_from([WEATHER, PLACE]), max_size=3))
def test_folding_a_whole_answer_loses_nothing(
    text: str, thinking: str, calls: list[ToolCall]
) -> None:
    message = said("assistant", text, thinking=thinking, tool_calls=tuple(calls))
    answer = fold(*replay(ChatResponse(model="m", message=message)))
    if calls:
        (step,) = answer.steps
        assert [(c.id, c.name, c.arguments) for c in step.calls] == [
            (c.id, c.name, c.arguments) for c in calls
        ]
        assert (step.text, step.thinking) == (text, thinking)
        assert answer.message() == said("assistant")
    else:
        assert answer.message() == message


def test_a_history_has_calls_and_results_in_their_order() -> None:
    step = Step(
        text="Let me look.",
        calls=(
            Call(id="call_1", name=WEATHER.name, arguments=WEATHER.arguments, result="25°C"),
            Call(id="call_2", name=PLACE.name, arguments=PLACE.arguments, result=""),
        ),
    )
    path = [row(said("user", "q")), row(said("assistant", "a"), step), row(said("user", "q2"))]
    assert conversation(path) == (
        said("user", "q"),
        said("assistant", "Let me look.", tool_calls=(WEATHER, PLACE)),
        told(WEATHER, "25°C"),
        Message(role="tool", parts=(Text(""),), tool_call_id="call_2", name="place"),
        said("assistant", "a"),
        said("user", "q2"),
    )


def test_a_call_that_was_interrupted_is_answered_for_the_history() -> None:
    step = Step(
        calls=(
            Call(id="call_1", name=WEATHER.name, arguments=WEATHER.arguments),
            Call(id="call_2", name="cut", arguments='{"x": 1'),
        )
    )
    assert conversation([row(said("user", "q")), row(said("assistant"), step)]) == (
        said("user", "q"),
        said("assistant", tool_calls=(WEATHER,)),
        told(WEATHER, NO_RESULT),
    )
    nothing_whole = Step(calls=step.calls[1:])
    assert conversation([row(said("assistant"), nothing_whole)]) == ()


def test_a_call_that_a_person_answers_further_down_gets_that_answer() -> None:
    step = Step(calls=(Call(id="call_1", name=WEATHER.name, arguments=WEATHER.arguments),))
    answered = (said("assistant", tool_calls=(WEATHER,)), told(WEATHER, "by hand"))
    assert conversation([row(said("assistant"), step), row(answered[1])]) == answered
    # The same for calls in a message itself, as an import has them.
    assert conversation([row(message) for message in answered]) == answered
    assert conversation([row(answered[0])]) == (answered[0], told(WEATHER, NO_RESULT))


def test_ids_that_every_loop_starts_with_are_told_apart() -> None:
    def one(result: str) -> Step:
        return Step(calls=(Call(id="call_1_0", name="f", result=result),))

    answers = [row(said("assistant", "a"), one("x"), one("y")), row(said("assistant"), one("z"))]
    messages = conversation(answers)
    calls = [call.id for message in messages for call in message.tool_calls]
    results = [m.tool_call_id for m in messages if m.role == "tool"]
    assert calls == results == ["call_1_0", "call_1_0_2", "call_1_0_3"]


def test_thinking_is_shown_again_only_within_the_turn_that_goes_on() -> None:
    step = Step(thinking="t", calls=(Call(id="a", name="f", result="r"),))
    answer = row(said("assistant", "a", thinking="t"), step)
    question = row(said("user", "q"))
    assert [m.thinking for m in conversation([question, answer])] == ["", "t", "", "t"]
    assert [m.thinking for m in conversation([question, answer, question])] == [""] * 5


def test_answers_that_say_nothing_are_left_out() -> None:
    failed = row(said("assistant", thinking="hm"), state="failed")
    stopped = row(said("assistant", "par"), state="stopped")
    path = [row(said("user", "q")), failed, row(said("user", "q")), stopped]
    assert conversation(path) == (said("user", "q"), said("user", "q"), said("assistant", "par"))


def test_a_history_is_what_the_loop_itself_showed_the_model() -> None:
    """Fold a real loop; unfolded, it is the last request of that loop and its answer."""
    box = Toolbox()

    @box.add
    def get_current_weather(location: str) -> str:
        """Tell the weather."""
        if location != "上海":
            raise ValueError("未知地点")
        return "25°C 多云"

    turns: list[Message] = [
        said("assistant", "先查。", tool_calls=(WEATHER, replace(WEATHER, id="", arguments="{}"))),
        said("assistant", tool_calls=(replace(WEATHER, id="", arguments='{"location":"火星"}'),)),
        said("assistant", "上海 25°C,火星不知道。"),
    ]

    async def model(request: ChatRequest) -> AsyncIterator[Event]:
        done = sum(message.role == "assistant" for message in request.messages)
        for event in replay(ChatResponse(model="m", message=turns[done])):
            yield event

    async def run() -> list[RunValue]:
        question = ChatRequest(model="m", messages=(said("user", "q"),), tools=box.tools)
        return [value async for value in run_tools(model, question, box)]

    values = asyncio.run(run())
    last = [value for value in values if isinstance(value, TurnStart)][-1]
    answer = fold(*values)
    path = [row(said("user", "q")), row(answer.message(), *answer.steps)]
    assert len(answer.steps) == 2
    assert conversation(path) == (*last.request.messages, turns[-1])
