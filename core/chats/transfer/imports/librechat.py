"""LibreChat's export of one chat: messages in a list, or nested in each other (``recursive``).

``content`` has the parts of an answer in newer chats (text, think, tool_call, error), ``text``
everything in older ones, with thinking between ``:::thinking`` and ``:::`` (LibreChat 0.7, 0.8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from core.chats.transfer.imports.nodes import (
    Ask,
    Event,
    Node,
    Result,
    Say,
    Think,
    arguments_of,
    grow,
    system_node,
)
from core.chats.transfer.imports.reading import (
    as_json,
    items_of,
    map_of,
    text_from,
    time_ns,
    titled,
)
from core.chats.transfer.imports.report import Ledger
from core.chats.transfer.imports.values import ImportedChat

_NO_PARENT = "00000000-0000-0000-0000-000000000000"
_THINKING = re.compile(r"\A\s*:::thinking\s*\n(?P<thinking>.*?)\n:::\s*\n?", re.DOTALL)
_RATINGS = {"thumbsUp": 1, "thumbsDown": -1}
_PROMPTS = ("promptPrefix", "system", "instructions")


def read_librechat(body: Mapping[str, Any], path: str, ledger: Ledger) -> ImportedChat | None:
    """Return the chat, or None (with a row in the report) where nothing can be read."""
    rows = list(_rows(body, path))
    options = map_of(body.get("options"))
    said = {name: text_from(options.get(name)).strip() for name in _PROMPTS}
    name = next((name for name, prompt in said.items() if prompt), _PROMPTS[0])
    nodes = list(system_node(said[name], f"{path}.options.{name}", ledger))
    top = nodes[0].id if nodes else None
    before: str | None = None
    flat = not any(parent or "parentMessageId" in row for _, row, parent, _ in rows)
    for key, value, parent, where in rows:
        ledger.messages += 1
        nodes.append(_node(key, value, (before if flat else parent) or top, where, ledger))
        before = key
    messages, leaf = grow(nodes, None, ledger, join=False)
    if not messages:
        ledger.add("chat", "skipped", "empty" if rows else "broken", path)
        return None
    times = [row.created for row in messages if row.created > len(messages)]
    return ImportedChat(
        title=titled(body.get("title"), messages),
        created=min(times, default=0),
        updated=max(times, default=0),
        messages=messages,
        leaf=leaf,
    )


def _rows(
    body: Mapping[str, Any], path: str
) -> Iterator[tuple[str, Mapping[str, Any], str | None, str]]:
    """Yield all messages in order, nested ones too: id, message, parent id, path."""
    name = "messagesTree" if items_of(body.get("messagesTree")) else "messages"
    waiting: list[tuple[Any, str | None, str, int]] = []
    for number, value in enumerate(items_of(body.get(name))):
        waiting.insert(0, (value, None, f"{path}.{name}", number))
    while waiting:
        value, above, base, number = waiting.pop()
        where = f"{base}[{number}]"
        row = map_of(value)
        key = text_from(row.get("messageId")) or where
        parent = above or text_from(row.get("parentMessageId"))
        yield key, row, None if parent == _NO_PARENT else parent or None, where
        below = list(enumerate(items_of(row.get("children"))))
        # The path names only the message: full nested paths would grow quadratically.
        base = f"{path}.{name}[{key}].children" if below else ""
        waiting += [(one, key, base, place) for place, one in reversed(below)]


def _node(key: str, row: Mapping[str, Any], parent: str | None, path: str, ledger: Ledger) -> Node:
    note = partial(ledger.add, path=path)
    node = Node(id=key, parent=parent, path=path, role="")
    if not row:
        note("message", "skipped", "broken")
        return node
    mine = row.get("isCreatedByUser")
    user = mine if isinstance(mine, bool) else text_from(row.get("sender")).lower() == "user"
    node.events = [*_content(row, user, note), *_files(row, note)]
    if row.get("error") is True:
        said = "\n\n".join(event.text for event in node.events if isinstance(event, Say))
        node.state, node.events = "failed", []
        node.error = {"code": "backend_error", "message": said, "status": 0}
    elif row.get("unfinished") is True:
        node.state = "interrupted"
    if not node.events and not node.error:
        note("message", "skipped", "empty")
        return node
    node.role = "user" if user else "assistant"
    node.created = time_ns(row.get("createdAt"))
    node.model = text_from(row.get("model")) or text_from(row.get("sender"))
    node.rating = _RATINGS.get(text_from(map_of(row.get("feedback")).get("rating")), 0)
    reason = text_from(row.get("finish_reason"))
    node.finish_reason = reason if reason in ("stop", "length", "content_filter") else ""
    return node


def _content(row: Mapping[str, Any], user: bool, note: Any) -> Iterator[Event]:
    parts = items_of(row.get("content"))
    if parts:
        for part in map(map_of, parts):
            yield from _part(part, note)
        return
    text = text_from(row.get("text"))
    if not user and (found := _THINKING.match(text)):
        yield Think(found["thinking"])
        text = text[found.end() :]
    if text.strip():
        yield Say(text)
    for plugin in items_of(row.get("plugins")):
        note("part", "changed", "unknown")
        yield Say(as_json(plugin))


def _part(part: Mapping[str, Any], note: Any) -> Iterator[Event]:
    kind = part.get("type")
    if kind == "text":
        text = part.get("text")
        said = text_from(text) or text_from(map_of(text).get("value"))
        if said.strip():
            yield Say(said)
    elif kind == "think":
        if thought := text_from(part.get("think")):
            yield Think(thought)
    elif kind == "error":
        yield Say(text_from(part.get("error")) or as_json(part))
    elif kind == "tool_call":
        yield from _call(map_of(part.get("tool_call")), note)
    elif part:
        note("part", "changed", "unknown")
        yield Say(as_json(part))


def _call(call: Mapping[str, Any], note: Any) -> Iterator[Event]:
    function = map_of(call.get("function"))
    name = text_from(call.get("name")) or text_from(function.get("name")) or "tool"
    arguments, whole = arguments_of(call.get("args", function.get("arguments")))
    if not whole:
        note("part", "changed", "arguments")
    known = text_from(call.get("id"))
    yield Ask(name, arguments, known)
    output = call.get("output", function.get("output"))
    if output is not None:
        text = output if isinstance(output, str) else as_json(output)
        yield Result(name, text, known)


def _files(row: Mapping[str, Any], note: Any) -> Iterator[Event]:
    """Files are on LibreChat's server and not in its export."""
    for name in ("files", "attachments"):
        for one in map(map_of, items_of(row.get(name))):
            image = text_from(one.get("type")).startswith("image")
            note("part", "changed", "image_missing" if image else "file_missing")
            yield Say(f"[{text_from(one.get('filename')) or text_from(one.get('file_id'))}]")
