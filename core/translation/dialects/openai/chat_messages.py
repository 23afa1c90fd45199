"""Messages and tool calls in OpenAI's chat dialect.

Arguments are JSON text, a result names its call by id, an assistant's content is null beside
calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.errors import DiglotError, InvalidRequest
from core.translation.codec.json import (
    read_arguments,
    read_field,
    read_items,
    read_name,
    read_object,
)
from core.translation.dialects.shared.answers.said import read_thinking
from core.translation.dialects.shared.content import (
    dump_content,
    parse_content,
    read_role,
    thinking_of,
)
from core.translation.dialects.shared.documents import json_words
from core.translation.dialects.shared.tool_definitions import pack_input
from core.translation.fields.kinds import left_out
from core.translation.messages import Message, Text, ToolCall


def parse_messages(items: list[Any]) -> tuple[Message, ...]:
    """Read ``messages``; one with results among its parts becomes several, the results first."""
    parsed: list[Message] = []
    for index, item in enumerate(items):
        path = f"messages[{index}]"
        message = parse_message(item, path)
        results = _results(item.get("content"), f"{path}.content")
        if not results or message.parts or message.tool_calls or message.thinking:
            results.append(message)
        parsed += results
    return tuple(parsed)


def parse_message(value: Any, path: str, *, blame: type[DiglotError] = InvalidRequest) -> Message:
    """Read one message of a request, or the one in an answer."""
    body = read_object(value, path, blame=blame)
    role = read_role(body, path, blame=blame)
    calls = read_items(body.get("tool_calls"), f"{path}.tool_calls", blame=blame)
    parsed = [_parse_call(call, f"{path}.tool_calls[{i}]", blame) for i, call in enumerate(calls)]
    if body.get("function_call") is not None:
        older = {"function": body["function_call"]}
        parsed.append(_parse_call(older, f"{path}.function_call", blame, inner=""))
    content = body.get("content")
    for part, place in _of_kind(content, f"{path}.content", "tool_use"):
        text = read_arguments(part.get("input"), f"{place}.input", blame=blame)
        identity = read_field(part, "id", place, blame=blame)
        parsed.append(ToolCall(id=identity, name=read_name(part, place), arguments=text))
    if role in ("tool", "function") and not isinstance(content, str | list | None):
        content = json_words(content)
    parts = parse_content(content, f"{path}.content", blame=blame)
    refusal = read_field(body, "refusal", path, blame=blame)
    return Message(
        # Role function is the older word for a tool's result; it has a name and no id.
        role="tool" if role == "function" else role,
        # An assistant says either; no other dialect keeps them apart.
        parts=parts or ((Text(refusal),) if refusal else ()),
        thinking=read_thinking(body, path, blame=blame) or thinking_of(content),
        tool_calls=tuple(parsed),
        tool_call_id=read_field(body, "tool_call_id", path, blame=blame),
        name=read_field(body, "name", path, blame=blame),
    )


def _of_kind(content: Any, path: str, kind: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the parts of a kind that are carried, each with its place."""
    for index, part in enumerate(content if isinstance(content, list) else ()):
        found = isinstance(part, dict) and part.get("type") == kind
        if found and not left_out("openai", "messages[].content[]", part):
            yield part, f"{path}[{index}]"


def _results(content: Any, path: str) -> list[Message]:
    """Read the results among the parts, as clients of Anthropic's API send them here, too."""
    results = []
    for part, place in _of_kind(content, path, "tool_result"):
        said = part.get("content")
        if not isinstance(said, str | list | None):
            said = json_words(said)
        parts = parse_content(said, f"{place}.content", blame=InvalidRequest)
        identity = read_field(part, "tool_use_id", place)
        results.append(Message(role="tool", parts=parts, tool_call_id=identity))
    return results


def dump_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Write a conversation. Calls without ids get some, and the results find them."""
    dumped = []
    open_ids: list[tuple[str, str]] = []
    for turn, message in enumerate(messages):
        body: dict[str, Any] = {"role": message.role}
        if message.role == "assistant":
            body |= dump_text(message)
        else:
            body["content"] = dump_content(message.parts)
        if message.thinking:
            body["reasoning_content"] = message.thinking
        if message.tool_calls:
            calls = [
                ToolCall(id=c.id or f"call_{turn}_{i}", name=c.name, arguments=c.arguments)
                for i, c in enumerate(message.tool_calls)
            ]
            body["tool_calls"] = [dump_call(call) for call in calls]
            open_ids = [(call.name, call.id) for call in calls]
        if message.role == "tool":
            body["tool_call_id"] = _answered(message, open_ids)
        if message.name:
            body["name"] = message.name
        dumped.append(body)
    return dumped


def dump_text(message: Message) -> dict[str, Any]:
    """Content of an assistant: null beside calls, as strict clients expect, else a string."""
    content = dump_content(message.parts)
    return {"content": None if message.tool_calls and not content else content}


def dump_call(call: ToolCall) -> dict[str, Any]:
    """Write one whole call."""
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def _parse_call(
    value: Any, path: str, blame: type[DiglotError], *, inner: str = ".function"
) -> ToolCall:
    body = read_object(value, path, blame=blame)
    if body.get("type") == "custom" and isinstance(body.get("custom"), dict):
        custom = body["custom"]
        return ToolCall(
            id=read_field(body, "id", path, blame=blame),
            name=read_field(custom, "name", f"{path}.custom", blame=blame),
            arguments=pack_input(read_field(custom, "input", f"{path}.custom", blame=blame)),
        )
    function = read_object(body.get("function"), f"{path}{inner}", blame=blame)
    place = f"{path}{inner}.arguments"
    return ToolCall(
        id=read_field(body, "id", path, blame=blame),
        name=read_field(function, "name", f"{path}{inner}", blame=blame),
        arguments=read_arguments(function.get("arguments"), place, blame=blame),
    )


def _answered(result: Message, open_ids: list[tuple[str, str]]) -> str:
    """Find the call that a result answers: by its id, by its name, else the first one open."""
    for index, (name, identity) in enumerate(open_ids):
        same = result.tool_call_id == identity if result.tool_call_id else result.name == name
        if same or not (result.tool_call_id or result.name):
            del open_ids[index]
            return identity
    if result.tool_call_id:
        return result.tool_call_id
    return open_ids.pop(0)[1] if open_ids else ""
