"""Input and output items in OpenAI's responses dialect.

A conversation is a list of items: messages, reasoning, calls and their outputs, side by side.
In other dialects reasoning and calls belong to an assistant's message, so neighbours of one
turn become one message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError, InvalidRequest, Unsupported
from core.translation.codec.json import read_arguments, read_field, read_items, read_object
from core.translation.dialects.shared.content import media_type, parse_image
from core.translation.messages import Audio, Image, Message, Part, Text, ToolCall

__all__ = ["dump_items", "dump_output", "parse_items", "parse_output"]

# Replayed records of tools that OpenAI's own servers ran: they carry nothing for a model.
_IGNORED = frozenset({"web_search_call", "file_search_call"})


def parse_items(value: Any) -> list[Message]:
    """Read ``input``: a text, or a list of items. Raises InvalidRequest with a JSON path."""
    if isinstance(value, str):
        return [Message(role="user", parts=(Text(value),))]
    return _joined(read_items(value, "input"), "input", blame=InvalidRequest)


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
        message = _parse_item(item, place, blame)
        if message is None:
            continue
        spoken = message.role == "assistant"
        # Reasoning comes first, calls come last; a second text begins another message.
        if growing and spoken and not (message.parts and (last := messages[-1]).parts):
            last = messages[-1]
            if not (message.thinking and (last.parts or last.tool_calls)):
                messages[-1] = replace(
                    last,
                    parts=last.parts + message.parts,
                    thinking=last.thinking + message.thinking,
                    tool_calls=last.tool_calls + message.tool_calls,
                )
                continue
        messages.append(message)
        growing = spoken
    return messages


def _parse_item(item: dict[str, Any], path: str, blame: type[DiglotError]) -> Message | None:
    kind = item.get("type") or ("message" if "role" in item else None)
    match kind:
        case "message":
            role = read_field(item, "role", path, blame=blame).lower()
            if not role:
                raise blame(f"{path}.role is missing", path=f"{path}.role")
            parts = _parse_content(item.get("content"), f"{path}.content", blame)
            return Message(role=role, parts=parts)
        case "function_call":
            return Message(role="assistant", tool_calls=(_parse_call(item, path, blame),))
        case "function_call_output":
            output = item.get("output")
            return Message(
                role="tool",
                parts=_parse_content(output, f"{path}.output", blame),
                tool_call_id=read_field(item, "call_id", path, blame=blame),
            )
        case "reasoning":
            thinking = _parse_reasoning(item, path, blame)
            return Message(role="assistant", thinking=thinking) if thinking else None
        case str() if kind in _IGNORED:
            return None
        case "item_reference":
            raise Unsupported(
                f"{path}: items are not kept by their id here; send the item itself",
                path=f"{path}.type",
            )
        case other:
            raise Unsupported(
                f"{path}: items of type {other!r} are not known here; use message, reasoning, "
                "function_call or function_call_output",
                path=f"{path}.type",
            )


def _parse_content(value: Any, path: str, blame: type[DiglotError]) -> tuple[Part, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (Text(value),)
    parts: list[Part] = []
    for index, item in enumerate(read_items(value, path, blame=blame)):
        place = f"{path}[{index}]"
        body = read_object(item, place, blame=blame)
        match body.get("type"):
            case "input_text" | "output_text" | "text" | "refusal":
                key = "refusal" if body["type"] == "refusal" else "text"
                parts.append(Text(read_field(body, key, place, blame=blame)))
            case "input_image" if body.get("image_url"):
                image = parse_image(body["image_url"], f"{place}.image_url", blame)
                parts.append(replace(image, detail=read_field(body, "detail", place, blame=blame)))
            case "input_image" | "input_file":
                raise Unsupported(
                    f"{place}: files are not kept here; send text, or an image as a data: URL",
                    path=f"{place}.type",
                )
            case other:
                raise blame(f"{place}.type {other!r} is not known here", path=f"{place}.type")
    return tuple(parts)


def _parse_call(item: dict[str, Any], path: str, blame: type[DiglotError]) -> ToolCall:
    name = read_field(item, "name", path, blame=blame)
    if not name:
        raise blame(f"{path}.name is missing", path=f"{path}.name")
    text = read_field(item, "arguments", path, blame=blame)
    return ToolCall(
        id=read_field(item, "call_id", path, blame=blame),
        name=name,
        arguments=read_arguments(text, f"{path}.arguments", blame=blame),
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
                raise Unsupported("the responses API takes no audio; send the text of it")
    return content


def _dump_call(call: ToolCall) -> dict[str, Any]:
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def dump_output(message: Message, identity: str) -> list[dict[str, Any]]:
    """Write an answer's message as output items, each with an id of its own."""
    output: list[dict[str, Any]] = []
    if message.thinking:
        output.append(reasoning_item(f"rs_{identity}", message.thinking))
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    if text or not message.tool_calls:
        output.append(message_item(f"msg_{identity}", text))
    for index, call in enumerate(message.tool_calls):
        output.append(call_item(f"fc_{identity}_{index}", call))
    return output


def reasoning_item(identity: str, text: str) -> dict[str, Any]:
    """Write thinking: as the text itself, since nobody has made a summary of it."""
    return {
        "id": identity,
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": text}],
        "status": "completed",
    }


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


def call_item(identity: str, call: ToolCall, status: str = "completed") -> dict[str, Any]:
    """Write one call."""
    return {"id": identity, **_dump_call(call), "status": status}
