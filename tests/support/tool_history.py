"""Requests with tools, and their histories."""

from __future__ import annotations

from typing import Any

from core.translation.messages import (
    ChatRequest,
    Image,
    Message,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)


def request(text: str, *tools: Tool, choice: ToolChoice | None = None, **more: Any) -> ChatRequest:
    return ChatRequest(
        model="m",
        messages=(Message(role="user", parts=(Text(text),)),),
        tools=tools,
        tool_choice=choice,
        **more,
    )


def history(result: str = '{"temperature":"25°C"}') -> ChatRequest:
    call = ToolCall(name="get_current_weather", arguments='{"location":"上海"}', id="c1")
    return ChatRequest(
        model="m",
        messages=(
            Message(role="system", parts=(Text("Be kind."),)),
            Message(role="user", parts=(Text("上海今天的天气怎么样?"), Image(data="QQ=="))),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", parts=(Text(result),), tool_call_id="c1"),
        ),
    )
