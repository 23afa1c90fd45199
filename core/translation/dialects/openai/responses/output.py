"""Output items of an answer in OpenAI's responses dialect, each with an id of its own.

Thinking is written as the text that it is, as OpenAI asks of servers of open models, and as a
summary of itself too: the summary is what programs show.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.translation.dialects.openai.responses.tools import ToolNames
from core.translation.messages import Message, Text, ToolCall


def dump_output(message: Message, identity: str, names: ToolNames) -> list[dict[str, Any]]:
    """Write an answer's message as output items."""
    output: list[dict[str, Any]] = []
    if message.thinking:
        output.append(reasoning_item(f"rs_{identity}", message.thinking))
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    if text or not message.tool_calls:
        output.append(message_item(f"msg_{identity}", text))
    for index, call in enumerate(message.tool_calls):
        output.append(call_item(f"fc_{identity}_{index}", call, names))
    return output


def reasoning_item(identity: str, text: str) -> dict[str, Any]:
    """Write thinking."""
    return {
        "id": identity,
        "type": "reasoning",
        "summary": [summary_part(text)],
        "content": [thinking_part(text)],
        "status": "completed",
    }


def thinking_part(text: str) -> dict[str, Any]:
    """Write the text of thinking."""
    return {"type": "reasoning_text", "text": text}


def summary_part(text: str) -> dict[str, Any]:
    """Write what programs show of thinking."""
    return {"type": "summary_text", "text": text}


def message_item(identity: str, text: str, logprobs: Iterable[Any] = ()) -> dict[str, Any]:
    """Write the text of an answer."""
    return {
        "id": identity,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [text_part(text, logprobs)],
    }


def text_part(text: str, logprobs: Iterable[Any] = ()) -> dict[str, Any]:
    """Write one part of an answer's text."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(logprobs)}


def call_item(
    identity: str, call: ToolCall, names: ToolNames, status: str = "completed"
) -> dict[str, Any]:
    """Write one call."""
    return {"id": identity, **names.dump_call(call), "status": status}
