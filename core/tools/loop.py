"""The tool loop: ask the model, run what it calls, tell it the results, ask again.

It knows neither backends nor pages: ``chat`` is any function that streams events for a
request. Two guards end a loop that would not end by itself: a limit of turns, and a limit on
how often one and the same call is made. The model then gets one last turn without tools, so
that it still answers in words.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from core.tools.toolbox import TIMEOUT, Toolbox, ToolResult, with_ids
from core.translation.codec.json import encode_json, json_or_none
from core.translation.events import Event, Finish, StreamError, accumulate
from core.translation.messages import (
    ChatRequest,
    Message,
    Text,
    ToolCall,
    ToolChoice,
    forces,
)

Chat = Callable[[ChatRequest], AsyncIterator[Event]]

Handle = Callable[[ToolCall], Awaitable[ToolResult]]
"""Settles one call in the toolbox's place: runs it, changed or not, or gives a result itself.
Raises Abandoned for a call that nobody settles any more."""


class Abandoned(Exception):
    """Nobody will say what becomes of a call."""


class TurnStart(Struct, frozen=True, kw_only=True):
    """The model is asked; ``request`` is exactly what it is asked. ``turn`` counts from 1."""

    turn: int
    request: ChatRequest


class ToolStart(Struct, frozen=True, kw_only=True):
    """A call begins to run."""

    call: ToolCall


class LoopStop(Struct, frozen=True, kw_only=True):
    """The loop was ended: too many turns, the same call again, a call that nobody here runs, or
    one that nobody has settled in time."""

    reason: Literal["turns", "repeats", "no_runner", "abandoned"]
    message: str


LoopValue = Event | TurnStart | ToolStart | ToolResult | LoopStop


async def run_tools(
    chat: Chat,
    request: ChatRequest,
    toolbox: Toolbox,
    *,
    max_turns: int = 8,
    timeout: float = TIMEOUT,
    max_repeats: int = 3,
    handle: Handle | None = None,
    turn: int = 0,
) -> AsyncIterator[LoopValue]:
    """Yield everything that happens until the model answers in words.

    ``max_turns`` limits turns that may call tools, ``timeout`` (seconds) each call, and
    ``max_repeats`` how often the same call may be made. A call that is only declared ends the
    loop: its caller has to run it. ``handle`` settles every call, declared or not, in the place
    of ``toolbox``; ``turn`` is how many turns went before. Raises what ``chat`` raises.
    """
    made: Counter[tuple[str, str]] = Counter()
    while True:
        turn += 1
        yield TurnStart(turn=turn, request=request)
        events: list[Event] = []
        async for event in chat(request):
            events.append(event)
            yield event
        if not events or not isinstance(events[-1], Finish):
            if not events or not isinstance(events[-1], StreamError):
                yield StreamError(message="the model's answer did not end", status=502)
            return
        answer = accumulate(events).message
        calls = with_ids(answer.tool_calls, turn)
        if not calls or not request.tools:
            return
        missing = next((call for call in calls if not toolbox.runs(call.name)), None)
        if missing is not None and handle is None:
            yield LoopStop(
                reason="no_runner", message=f"nothing here runs {missing.name}; it was only called"
            )
            return
        results: list[ToolResult] = []
        settle = handle or partial(toolbox.call, timeout=timeout)
        try:
            async for value in _run_calls(calls, settle):
                if isinstance(value, ToolResult):
                    results.append(value)
                yield value
        except Abandoned as left:
            yield LoopStop(reason="abandoned", message=str(left))
            return
        made.update(_key(call) for call in calls)
        # As they were run: a model that is shown its own arguments would not trust the result.
        ran = tuple(result.call for result in results)
        history = (*request.messages, replace(answer, tool_calls=ran), *map(_told, results))
        stop = _guard(calls, made, turn, max_turns=max_turns, max_repeats=max_repeats)
        if stop is not None:
            yield stop
        request = replace(
            request,
            messages=history,
            tools=() if stop is not None else request.tools,
            tool_choice=None if stop is not None else _after(request),
        )


async def _run_calls(
    calls: tuple[ToolCall, ...], settle: Handle
) -> AsyncIterator[ToolStart | ToolResult]:
    """Run the calls of one turn side by side; results come in the order of the calls."""
    tasks = [asyncio.ensure_future(settle(call)) for call in calls]
    try:
        for call in calls:
            yield ToolStart(call=call)
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()


def _guard(
    calls: tuple[ToolCall, ...],
    made: Counter[tuple[str, str]],
    turn: int,
    *,
    max_turns: int,
    max_repeats: int,
) -> LoopStop | None:
    again = next((call for call in calls if made[_key(call)] >= max_repeats), None)
    if again is not None:
        return LoopStop(
            reason="repeats",
            message=f"{again.name} was called {max_repeats} times with the same arguments",
        )
    if turn >= max_turns:
        return LoopStop(reason="turns", message=f"tools were called in {max_turns} turns")
    return None


def _after(request: ChatRequest) -> ToolChoice | None:
    """Return the choice for later turns: a call that stays forced would never end."""
    return "auto" if forces(request.tool_choice) else request.tool_choice


def _key(call: ToolCall) -> tuple[str, str]:
    arguments = json_or_none(call.arguments)
    if arguments is None:
        return call.name, call.arguments
    if isinstance(arguments, dict):
        arguments = dict(sorted(arguments.items()))
    return call.name, encode_json(arguments).decode()


def _told(result: ToolResult) -> Message:
    return Message(
        role="tool",
        parts=(Text(result.content),),
        tool_call_id=result.call.id,
        name=result.call.name,
    )
