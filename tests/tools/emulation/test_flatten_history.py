"""Histories with calls become plain text."""

from __future__ import annotations

from core.tools.emulation.flatten_history import flatten
from core.translation.messages import (
    ChatRequest,
    Image,
    Message,
    Text,
    ToolCall,
    text_of,
)
from tests.support.tool_history import history, request


def test_results_become_facts_behind_their_question() -> None:
    flat = flatten(history())
    assert all(m.role != "tool" and not m.tool_calls for m in flat.messages)
    last = flat.messages[-1]
    assert text_of(last) == '上海今天的天气怎么样?\nFacts: {"temperature":"25°C"}'
    assert Image(data="QQ==") in last.parts
    assert text_of(flat.messages[0]) == "Be kind."


def test_an_older_result_is_told_without_examples() -> None:
    asked = history()
    later = (
        Message(role="assistant", parts=(Text("25 °C."),)),
        Message(role="user", parts=(Text("谢谢"),)),
    )
    flat = flatten(ChatRequest(model="m", messages=(*asked.messages, *later)))
    assert [m.role for m in flat.messages] == ["system", "user", "assistant", "user"]
    assert "25°C" in text_of(flat.messages[1])


def test_several_results_are_told_by_name() -> None:
    calls = (ToolCall(name="a", id="1"), ToolCall(name="b", id="2"))
    flat = flatten(
        ChatRequest(
            model="m",
            messages=(
                Message(role="user", parts=(Text("Both?"),)),
                Message(role="assistant", tool_calls=calls),
                Message(role="tool", parts=(Text("2nd"),), tool_call_id="2"),
                Message(role="tool", parts=(Text("1st"),), tool_call_id="1"),
            ),
        )
    )
    assert text_of(flat.messages[-1]) == "Both?\nFacts: b: 2nd\na: 1st"


def test_a_history_without_tools_is_left_alone() -> None:
    plain = request("hello")
    assert flatten(plain) == plain
