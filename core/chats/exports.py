"""Chats as files: all of one as JSON that comes back whole, the shown branch for people and tuning.

The JSON is Diglot's own: ``{"format": "diglot-chat", "version": 1, "chat", "messages"}``, with
the messages of all branches, each after its parent. The line for tuning is OpenAI's format of
chat examples with tools (fine-tuning guide, 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from core.chats.answer import conversation
from core.chats.store import Store
from core.chats.values import Chat, ChatMessage
from core.errors import InvalidRequest
from core.translation.messages import ChatRequest, Message, Text, Tool, text_of
from core.translation.reading import encode_json, read_object, read_objects, read_text
from core.translation.translate import DIALECTS

__all__ = ["ExportKind", "dump_chat", "dump_example", "dump_markdown", "load_chat"]

ExportKind = Literal["json", "markdown", "jsonl"]

FORMAT = "diglot-chat"
VERSION = 1

# What a message is given anew where it is loaded.
_ANEW = ("id", "chat_id", "parent_id", "message", "created", "updated")


def dump_chat(chat: Chat, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    """Return a chat with all its branches. ``messages`` are those of Store.messages."""
    about = msgspec.to_builtins(chat)
    del about["owner"]
    rows = [msgspec.to_builtins(message) for message in messages]
    return {"format": FORMAT, "version": VERSION, "chat": about, "messages": rows}


def load_chat(store: Store, owner: str, body: Any) -> Chat:
    """Add a chat that ``dump_chat`` wrote, under new ids; nothing is added where it is broken.

    An answer that was being written counts as interrupted. Raises InvalidRequest with the path
    of what is wrong.
    """
    body = read_object(body, "")
    if body.get("format") != FORMAT or body.get("version") != VERSION:
        raise InvalidRequest(
            f"this is no chat that Diglot has exported (format {FORMAT!r}, version {VERSION})",
            path="format",
        )
    about = read_object(body.get("chat"), "chat")
    rows = _checked(read_objects(body.get("messages"), "messages"))
    chat = store.create_chat(owner, title=read_text(about.get("title"), "chat.title"))
    places: dict[str | None, str | None] = {None: None}
    for row in rows:
        facts = {k: v for k, v in msgspec.structs.asdict(row).items() if k not in _ANEW}
        state = "interrupted" if row.state == "running" else row.state
        added = store.add_message(
            owner,
            chat.id,
            row.message,
            parent_id=places[row.parent_id],
            **{**facts, "state": state},
        )
        places[row.id] = added.id
    leaf = places.get(about.get("leaf"))
    if leaf is not None:
        store.set_leaf(owner, chat.id, leaf)
    return store.chat(owner, chat.id)


def _checked(rows: Sequence[dict[str, Any]]) -> list[ChatMessage]:
    known: set[str | None] = {None}
    found = []
    for index, row in enumerate(rows):
        path = f"messages[{index}]"
        try:
            message = msgspec.convert(row, ChatMessage)
        except msgspec.ValidationError as exc:
            raise InvalidRequest(f"{path}: {exc}", path=path) from exc
        if message.parent_id not in known:
            raise InvalidRequest(
                f"{path} follows a message that does not stand before it", path=f"{path}.parent_id"
            )
        known.add(message.id)
        found.append(message)
    return found


def dump_markdown(chat: Chat, path: Sequence[ChatMessage]) -> str:
    """Return the shown branch as a person would read it, calls and their results included."""
    out = [f"# {chat.title}" if chat.title else "# Chat"]
    for row in path:
        out.append("## User" if row.message.role == "user" else f"## {row.model or 'Assistant'}")
        for step in row.steps:
            out += [step.text] if step.text else []
            for call in step.calls:
                out.append(f"`{call.name}` {_fenced(call.arguments, 'json')}")
                out.append(_fenced(call.result or "", ""))
        out.append(text_of(row.message))
    return "\n\n".join(part for part in out if part) + "\n"


def _fenced(text: str, language: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"\n\n{fence}{language}\n{text}\n{fence}"


def dump_example(
    path: Sequence[ChatMessage], *, tools: Sequence[Tool] = (), system: str = ""
) -> bytes:
    """Return the shown branch as one line of OpenAI's fine-tuning JSONL.

    ``tools`` are what the model could call. Raises InvalidRequest where the branch does not end
    in an answer, since there would be nothing to learn.
    """
    messages = conversation(path)
    if not messages or messages[-1].role != "assistant":
        raise InvalidRequest("a chat to learn from ends in an answer", path="messages")
    before = (Message(role="system", parts=(Text(system),)),) if system else ()
    request = ChatRequest(model="", messages=(*before, *messages), tools=tuple(tools))
    body: Mapping[str, Any] = DIALECTS["openai"].dump_request(request)
    kept = {key: body[key] for key in ("messages", "tools") if body.get(key)}
    return encode_json(kept) + b"\n"
