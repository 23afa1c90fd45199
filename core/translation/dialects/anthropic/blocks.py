"""Messages and their blocks in Anthropic's dialect.

A message's content is text or a list of blocks. Calls and thinking are blocks of an
assistant's message; results are blocks of a user's message, where other dialects have a
message of role ``tool`` for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.errors import DiglotError, InvalidRequest, Unsupported
from core.translation.codec.json import (
    decode_json,
    encode_json,
    read_arguments,
    read_field,
    read_items,
    read_object,
    read_text,
)
from core.translation.dialects.shared.content import check_base64, media_type
from core.translation.messages import Audio, Image, Message, Part, Text, ToolCall

__all__ = ["dump_messages", "dump_parts", "parse_blocks", "parse_messages", "parse_system"]

_IGNORED = frozenset({"redacted_thinking", "server_tool_use", "web_search_tool_result"})


def parse_system(value: Any) -> list[Message]:
    """Read ``system``: text, or blocks of text that stay apart as parts of one message."""
    parts = _texts(value, "system")
    return [Message(role="system", parts=parts)] if parts else []


def parse_messages(value: Any) -> list[Message]:
    """Read ``messages``; a user's message with results becomes several."""
    messages: list[Message] = []
    for index, item in enumerate(read_items(value, "messages")):
        path = f"messages[{index}]"
        body = read_object(item, path)
        role = read_field(body, "role", path).lower()
        if role not in ("user", "assistant", "system"):
            raise InvalidRequest(f'{path}.role must be "user" or "assistant"', path=f"{path}.role")
        content = body.get("content")
        if isinstance(content, str):
            messages.append(Message(role=role, parts=(Text(content),) if content else ()))
            continue
        results, message = parse_blocks(content, f"{path}.content", role, blame=InvalidRequest)
        messages += results
        if message is not None:
            messages.append(message)
    return messages


def parse_blocks(
    value: Any, path: str, role: str, *, blame: type[DiglotError]
) -> tuple[list[Message], Message | None]:
    """Read the blocks of one message: the results in it, and what else it says, if anything.

    Results come first, as the calls that they answer are in the message before.
    """
    results: list[Message] = []
    parts: list[Part] = []
    thinking: list[str] = []
    calls: list[ToolCall] = []
    for index, item in enumerate(read_items(value, path, blame=blame)):
        place = f"{path}[{index}]"
        block = read_object(item, place, blame=blame)
        match block.get("type"):
            case "text" | "image":
                parts.append(_parse_part(block, place, blame))
            case "thinking":
                thinking.append(read_field(block, "thinking", place, blame=blame))
            case "tool_use":
                calls.append(_parse_call(block, place, blame))
            case "tool_result":
                results.append(_parse_result(block, place))
            case str() if block["type"] in _IGNORED:
                pass
            case "document" | "search_result":
                raise Unsupported(
                    f"{place}: documents are not carried; send their text", path=f"{place}.type"
                )
            case other:
                raise blame(
                    f"{place}.type {other!r} is not known here; use text, image, thinking, "
                    "tool_use or tool_result",
                    path=f"{place}.type",
                )
    if (results or value) and not (parts or any(thinking) or calls):
        return results, None
    message = Message(
        role=role,
        parts=tuple(parts),
        thinking="".join(thinking),
        tool_calls=tuple(calls),
    )
    return results, message


def _parse_part(block: dict[str, Any], path: str, blame: type[DiglotError]) -> Part:
    if block["type"] == "text":
        return Text(read_field(block, "text", path, blame=blame))
    place = f"{path}.source"
    source = read_object(block.get("source"), place, blame=blame)
    if source.get("type") == "url":
        url = read_field(source, "url", place, blame=blame)
        if not url.startswith(("http://", "https://")):
            raise blame(f"{place}.url must be an http(s) address", path=f"{place}.url")
        return Image(url=url)
    if source.get("type") == "file":
        raise Unsupported(f"{place}: files are not kept here; send base64", path=f"{place}.type")
    return Image(
        data=check_base64(source.get("data"), f"{place}.data", blame=blame),
        media_type=read_field(source, "media_type", place, blame=blame),
    )


def _parse_call(block: dict[str, Any], path: str, blame: type[DiglotError]) -> ToolCall:
    for name in ("id", "name"):
        if not read_field(block, name, path, blame=blame):
            raise blame(f"{path}.{name} is missing", path=f"{path}.{name}")
    given = block.get("input")
    arguments = read_object({} if given is None else given, f"{path}.input", blame=blame)
    return ToolCall(
        id=block["id"], name=block["name"], arguments=encode_json(arguments, blame=blame).decode()
    )


def _parse_result(block: dict[str, Any], path: str) -> Message:
    identity = read_field(block, "tool_use_id", path)
    if not identity:
        raise InvalidRequest(f"{path}.tool_use_id is missing", path=f"{path}.tool_use_id")
    return Message(
        role="tool",
        parts=_texts(block.get("content"), f"{path}.content"),
        tool_call_id=identity,
    )


def _texts(value: Any, path: str) -> tuple[Part, ...]:
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (Text(value),)
    parts: list[Part] = []
    for index, item in enumerate(read_items(value, path)):
        place = f"{path}[{index}]"
        block = read_object(item, place)
        if block.get("type") not in ("text", "image"):
            raise Unsupported(
                f"{place}.type {block.get('type')!r} is not carried; send its text",
                path=f"{place}.type",
            )
        parts.append(_parse_part(block, place, InvalidRequest))
    return tuple(parts)


def dump_messages(messages: Iterable[Message]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Write a conversation: the blocks of ``system``, and the messages.

    Results that follow each other, and the user's words after them, share one message. Raises
    Unsupported for what that API has no place for: a sound, a picture among the instructions.
    """
    system: list[Any] = []
    dumped: list[dict[str, Any]] = []
    for message in messages:
        if message.role in ("system", "developer"):
            if any(isinstance(part, Image) for part in message.parts):
                raise Unsupported(
                    "Anthropic's API takes only text as system; put the picture into a user message"
                )
            system += dump_parts(message.parts)
        elif message.role == "tool":
            _add(dumped, "user", [_dump_result(message)])
        elif message.role == "assistant":
            blocks: list[Any] = []
            if message.thinking:
                blocks.append({"type": "thinking", "thinking": message.thinking, "signature": ""})
            _add(dumped, "assistant", [*blocks, *dump_parts(message.parts), *_dump_calls(message)])
        else:
            _add(dumped, "user", dump_parts(message.parts))
    return system, dumped


def _add(dumped: list[dict[str, Any]], role: str, blocks: list[Any]) -> None:
    last = dumped[-1] if dumped else None
    ends = last["content"][-1:] if last is not None and last["role"] == role else []
    if last is not None and ends and ends[0]["type"] == "tool_result":
        last["content"] += blocks
        return
    dumped.append({"role": role, "content": blocks})


def dump_parts(parts: Iterable[Part]) -> list[Any]:
    """Write texts and pictures as blocks. Raises Unsupported for a sound."""
    blocks: list[Any] = []
    for part in parts:
        match part:
            case Text():
                blocks.append({"type": "text", "text": part.text})
            case Image(url="") | Image(data=str(_)) if part.data:
                source = {"type": "base64", "media_type": media_type(part), "data": part.data}
                blocks.append({"type": "image", "source": source})
            case Image():
                blocks.append({"type": "image", "source": {"type": "url", "url": part.url}})
            case Audio():
                raise Unsupported("Anthropic's API takes no audio; send the text of it")
    return blocks


def _dump_calls(message: Message) -> list[Any]:
    blocks = []
    for call in message.tool_calls:
        text = read_arguments(call.arguments, "tool_calls", blame=InvalidRequest)
        given = decode_json(text)
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
    return blocks


def _dump_result(message: Message) -> dict[str, Any]:
    content: Any = dump_parts(message.parts)
    if len(message.parts) == 1 and isinstance(message.parts[0], Text):
        content = read_text(message.parts[0].text, "content")
    return {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": content}
