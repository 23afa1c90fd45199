"""Input items in OpenAI's responses dialect.

A conversation is a list of items: messages, reasoning, calls and their outputs, side by side.
In other dialects reasoning and calls belong to an assistant's message, so neighbours of one
turn become one message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError, InvalidRequest, Unsupported
from core.translation.codec.json import (
    encode_json,
    read_arguments,
    read_field,
    read_items,
    read_object,
)
from core.translation.dialects.openai.chat_messages import parse_message
from core.translation.dialects.openai.responses.tools import qualified
from core.translation.dialects.shared.content import (
    media_type,
    parse_part,
    parts_of,
    read_role,
    refuse_empty,
)
from core.translation.dialects.shared.documents import json_words, words_of
from core.translation.dialects.shared.tool_definitions import pack_input
from core.translation.fields.kinds import left_out, part_kind
from core.translation.messages import Audio, Image, Message, Part, Text, ToolCall

# Keys of a call that are not what is to be done, and those under which it holds what came of it.
_RESULTS = ("output", "outputs", "results", "result", "error")
_AROUND = frozenset(
    {"type", "id", "call_id", "status", "name", "namespace", "caller", "async", "server_label",
     "environment", "container_id", "pending_safety_checks", "fingerprint", "execution", *_RESULTS}
)  # fmt: skip

# Without what these stand for there is no conversation to go on with.
_LOST = {
    "item_reference": "this item is not kept here (any more); send the item itself",
    "compaction": "only the server that wrote this summary of the conversation can read it; "
    "send the conversation itself",
}


def parse_items(value: Any) -> list[Message]:
    """Read ``input``: a text, or a list of items. Raises InvalidRequest with a JSON path."""
    if isinstance(value, str):
        return [Message(role="user", parts=(Text(value),))]
    items = read_items(value, "input")
    messages = _joined(items, "input", blame=InvalidRequest)
    if messages and isinstance(items[-1], dict):
        refuse_empty(messages[-1], items[-1].get("content"), f"input[{len(items) - 1}].content")
    return messages


def parse_output(value: Any, *, blame: type[DiglotError]) -> Message:
    """Read ``output`` of an answer as one message."""
    messages = _joined(read_items(value, "output", blame=blame), "output", blame=blame)
    whole = Message(role="assistant")
    for message in messages:
        whole = replace(
            whole,
            # An empty answer has an empty text, which says nothing.
            parts=whole.parts + tuple(part for part in message.parts if part != Text("")),
            thinking=whole.thinking + message.thinking,
            tool_calls=whole.tool_calls + message.tool_calls,
        )
    return whole


def _joined(items: list[Any], path: str, *, blame: type[DiglotError]) -> list[Message]:
    messages: list[Message] = []
    growing = False
    for index, value in enumerate(items):
        place = f"{path}[{index}]"
        item = read_object(value, place, blame=blame)
        for message in _parse_item(item, place, blame):
            growing = _add(messages, message, growing)
    return messages


def _add(messages: list[Message], message: Message, growing: bool) -> bool:
    """Add a message, or make it a part of the turn before it; tell whether the turn may grow."""
    spoken = message.role == "assistant"
    # Reasoning comes first, calls come last; a second text begins another message.
    if growing and spoken and not (message.parts and messages[-1].parts):
        last = messages[-1]
        if not (message.thinking and (last.parts or last.tool_calls)):
            messages[-1] = replace(
                last,
                parts=last.parts + message.parts,
                thinking=last.thinking + message.thinking,
                tool_calls=last.tool_calls + message.tool_calls,
            )
            return True
    messages.append(message)
    return spoken


def _parse_item(item: dict[str, Any], path: str, blame: type[DiglotError]) -> list[Message]:
    """Read one item: a call that its server ran already is a call and its result."""
    said = "role" in item or "content" in item
    kind = item.get("type") or ("message" if said else "item_reference")
    if left_out("responses", "input[]", item):
        return []
    if kind == "message":
        if item.get("tool_calls") or item.get("tool_call_id"):
            # A message of chat completions in its place, as clients of both APIs send it.
            return [parse_message(item, path, blame=blame)]
        role = read_role(item, path, blame=blame)
        parts = _parse_content(item.get("content"), f"{path}.content", blame)
        return [Message(role=role, parts=parts)]
    if kind == "reasoning":
        thinking = _parse_reasoning(item, path, blame)
        return [Message(role="assistant", thinking=thinking)] if thinking else []
    if kind == "additional_tools":
        return []  # read with the other tools
    if kind in _LOST:
        raise Unsupported(f"{path}: {_LOST[kind]}", code="item_not_found", path=f"{path}.type")
    if kind.endswith("_output"):
        return [_parse_result(item, path, blame)]
    call = _parse_call(item, path, blame)
    messages = [Message(role="assistant", tool_calls=(call,))]
    found = next((item[key] for key in _RESULTS if item.get(key)), None)
    if kind != "function_call" and found is not None:
        text = words_of(found) or json_words(found)
        messages.append(Message(role="tool", parts=(Text(text),), tool_call_id=call.id))
    return messages


def _parse_content(value: Any, path: str, blame: type[DiglotError]) -> tuple[Part, ...]:
    def read(body: dict[str, Any], place: str) -> tuple[Part, ...]:
        if part_kind(body) is None:
            return (Text(words_of(body)),)
        if left_out("responses", "input[].content[]", body):
            return ()
        return (parse_part(body, place, blame=blame),)

    if _is_shown(value):
        # A screenshot, or what else a tool of one picture says.
        value = [{**value, "type": "input_image"}]
    return parts_of(value, path, read, blame=blame)


def _parse_result(item: dict[str, Any], path: str, blame: type[DiglotError]) -> Message:
    output = item.get("output", item.get("result"))
    if output is None:
        # Tools that were found, or a patch of which only the outcome is told.
        tools = item.get("tools")
        named = [str(t.get("name")) for t in tools if isinstance(t, dict)] if tools else []
        output = "\n".join(named) or str(item.get("status") or "")
    if not isinstance(output, str | list) and not _is_shown(output):
        output = words_of(output) or json_words(output)
    return Message(
        role="tool",
        parts=_parse_content(output, f"{path}.output", blame),
        # The output of a local shell names its call by its own id.
        tool_call_id=read_field(item, "call_id", path, blame=blame)
        or read_field(item, "id", path, blame=blame),
    )


def _is_shown(output: Any) -> bool:
    """Tell whether what a tool answered is one picture, such as a screenshot."""
    return isinstance(output, dict) and bool(output.get("image_url"))


def _parse_call(item: dict[str, Any], path: str, blame: type[DiglotError]) -> ToolCall:
    kind = item["type"]
    name = read_field(item, "name", path, blame=blame)
    if not name and kind in ("function_call", "custom_tool_call"):
        raise blame(f"{path}.name is missing", path=f"{path}.name")
    given: Any = item.get("arguments")
    if kind == "custom_tool_call":
        given = pack_input(read_field(item, "input", path, blame=blame))
    elif kind not in ("function_call", "mcp_call"):
        # Shells, patches and the like: what is to be done stands under a key of their own.
        said = {k: v for k, v in item.items() if k not in _AROUND and v is not None}
        inner: Any = next(iter(said.values()), {})
        given = encode_json(inner if isinstance(inner, dict) and len(said) == 1 else said).decode()
    return ToolCall(
        id=read_field(item, "call_id", path, blame=blame)
        or read_field(item, "id", path, blame=blame),
        name=qualified(item.get("namespace"), name or kind.removesuffix("_call")),
        arguments=read_arguments(given, f"{path}.arguments", blame=blame),
    )


def _parse_reasoning(item: dict[str, Any], path: str, blame: type[DiglotError]) -> str:
    """Read the thinking itself where it is there, else its summary.

    Encrypted content can be read by nobody but the server that made it.
    """
    for key in ("content", "summary"):
        parts = read_items(item.get(key), f"{path}.{key}", blame=blame)
        texts = [
            read_field(read_object(part, f"{path}.{key}[{i}]", blame=blame), "text", path)
            for i, part in enumerate(parts)
        ]
        if any(texts):
            return "\n".join(texts)
    return ""


def dump_items(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Write a conversation as input items."""
    items: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            output = _dump_content(message.parts, "input_text")
            if len(message.parts) == 1 and isinstance(message.parts[0], Text):
                output = message.parts[0].text
            items.append(
                {
                    "type": "function_call_output",
                    "call_id": message.tool_call_id,
                    "output": output or "",
                }
            )
            continue
        if message.thinking:
            content = [{"type": "reasoning_text", "text": message.thinking}]
            items.append({"type": "reasoning", "summary": [], "content": content})
        if message.parts or not message.tool_calls:
            kind = "output_text" if message.role == "assistant" else "input_text"
            content = _dump_content(message.parts, kind)
            items.append({"type": "message", "role": message.role, "content": content})
        items += [_dump_call(call) for call in message.tool_calls]
    return items


def _dump_content(parts: Iterable[Part], kind: str) -> Any:
    content: list[Any] = []
    for part in parts:
        match part:
            case Text():
                content.append({"type": kind, "text": part.text})
            case Image():
                url = part.url or f"data:{media_type(part)};base64,{part.data}"
                detail = part.detail or "auto"
                content.append({"type": "input_image", "image_url": url, "detail": detail})
            case Audio():
                pass  # that API takes none
    return content


def _dump_call(call: ToolCall) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }
