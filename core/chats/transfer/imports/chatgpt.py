"""ChatGPT's export: ``conversations.json``, or since 2026 ``conversations-000.json`` and so on.

OpenAI does not document it; this is what exports of 2023 to 2026 contain. A chat is a ``mapping``
of nodes, each with a message or none; ``current_node`` ends the branch that was shown. An answer is
many messages: thoughts, calls (``recipient`` is the tool), results (role ``tool``) and text. Files
stand beside it in the ZIP, with names that begin with their ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

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
)
from core.chats.transfer.imports.reading import (
    as_json,
    items_of,
    map_of,
    seconds_ns,
    text_from,
    time_ns,
    titled,
)
from core.chats.transfer.imports.report import Ledger
from core.chats.transfer.imports.values import ImportedChat
from core.chats.values.chat import State
from core.errors import InvalidRequest
from core.translation.messages import Image

FindFile = Callable[[str], tuple[str, bytes] | None]
"""Returns the name and bytes of the file whose name begins with an id, or None."""

_STATES: Mapping[str, State] = {
    "in_progress": "interrupted",
    "finished_partial_completion": "interrupted",
    "error": "failed",
}
_CITED = "\ue200"  # where a mark of a citation begins
_SAID = ("text", "multimodal_text")


def read_chatgpt(
    body: Mapping[str, Any], path: str, ledger: Ledger, find: FindFile, ratings: Mapping[str, int]
) -> ImportedChat | None:
    """Return one conversation, or None (with a row in the report) where nothing can be read."""
    mapping = body.get("mapping")
    if not isinstance(mapping, Mapping):
        ledger.add("chat", "skipped", "broken", path)
        return None
    default = text_from(body.get("default_model_slug"))
    nodes = []
    for key, value in mapping.items():
        reader = _Reader(ledger, find, f"{path}.mapping[{key}]")
        nodes.append(reader.node(key, map_of(value), default, ratings))
    messages, leaf = grow(nodes, text_from(body.get("current_node")) or None, ledger, join=True)
    if not messages:
        ledger.add("chat", "skipped", "empty", path)
        return None
    return ImportedChat(
        title=titled(body.get("title"), messages),
        created=time_ns(body.get("create_time")),
        updated=time_ns(body.get("update_time")),
        messages=messages,
        leaf=leaf,
        pinned=bool(body.get("is_starred") or body.get("pinned_time")),
    )


class _Reader:
    """Reads the node at ``path``."""

    def __init__(self, ledger: Ledger, find: FindFile, path: str) -> None:
        self._find = find
        self._path = path
        self._note = partial(ledger.add, path=path)
        self._ledger = ledger

    def node(
        self, key: str, value: Mapping[str, Any], default: str, ratings: Mapping[str, int]
    ) -> Node:
        message = value.get("message")
        node = Node(id=key, parent=text_from(value.get("parent")) or None, path=self._path, role="")
        if not isinstance(message, Mapping):
            return node
        self._ledger.messages += 1
        about = map_of(message.get("metadata"))
        node.role, node.events = self._content(message, about)
        if not node.role:
            return node
        done = map_of(about.get("finish_details")).get("type")
        node.state = _STATES.get(text_from(message.get("status")), "complete")
        if done == "interrupted":
            node.state = "stopped"
        node.finish_reason = {"stop": "stop", "max_tokens": "length"}.get(text_from(done), "")
        node.model = text_from(about.get("model_slug")) or default
        node.created = time_ns(message.get("create_time"))
        node.rating = ratings.get(text_from(message.get("id")), 0)
        return node

    def _content(
        self, message: Mapping[str, Any], about: Mapping[str, Any]
    ) -> tuple[Literal["", "system", "user", "assistant"], list[Event]]:
        role = text_from(map_of(message.get("author")).get("role"))
        if role not in ("system", "user", "assistant", "tool"):
            self._note("message", "skipped", "role")
            return "", []
        if role in ("system", "user") and about.get("is_visually_hidden_from_conversation"):
            self._note("message", "skipped", "hidden")
            return "", []
        events = list(self._events(message, about, role))
        if not events:
            self._note("message", "skipped", "empty")
            return "", []
        return ("assistant" if role == "tool" else role), events  # type: ignore[return-value]

    def _events(
        self, message: Mapping[str, Any], about: Mapping[str, Any], role: str
    ) -> Iterator[Event]:
        content = map_of(message.get("content"))
        kind = text_from(content.get("content_type"))
        tool = text_from(map_of(message.get("author")).get("name"))
        recipient = text_from(message.get("recipient")) or "all"
        if role == "tool":
            yield from self._result(content, kind, tool)
        elif role == "assistant" and recipient != "all":
            yield self._call(content, recipient)
        elif kind in _SAID:
            for part in items_of(content.get("parts")):
                yield from self._part(part, about, role)
            yield from self._attachments(content, about)
        elif kind == "code":
            language = text_from(content.get("language")).replace("unknown", "")
            if text := text_from(content.get("text")):
                yield Say(f"```{language}\n{text}\n```")
        elif kind == "thoughts":
            yield from self._thoughts(content)
        elif kind == "reasoning_recap":
            self._note("part", "changed", "recap")
            yield Think("", seconds_ns(about.get("finished_duration_sec")))
        elif content:
            self._note("part", "changed", "unknown")
            yield Say(as_json(content))

    def _call(self, content: Mapping[str, Any], tool: str) -> Event:
        text = text_from(content.get("text")) or _joined(content)
        arguments, whole = arguments_of(text)
        if not whole:
            self._note("part", "changed", "arguments")
        return Ask(tool, arguments)

    def _result(self, content: Mapping[str, Any], kind: str, tool: str) -> Iterator[Event]:
        text = text_from(content.get("text")) or text_from(content.get("result"))
        if kind in _SAID:
            pictures = [part for part in items_of(content.get("parts")) if isinstance(part, dict)]
            said = _joined(content)
            for part in pictures:
                self._note("part", "changed", "image_made" if _asset(part) else "unknown")
                said += f"\n\n[{_asset(part)}]" if _asset(part) else "\n\n" + as_json(part)
            text = said.strip()
        elif kind in ("tether_quote", "sonic_webpage"):
            text = f"[{content.get('title') or ''}]({content.get('url') or ''})\n\n{text}"
        elif kind == "tether_browsing_display":
            text = "\n\n".join(filter(None, (text_from(content.get("summary")), text)))
        elif kind == "system_error":
            text = f"{text_from(content.get('name'))}: {text}"
        elif not text and content:
            self._note("part", "changed", "unknown")
            text = as_json(content)
        if text:
            yield Result(tool, text, failed=kind == "system_error")

    def _thoughts(self, content: Mapping[str, Any]) -> Iterator[Event]:
        for thought in map(map_of, items_of(content.get("thoughts"))):
            lines = (text_from(thought.get("summary")), text_from(thought.get("content")))
            if text := "\n".join(filter(None, lines)):
                yield Think(text)

    def _part(self, part: Any, about: Mapping[str, Any], role: str) -> Iterator[Event]:
        if isinstance(part, str):
            if part:
                yield Say(self._linked(part, about))
            return
        value = map_of(part)
        kind = text_from(value.get("content_type"))
        if asset := _asset(value):
            if role == "user":
                yield self._file(asset, asset, "image_missing")
            else:
                self._note("part", "changed", "image_made")
                yield Say(f"[{asset}]")
        elif kind == "audio_transcription":
            yield Say(text_from(value.get("text")))
        elif "audio" in kind:
            self._note("part", "skipped", "audio")
        elif part:
            self._note("part", "changed", "unknown")
            yield Say(as_json(part))

    def _linked(self, text: str, about: Mapping[str, Any]) -> str:
        """Replace citation marks, which no font can show, with the text they stand for."""
        for reference in map(map_of, items_of(about.get("content_references"))):
            mark = text_from(reference.get("matched_text"))
            if _CITED in mark and mark in text:
                self._note("part", "changed", "citation")
                text = text.replace(mark, text_from(reference.get("alt")))
        return text

    def _attachments(self, content: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[Event]:
        shown = {_asset(map_of(part)) for part in items_of(content.get("parts"))}
        for one in map(map_of, items_of(about.get("attachments"))):
            known = text_from(one.get("id"))
            if known and known not in shown:
                yield self._file(known, text_from(one.get("name")) or known, "file_missing")

    def _file(self, known: str, name: str, missing: str) -> Event:
        found = self._find(known)
        if found is None:
            self._note("part", "changed", missing)
            return Say(f"[{name}]")
        try:
            part = read_file(name if name != known else found[0], found[1]).part
        except InvalidRequest:
            self._note("part", "changed", "file_refused")
            return Say(f"[{name}]")
        return File(part) if isinstance(part, Image) else Say(part.text)  # type: ignore[union-attr]


def _joined(content: Mapping[str, Any]) -> str:
    parts = items_of(content.get("parts"))
    return "\n\n".join(part for part in parts if isinstance(part, str) and part)


def _asset(part: Mapping[str, Any]) -> str:
    """Return the id of an image: ``file-service://file-…`` until 2024, ``sediment://file_…``."""
    pointer = text_from(part.get("asset_pointer"))
    if part.get("content_type") != "image_asset_pointer" or not pointer:
        return ""
    return re.split(r"[#?]", pointer.rpartition("//")[2])[0]
