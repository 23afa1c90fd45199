"""Open WebUI's export: a list of chats, each a row of its database with the ``chat`` in it.

``chat.history`` has the tree (``messages`` by id, ``currentId``), ``chat.messages`` only the
branch that was shown (Open WebUI 0.3 to 0.9). Thinking and tool calls stand in ``output`` as
items of OpenAI's Responses API, in older chats in the text as ``<details>`` with escaped HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from core.chats.transfer.attachments import read_file
from core.chats.transfer.imports.nodes import (
    Ask,
    Event,
    File,
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
    data_image,
    items_of,
    map_of,
    seconds_ns,
    text_from,
    time_ns,
    titled,
)
from core.chats.transfer.imports.report import Ledger
from core.chats.transfer.imports.values import ImportedChat
from core.errors import InvalidRequest
from core.translation.codec.json import decode_json
from core.translation.messages import Text

_DETAILS = re.compile(
    r"<details\s+type=\"(?P<kind>reasoning|tool_calls|code_interpreter)\"(?P<more>[^>]*)>"
    r"\s*(?:<summary>.*?</summary>)?(?P<body>.*?)</details>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_LOST = ("sources", "citations", "statusHistory", "embeds", "code_executions")

# Ollama's measurements, as Open WebUI stores them, under the names of core.chats.jobs.answer.
_NUMBERS = {
    "prompt_eval_count": "prompt_tokens",
    "eval_count": "completion_tokens",
    "load_duration": "load_ns",
    "prompt_eval_duration": "prompt_ns",
    "eval_duration": "completion_ns",
    "total_duration": "total_ns",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
}


def read_openwebui(body: Mapping[str, Any], path: str, ledger: Ledger) -> ImportedChat | None:
    """Return one chat, or None (with a row in the report) where nothing can be read."""
    chat = map_of(body.get("chat")) or body
    history = map_of(chat.get("history"))
    by_id = map_of(history.get("messages"))
    place = f"{path}.chat.history.messages"
    rows = [(key, value, f"{place}[{key}]") for key, value in by_id.items()]
    if not rows:
        place = f"{path}.chat.messages"
        rows = [
            (text_from(map_of(row).get("id")) or str(number), row, f"{place}[{number}]")
            for number, row in enumerate(items_of(chat.get("messages")))
        ]
    prompt = text_from(map_of(chat.get("params")).get("system")) or text_from(chat.get("system"))
    nodes = list(system_node(prompt, f"{path}.chat.params.system", ledger))
    top = nodes[0].id if nodes else None
    before: str | None = None
    for key, value, where in rows:
        ledger.messages += 1
        # A flat list without parents is a chat without branches.
        parent = map_of(value).get("parentId", None if by_id else before)
        nodes.append(_node(key, value, text_from(parent) or top, where, ledger))
        before = key
    _side_by_side(by_id, nodes)
    leaf = text_from(history.get("currentId")) or before
    messages, leaf = grow(nodes, leaf, ledger, join=False)
    if not messages:
        ledger.add("chat", "skipped", "empty" if rows else "broken", path)
        return None
    return ImportedChat(
        title=titled(body.get("title") or chat.get("title"), messages),
        created=time_ns(body.get("created_at")) or time_ns(chat.get("timestamp")),
        updated=time_ns(body.get("updated_at")),
        messages=messages,
        leaf=leaf,
        pinned=bool(body.get("pinned")),
    )


def _side_by_side(by_id: Mapping[str, Any], nodes: list[Node]) -> None:
    """Mark answers of several models to one question as a batch."""
    for node in nodes:
        asked = map_of(by_id.get(node.parent or "")).get("models")
        if node.role == "assistant" and len(set(map(str, items_of(asked)))) > 1:
            node.batch = node.parent or ""


def _node(key: str, value: Any, parent: str | None, path: str, ledger: Ledger) -> Node:
    row = map_of(value)
    note = partial(ledger.add, path=path)
    role = text_from(row.get("role"))
    node = Node(id=key, parent=parent, path=path, role="")
    if role not in ("system", "user", "assistant"):
        note("message", "skipped", "role" if role else "broken")
        return node
    node.events = [*_content(row, role, note), *_files(row, role, note)]
    if any(row.get(name) for name in _LOST):
        note("part", "skipped", "sources")
    _error(node, row.get("error"))
    if not node.events and not node.error:
        note("message", "skipped", "empty")
        return node
    node.role = role  # type: ignore[assignment]
    node.created = time_ns(row.get("timestamp"))
    node.model = text_from(row.get("model")) or text_from(row.get("modelName"))
    if row.get("done") is False:
        node.state = "interrupted"
    rating = map_of(row.get("annotation")).get("rating")
    node.rating = rating if rating in (-1, 1) else 0
    measured = {**map_of(row.get("info")), **map_of(row.get("usage"))}
    node.numbers = {
        _NUMBERS[name]: number
        for name, number in measured.items()
        if name in _NUMBERS and isinstance(number, int) and not isinstance(number, bool)
    }
    return node


def _error(node: Node, error: Any) -> None:
    if error:
        said = text_from(error) or text_from(map_of(error).get("content"))
        node.state = "failed"
        node.error = {"code": "backend_error", "message": said or as_json(error), "status": 0}


def _content(row: Mapping[str, Any], role: str, note: Any) -> Iterator[Event]:
    content = row.get("content")
    output = items_of(row.get("output")) if role == "assistant" else ()
    if output and _same_words(output, text_from(content), note):
        for item in map(map_of, output):
            yield from _item(item, note)
    elif isinstance(content, str):
        yield from _marked_up(content, note) if role == "assistant" else _say(content)
    else:
        for part in items_of(content):
            yield from _part(map_of(part), note)


def _same_words(output: Sequence[Any], content: str, note: Any) -> bool:
    """Tell whether an answer still has the text of the model: a person may have edited it."""

    def silent(*_: object) -> None: ...

    written = [event for item in map(map_of, output) for event in _item(item, silent)]
    shown = list(_marked_up(content, silent))
    same = _words(written) == _words(shown)
    if not same and _words(shown):
        note("part", "skipped", "edited")
    return same or not _words(shown)


def _words(events: Sequence[Event]) -> list[str]:
    return " ".join(event.text for event in events if isinstance(event, Say)).split()


def _say(text: str) -> Iterator[Event]:
    if text.strip():
        yield Say(text)


def _part(part: Mapping[str, Any], note: Any) -> Iterator[Event]:
    """Read a part of content as OpenAI's chat completions have it."""
    if part.get("type") == "text":
        yield from _say(text_from(part.get("text")))
    elif image := data_image(map_of(part.get("image_url")).get("url")):
        yield File(image)
    elif part:
        note("part", "changed", "unknown")
        yield Say(as_json(part))


def _item(item: Mapping[str, Any], note: Any) -> Iterator[Event]:
    """Read an item of ``output``, which are those of OpenAI's Responses API (2026)."""
    kind = item.get("type")
    if kind == "message":
        yield from _say(_item_text(item.get("content")))
    elif kind == "reasoning":
        text = _item_text(item.get("content")) or _item_text(item.get("summary"))
        yield Think(text, seconds_ns(item.get("duration")))
    elif kind == "function_call":
        yield _ask(item.get("name"), item.get("arguments"), item.get("call_id"), note)
    elif kind == "function_call_output":
        output = item.get("output")
        text = output if isinstance(output, str) else _item_text(output)
        yield Result("", text, text_from(item.get("call_id")))
    else:
        note("part", "changed", "unknown")
        yield Say(as_json(item))


def _item_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n\n".join(
        text_from(part.get("text")) or ("" if "text" in part else as_json(part))
        for part in map(map_of, items_of(content))
    )


def _marked_up(content: str, note: Any) -> Iterator[Event]:
    """Read the text of an answer, with the ``<details>`` in it."""
    end = 0
    for found in _DETAILS.finditer(content):
        yield from _say(content[end : found.start()].strip())
        end = found.end()
        about = {name: html.unescape(raw) for name, raw in _ATTRIBUTE.findall(found["more"])}
        body = html.unescape(found["body"]).strip()
        if found["kind"] == "reasoning":
            duration = about.get("duration", "")
            text = re.sub(r"^> ?", "", body, flags=re.MULTILINE)
            yield Think(text, seconds_ns(int(duration) if duration.isdecimal() else 0))
            continue
        name = about.get("name") or ("python" if found["kind"] == "code_interpreter" else "tool")
        arguments = about.get("arguments", "")
        if found["kind"] == "code_interpreter":
            arguments, body = body, about.get("output", "")
        yield _ask(name, _unquoted(arguments), about.get("id"), note)
        result = about.get("result") or body
        if about.get("done") != "false" or result:
            text = _unquoted(result)
            yield Result(name, text if isinstance(text, str) else result, about.get("id", ""))
    yield from _say(content[end:].strip() if end else content)


def _unquoted(text: str) -> Any:
    """Undo up to two layers of JSON string encoding."""
    for _ in range(2):
        try:
            value = decode_json(text)
        except InvalidRequest:
            return text
        if not isinstance(value, str):
            return text
        text = value
    return text


def _ask(name: Any, arguments: Any, call_id: Any, note: Any) -> Event:
    text, whole = arguments_of(arguments)
    if not whole:
        note("part", "changed", "arguments")
    return Ask(text_from(name) or "tool", text, text_from(call_id))


def _files(row: Mapping[str, Any], role: str, note: Any) -> Iterator[Event]:
    for one in map(map_of, items_of(row.get("files"))):
        name = text_from(one.get("name")) or text_from(one.get("id")) or text_from(one.get("type"))
        if one.get("type") == "image":
            image = data_image(one.get("url"))
            if image and role == "user":
                yield File(image)
                continue
            note("part", "changed", "image_missing" if role == "user" else "image_made")
            yield Say(f"[{name}]")
            continue
        inside = map_of(map_of(one.get("file")).get("data")).get("content")
        text = text_from(inside) or text_from(one.get("content"))
        try:
            data = text.encode("utf-8", "replace")
            part = read_file(name, data).part if text else None
        except InvalidRequest:
            part = None
        if isinstance(part, Text):
            yield Say(part.text)
        else:
            note("part", "changed", "file_refused" if text else "file_missing")
            yield Say(f"[{name}]")
