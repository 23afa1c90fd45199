"""Tells a model of its calls in its own words, where it writes them as text.

Such a model does not know its server's messages for tools: with Qwen2.5-Coder-0.5B on llama.cpp the
ordinary history led to the same call again in four of four cases, and the result in a new message
of the user to an answer in four of four. That a call was written as text shows in its id, so each
process knows it, however many answer for one conversation.
"""

from __future__ import annotations

from msgspec.structs import replace

from core.translation.codec.json import encode_json
from core.translation.messages import WRITTEN, ChatRequest, Message, Text, ToolCall, text_of


def in_own_words(request: ChatRequest) -> ChatRequest:
    """Return the request with such calls as text, and their results as the user's words.

    The tools stay as they are: other calls may follow.
    """
    written = {c.id: c.name for m in request.messages for c in m.tool_calls if _is_written(c)}
    messages: list[Message] = []
    told: list[str] = []
    for message in request.messages:
        if message.role == "tool" and message.tool_call_id in written:
            told.append(f"{written[message.tool_call_id]}: {text_of(message)}")
            continue
        if told and message.role == "user":
            message = replace(message, parts=(results_of(told), *message.parts))
        elif told:
            messages.append(Message(role="user", parts=(results_of(told),)))
        told = []
        if message.tool_calls and all(map(_is_written, message.tool_calls)):
            said = [text_of(message), *map(_spelled, message.tool_calls)]
            text = Text("\n".join(filter(None, said)))
            message = replace(message, parts=(text,), tool_calls=())
        messages.append(message)
    if told:
        messages.append(Message(role="user", parts=(results_of(told),)))
    return replace(request, messages=tuple(messages)) if written else request


def _is_written(call: ToolCall) -> bool:
    return call.id.startswith(WRITTEN)


def _spelled(call: ToolCall) -> str:
    return f'{{"name": {encode_json(call.name).decode()}, "arguments": {call.arguments}}}'


def results_of(told: list[str]) -> Text:
    """Return the results of calls as the user's words."""
    return Text("Results of the calls:\n" + "\n".join(told) + "\nAnswer with them what was asked.")
