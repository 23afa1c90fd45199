"""Messages and their blocks in Anthropic's dialect.

A message's content is text or a list of blocks. Calls and thinking are blocks of an
assistant's message; results are blocks of a user's message, where other dialects have a
message of role ``tool`` for each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.errors import DiglotError, InvalidRequest
from core.translation.codec.json import (
    arguments_object,
    read_arguments,
    read_field,
    read_items,
    read_name,
    read_object,
    read_text,
)
from core.translation.dialects.shared.content import (
    media_type,
    parse_part,
    parse_picture,
    parts_of,
    read_role,
    refuse_empty,
)
from core.translation.dialects.shared.documents import json_words, parse_file, titled, words_of
from core.translation.fields.kinds import left_out, part_kind
from core.translation.messages import Audio, Image, Message, Part, Text, ToolCall

_BLOCK = "messages[].content[]"


def parse_system(value: Any) -> list[Message]:
    """Read ``system``: text, or blocks of text that stay apart as parts of one message.

    A block without a list around it is a list of one.
    """
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        value = [value]
    parts = _contents(value, "system", "system[]")
    return [Message(role="system", parts=parts)] if parts else []


def parse_messages(value: Any) -> list[Message]:
    """Read ``messages``; a user's message with results becomes several."""
    messages: list[Message] = []
    items = read_items(value, "messages")
    for index, item in enumerate(items):
        path = f"messages[{index}]"
        body = read_object(item, path)
        role = read_role(body, path, blame=InvalidRequest)
        content = body.get("content")
        if isinstance(content, str):
            messages.append(Message(role=role, parts=(Text(content),) if content else ()))
            continue
        turn = parse_blocks(content, f"{path}.content", role)
        messages += turn
        if index == len(items) - 1 and role == "user" and not turn:
            refuse_empty(Message(role=role), content, f"{path}.content")
    return messages


def parse_blocks(value: Any, path: str, role: str) -> list[Message]:
    """Read the blocks of one message as the messages that they are elsewhere.

    A user's results come before the user's words, as the calls that they answer are in the
    message before. In an assistant's message stand calls that a server ran itself, each with
    its result.
    """
    turn = _WireMessage(role)
    for index, item in enumerate(read_items(value, path)):
        place = f"{path}[{index}]"
        block = {"type": "text", "text": item} if isinstance(item, str) else item
        if not left_out("anthropic", _BLOCK, read_object(block, place)):
            turn.add(block, place)
    return turn.messages(empty=not value)


class _WireMessage:
    """The messages that the blocks of one message become."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._done: list[Message] = []
        self._parts: list[Part] = []
        self._thinking: list[str] = []
        self._calls: list[ToolCall] = []

    def add(self, block: dict[str, Any], path: str) -> None:
        """Read one block that is carried."""
        kind = part_kind(block)
        if kind in ("thinking", "reasoning"):
            self._thinking.append(words_of(block.get("thinking") or block.get("text")))
        elif kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
            self._calls.append(_parse_call(block, path))
        elif kind == "tool_result":
            self._done.append(_parse_result(block, path))
        elif kind.endswith("_tool_result"):
            self._close()
            self._done.append(_parse_result(block, path))
        else:
            self._parts += _parse_part(block, path)

    def messages(self, *, empty: bool) -> list[Message]:
        """Return what was read. ``empty`` is a message without blocks, which stays one."""
        if empty or self._parts or any(self._thinking) or self._calls:
            self._close()
        return self._done

    def _close(self) -> None:
        self._done.append(
            Message(
                role=self._role,
                parts=tuple(self._parts),
                thinking="".join(self._thinking),
                tool_calls=tuple(self._calls),
            )
        )
        self._parts, self._thinking, self._calls = [], [], []


def _parse_part(block: dict[str, Any], path: str) -> list[Part]:
    """Read a block of words or a picture; a document may hold several."""
    match part_kind(block):
        case "image":
            return [parse_picture(block, path, blame=InvalidRequest)]
        case "document":
            return _parse_document(block, path)
        case "search_result":
            found = words_of(block.get("content"))
            return [titled(found, block.get("title"), block.get("source"))]
        case "thinking" | "reasoning":
            return [Text(words_of(block.get("thinking") or block.get("text")))]
    if left_out("openai", "messages[].content[]", block):
        return [Text(words_of(block))]
    return [parse_part(block, path, blame=InvalidRequest)]


def _parse_document(block: dict[str, Any], path: str) -> list[Part]:
    place = f"{path}.source"
    source = block["source"]
    heads = (block.get("title"), block.get("context"))
    if source["type"] == "text":
        return [titled(read_field(source, "data", place), *heads)]
    if source["type"] == "base64":
        text = parse_file(source.get("data"), "", f"{place}.data", blame=InvalidRequest)
        return [titled(text.text, *heads)]
    said = [head for head in heads if isinstance(head, str) and head]
    inner = _contents(source.get("content"), f"{place}.content", f"{_BLOCK}.content[]")
    return [*([Text("\n".join(said))] if said else []), *inner]


def _parse_call(block: dict[str, Any], path: str) -> ToolCall:
    identity, name = read_name(block, path, "id"), read_name(block, path)
    given = block.get("input")
    text = read_arguments(given, f"{path}.input", blame=InvalidRequest)
    return ToolCall(id=identity, name=name, arguments=text)


def _parse_result(block: dict[str, Any], path: str) -> Message:
    identity = read_field(block, "tool_use_id", path)
    content = block.get("content")
    place = f"{path}.content"
    if content is not None and not isinstance(content, str | list):
        # What a server's own tool found or failed in, or whatever else a client's tool returned.
        parts: tuple[Part, ...] = (Text(words_of(content) or json_words(content)),)
    else:
        parts = _contents(content, place, f"{_BLOCK}.content[]")
    return Message(role="tool", parts=parts, tool_call_id=identity)


def _contents(value: Any, path: str, pattern: str) -> tuple[Part, ...]:
    def read(block: dict[str, Any], place: str) -> list[Part]:
        return [] if left_out("anthropic", pattern, block) else _parse_part(block, place)

    return parts_of(value, path, read, blame=InvalidRequest)


def dump_messages(messages: Iterable[Message]) -> tuple[list[Any], list[dict[str, Any]]]:
    """Write a conversation: the blocks of ``system``, and the messages.

    Results that follow each other, and the user's words after them, share one message. What that
    API has no place for, a sound or a picture among the instructions, is left out.
    """
    system: list[Any] = []
    dumped: list[dict[str, Any]] = []
    for message in messages:
        if message.role in ("system", "developer"):
            system += dump_parts(part for part in message.parts if isinstance(part, Text))
        elif message.role == "tool":
            _add(dumped, "user", [_dump_result(message)])
        elif message.role == "assistant":
            _add(dumped, "assistant", dump_said(message, blame=InvalidRequest))
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
    """Write texts and pictures as blocks; there is none for a sound."""
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
                pass
    return blocks


def dump_said(message: Message, *, blame: type[DiglotError], ended: str = "") -> list[Any]:
    """Write what an assistant says as blocks: thinking, text and calls, in this order.

    ``ended`` is the finish reason of the answer that it is. Raises ``blame``.
    """
    blocks: list[Any] = []
    if message.thinking:
        blocks.append({"type": "thinking", "thinking": message.thinking, "signature": ""})
    blocks += dump_parts(message.parts)
    for index, call in enumerate(message.tool_calls):
        path = f"tool_calls[{index}].arguments"
        text = read_arguments(call.arguments, path, blame=blame, ended=ended)
        given = arguments_object(text)
        blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
    return blocks


def _dump_result(message: Message) -> dict[str, Any]:
    content: Any = dump_parts(message.parts)
    if len(message.parts) == 1 and isinstance(message.parts[0], Text):
        content = read_text(message.parts[0].text, "content")
    return {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": content}
