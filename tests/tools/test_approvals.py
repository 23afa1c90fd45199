"""Calls that wait for a person, and what becomes of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from core.tools.approvals import ApprovalQueue, Decision
from core.tools.examples import example_toolbox
from core.tools.fault_injection import FAULTS, Fault, troubled
from core.tools.loop import LoopStop, run_tools
from core.tools.toolbox import MAX_OUTPUT, ToolResult
from core.translation.events import Event, replay
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    Text,
    Tool,
    ToolCall,
    text_of,
)

WEATHER = ToolCall(id="c1", name="get_current_weather", arguments='{"location":"上海"}')
ELSEWHERE = replace(WEATHER, id="c2", arguments='{"location":"Lima"}')


def settle(
    queue: ApprovalQueue, *calls: ToolCall, decisions: dict[str, Decision]
) -> list[ToolResult]:
    """Handle calls side by side, deciding from another thread as a page does."""

    async def both() -> list[ToolResult]:
        tasks = [asyncio.create_task(queue.handle(call)) for call in calls]
        await asyncio.sleep(0)
        assert [call.id for call in queue.waiting] == [call.id for call in calls]
        for call_id, decision in decisions.items():
            assert await asyncio.to_thread(queue.decide, call_id, decision)
        results = await asyncio.gather(*tasks)
        assert not queue.waiting
        return list(results)

    return asyncio.run(both())


def test_nothing_runs_before_somebody_says_so() -> None:
    told: list[bool] = []
    queue = ApprovalQueue(example_toolbox(), mode="approve", changed=told.append)
    run, refused = settle(
        queue,
        WEATHER,
        ELSEWHERE,
        decisions={
            "c2": Decision(kind="refuse", text="too far"),
            "c1": Decision(kind="run", arguments='{"location": "北京"}'),
        },
    )
    assert "未知地点" in run.content and run.ok and run.how == ""
    assert run.call.arguments == '{"location": "北京"}'
    assert "too far" in refused.content and not refused.ok and refused.how == "refused"
    assert told == [True, True, True, False]


def test_a_person_answers_in_the_place_of_the_tool() -> None:
    queue = ApprovalQueue(example_toolbox(), mode="answer")
    (given,) = settle(queue, WEATHER, decisions={"c1": Decision(kind="give", text="it snows")})
    assert (given.content, given.ok, given.how) == ("it snows", True, "given")


def test_a_call_that_nothing_runs_waits_in_any_mode() -> None:
    box = example_toolbox().declaring([Tool(name="book_flight")])
    queue = ApprovalQueue(box)
    call = ToolCall(id="c1", name="book_flight")
    assert not queue.runs("book_flight")
    (given,) = settle(queue, call, decisions={"c1": Decision(kind="fault", fault="timeout")})
    assert "did not finish within 30 s" in given.content and given.how == "fault_timeout"


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_looks_like_what_it_is_called(fault: Fault) -> None:
    result = troubled(WEATHER, fault, timeout=7)
    check: dict[str, Callable[[str], bool]] = {
        "error": lambda text: "500" in json.loads(text)["error"],
        "timeout": lambda text: "7 s" in json.loads(text)["error"],
        "empty": lambda text: text == "",
        "type": lambda text: isinstance(json.loads(text), list),
        "huge": lambda text: 199_000 < len(text.encode()) <= MAX_OUTPUT and bool(json.loads(text)),
    }
    assert check[fault](result.content)
    assert result.ok == (fault not in ("error", "timeout"))


@pytest.mark.parametrize(("every", "expected"), [(False, ["fault_error", ""]), (True, None)])
def test_a_fault_befalls_the_first_call_or_every_one(every: bool, expected: Any) -> None:
    queue = ApprovalQueue(example_toolbox(), fault="error", every=every)

    async def twice() -> list[str]:
        return [(await queue.handle(WEATHER)).how, (await queue.handle(WEATHER)).how]

    assert asyncio.run(twice()) == (expected or ["fault_error", "fault_error"])


def loop(
    queue: ApprovalQueue, answer: Callable[[int, ChatRequest], ChatResponse]
) -> tuple[Any, Any]:
    asked: list[ChatRequest] = []

    async def chat(request: ChatRequest) -> AsyncIterator[Event]:
        asked.append(request)
        for event in replay(answer(len(asked), request)):
            yield event

    async def collect() -> list[Any]:
        box = example_toolbox()
        question = Message(role="user", parts=(Text("天气?"),))
        request = ChatRequest(model="m", messages=(question,), tools=box.tools)
        values = []
        async for value in run_tools(chat, request, box, handle=queue.handle):
            values.append(value)
        return values

    return asyncio.run(collect()), asked


def calls(*made: ToolCall) -> ChatResponse:
    message = Message(role="assistant", tool_calls=made)
    return ChatResponse(model="m", message=message, finish_reason="tool_calls")


def test_the_model_is_shown_the_call_as_it_was_run() -> None:
    box = example_toolbox()

    def decide(waiting: bool) -> None:
        if waiting:
            new = Decision(kind="run", arguments='{"location":"上海市"}')
            assert queue.decide(queue.waiting[0].id, new)

    queue = ApprovalQueue(box, mode="approve", changed=decide)
    done = ChatResponse(model="m", message=Message(role="assistant", parts=(Text("ok"),)))
    _, asked = loop(queue, lambda turn, _: calls(ELSEWHERE) if turn == 1 else done)
    call, result = asked[1].messages[1:]
    assert call.tool_calls[0].arguments == '{"location":"上海市"}'
    assert "25°C" in text_of(result)


def test_a_run_that_nobody_decides_about_ends_and_says_so() -> None:
    queue = ApprovalQueue(example_toolbox(), mode="approve", patience=0.01)
    values, asked = loop(queue, lambda *_: calls(WEATHER, ELSEWHERE))
    assert isinstance(values[-1], LoopStop) and values[-1].reason == "abandoned"
    assert "nobody decided" in values[-1].message
    assert len(asked) == 1 and not queue.waiting
    assert not queue.decide("c1", Decision(kind="run"))


def test_two_calls_with_one_id_are_settled_apart() -> None:
    queue = ApprovalQueue(example_toolbox(), mode="answer")

    async def both() -> list[ToolResult]:
        tasks = [asyncio.create_task(queue.handle(WEATHER)) for _ in range(2)]
        await asyncio.sleep(0)
        for text, call in zip(("first", "second"), queue.waiting, strict=True):
            queue.decide(call.id, Decision(kind="give", text=text))
        return list(await asyncio.gather(*tasks))

    results = asyncio.run(both())
    assert [(result.call.id, result.content) for result in results] == [
        ("c1", "first"),
        ("c1", "second"),
    ]
