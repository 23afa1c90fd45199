"""Custom tools in chat completions: their calls go back to the client as it knows them."""

from __future__ import annotations

import json
from typing import Any

from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, Finish, MessageStart, TextDelta, ToolCallDelta
from core.translation.messages import ChatResponse, Message, ToolCall
from core.translation.stamp import Stamp

OPENAI = DIALECTS["openai"]
ASKED = {
    "tools": [
        {"type": "custom", "custom": {"name": "sh"}},
        {"type": "function", "function": {"name": "add"}},
    ]
}
STAMP = Stamp(id="1", created=1_700_000_000_000_000_000, model="m", asked=ASKED)
CALLS = (
    ToolCall(id="a", name="sh", arguments='{"input": "ls \\"-l\\""}'),
    ToolCall(id="b", name="add", arguments='{"x": 1}'),
    ToolCall(id="c", name="sh", arguments="{}"),
)


def streamed(pieces: int) -> list[dict[str, Any]]:
    """Return the calls that a stream says when each call's arguments come in some pieces."""
    encoder = OPENAI.encoder(STAMP, include_usage=False)
    events: list[Event] = [MessageStart(), TextDelta("go")]
    for index, call in enumerate(CALLS):
        events.append(ToolCallDelta(index=index, id=call.id, name=call.name, arguments=""))
        step = max(1, len(call.arguments) // pieces)
        for at in range(0, len(call.arguments), step):
            text = call.arguments[at : at + step]
            events.append(ToolCallDelta(index=index, arguments=text))
    data = b"".join(encoder.encode([event], now=1) for event in events)
    data += encoder.encode([Finish(reason="tool_calls")], now=2)
    calls: dict[int, dict[str, Any]] = {}
    for record in data.decode().split("\n\n")[:-2]:
        for choice in json.loads(record.removeprefix("data: "))["choices"]:
            for entry in choice["delta"].get("tool_calls", []):
                known = calls.setdefault(entry.pop("index"), entry)
                if known is not entry:
                    known["function"]["arguments"] += entry["function"]["arguments"]
    return [calls[index] for index in sorted(calls)]


def test_a_stream_says_custom_calls_as_a_whole_answer_does() -> None:
    response = ChatResponse(
        model="m", message=Message(role="assistant", tool_calls=CALLS), finish_reason="tool_calls"
    )
    whole = OPENAI.dump_response(response, stamp=STAMP, now=1)["choices"][0]["message"]
    assert whole["tool_calls"] == [
        {"id": "a", "type": "custom", "custom": {"name": "sh", "input": 'ls "-l"'}},
        {"id": "b", "type": "function", "function": {"name": "add", "arguments": '{"x": 1}'}},
        {"id": "c", "type": "custom", "custom": {"name": "sh", "input": "{}"}},
    ]
    for pieces in (1, 2, 5, 100):
        assert streamed(pieces) == whole["tool_calls"]
