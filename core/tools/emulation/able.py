"""Tool calls for larger models without tool training: gemma3, phi, deepseek-r1.

A model of a billion parameters or more does not need the phrase rules of the small ones. It gets
the schema of each tool, may make several calls in a turn and more after seeing results, and decides
itself whether to call: an empty list of calls means that it can answer.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError
from core.tools.emulation.argument_grammar import call_schema, own_schema, read_call
from core.tools.emulation.own_words import results_of
from core.translation.codec.json import decode_json, encode_json, object_of
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    NamedTool,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    forces,
    text_of,
)

ABLE = 1_000_000_000
"""From this number of parameters on, a model counts as able."""

_MOST_CALLS = 8
_MOST_TOKENS = 2048
_TOLD = """\
You can call functions. Answer with JSON: {"calls": [{"name": ..., "arguments": {...}}]}. Make \
every call that is needed now and does not wait for another's result. Where no call is needed, or \
the results are there, answer {"calls": []}.
Functions:
"""


def emulate_able(
    request: ChatRequest,
) -> Generator[ChatRequest, ChatResponse, ChatResponse | ChatRequest]:
    """Plan one turn with tools. Yields one request; see ``core.tools.emulation.emulate``."""
    choice = request.tool_choice
    plain = written_out(request)
    tools = [t for t in request.tools if not isinstance(choice, NamedTool) or t.name == choice.name]
    if not tools or choice == "none":
        return plain
    forced = forces(choice)
    answer = yield _calling(request, tools, forced=forced)
    calls = _read_calls(text_of(answer.message), tools)
    if not forced:
        # Otherwise a model that repeats a call whose result it has would do so for ever.
        made = {(c.name, c.arguments) for m in request.messages for c in m.tool_calls}
        calls = [call for call in calls if (call.name, call.arguments) not in made]
    if not calls:
        return plain
    message = Message(role="assistant", tool_calls=tuple(calls))
    return replace(answer, message=message, finish_reason="tool_calls", logprobs=())


def written_out(request: ChatRequest) -> ChatRequest:
    """Return the request without tools: calls as JSON, results as a user message."""
    messages: list[Message] = []
    names = {c.id: c.name for m in request.messages for c in m.tool_calls if c.id}
    told: list[str] = []
    for message in request.messages:
        if message.role == "tool":
            name = message.name or names.get(message.tool_call_id, "result")
            told.append(f"{name}: {text_of(message)}")
            continue
        _tell(messages, told)
        if message.tool_calls:
            calls = [{"name": c.name, "arguments": _value(c.arguments)} for c in message.tool_calls]
            text = encode_json({"calls": calls}).decode()
            said = text_of(message)
            parts = (Text(f"{said}\n{text}" if said else text),)
            message = replace(message, parts=parts, tool_calls=())
        messages.append(message)
    _tell(messages, told)
    return replace(request, messages=tuple(messages), tools=(), tool_choice=None)


def _tell(messages: list[Message], told: list[str]) -> None:
    if told:
        messages.append(Message(role="user", parts=(results_of(told),)))
        told.clear()


def _calling(request: ChatRequest, tools: Sequence[Tool], *, forced: bool) -> ChatRequest:
    most = 1 if request.settings.get("parallel_tool_calls") is False else _MOST_CALLS
    shapes = [call_schema(tool, own_schema(tool)) for tool in tools]
    calls = {
        "type": "array",
        "items": shapes[0] if len(shapes) == 1 else {"anyOf": shapes},
        "minItems": int(forced),
        "maxItems": most,
    }
    schema = {"type": "object", "properties": {"calls": calls}, "required": ["calls"]}
    listed = "\n".join(
        encode_json(
            {"name": t.name, "description": t.description, "parameters": t.parameters or {}}
        ).decode()
        for t in tools
    )
    history = written_out(request)
    limit = max(int(request.settings.get("max_tokens") or 0), _MOST_TOKENS)
    return replace(
        history,
        messages=(Message(role="system", parts=(Text(_TOLD + listed),)), *history.messages),
        format=ResponseFormat(schema=schema, name="calls"),
        thinking=False if request.thinking is not None else None,
        stream=False,
        settings={**request.settings, "temperature": 0.0, "seed": 1, "max_tokens": limit},
    )


def _read_calls(text: str, tools: Sequence[Tool]) -> list[ToolCall]:
    """Return the calls in an answer that name one of these tools and fit its schema."""
    listed = object_of(text).get("calls")
    found = (read_call(item, tools) for item in (listed if isinstance(listed, list) else ()))
    return [call for call in found if call is not None]


def _value(text: str) -> Any:
    try:
        return decode_json(text)
    except DiglotError:
        return text
