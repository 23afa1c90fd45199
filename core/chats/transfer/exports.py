"""Chats as files: a whole chat as JSON, or the shown branch as Markdown or for fine-tuning.

The JSON is Diglot's own: ``{"format": "diglot-chat", "version": 1, "chat", "messages"}``, with
the messages of all branches, each after its parent. The line for tuning is OpenAI's format of
chat examples with tools (fine-tuning guide, 2026).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from core.chats.jobs.answer import conversation
from core.chats.values.chat import Chat, ChatMessage
from core.errors import InvalidRequest
from core.translation.codec.json import encode_json, read_object, read_objects, read_text
from core.translation.dialects.registry import DIALECTS
from core.translation.fields.field import COMMON
from core.translation.messages import ChatRequest, Tool, text_of

ExportKind = Literal["json", "markdown", "jsonl"]


class Ending(NamedTuple):
    """File name endings: of one chat, and of all."""

    one: str
    all: str


ENDINGS: Mapping[ExportKind, Ending] = {
    "json": Ending("json", "json"),
    "markdown": Ending("md", "zip"),
    "jsonl": Ending("jsonl", "jsonl"),
}

FORMAT = "diglot-chat"
VERSION = 1


def dump_chat(chat: Chat, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    """Return a chat with all its branches. ``messages`` are those of Store.messages."""
    about = msgspec.to_builtins(chat)
    del about["owner"]
    rows = [msgspec.to_builtins(message) for message in messages]
    return {"format": FORMAT, "version": VERSION, "chat": about, "messages": rows}


def dump_chats(chats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return several chats, each as ``dump_chat`` gives it, as one body."""
    return {"format": f"{FORMAT}s", "version": VERSION, "chats": list(chats)}


def zip_files(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return files as one ZIP archive. Names are made unique and valid on every system."""
    out = io.BytesIO()
    used: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            stem, dot, ending = name.rpartition(".")
            stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", stem).strip(" .")[:80] or "chat"
            whole, count = f"{stem}{dot}{ending}", 1
            while whole.lower() in used:
                count += 1
                whole = f"{stem} ({count}){dot}{ending}"
            used.add(whole.lower())
            archive.writestr(whole, data)
    return out.getvalue()


def read_chats(body: Any) -> list[tuple[Chat, list[ChatMessage]]]:
    """Return the chats that ``dump_chat`` or ``dump_chats`` wrote, each with its messages.

    Raises InvalidRequest with the path of what is wrong.
    """
    body = read_object(body, "")
    if body.get("version") == VERSION and body.get("format") == f"{FORMAT}s":
        each = read_objects(body.get("chats"), "chats")
        return [_read_chat(one, f"chats[{place}].") for place, one in enumerate(each)]
    return [_read_chat(body, "")]


def _read_chat(body: Mapping[str, Any], path: str) -> tuple[Chat, list[ChatMessage]]:
    if body.get("format") != FORMAT or body.get("version") != VERSION:
        raise InvalidRequest(
            f"this is no chat that Diglot has exported (format {FORMAT!r}, version {VERSION})",
            path=f"{path}format",
        )
    about = read_object(body.get("chat"), f"{path}chat")
    read_text(about.get("title"), f"{path}chat.title")
    try:
        chat = msgspec.convert({**about, "owner": ""}, Chat)
    except msgspec.ValidationError as exc:
        raise InvalidRequest(f"{path}chat: {exc}", path=f"{path}chat") from exc
    return chat, _checked(read_objects(body.get("messages"), f"{path}messages"), path)


def _checked(rows: Sequence[dict[str, Any]], before: str) -> list[ChatMessage]:
    known: set[str | None] = {None}
    found = []
    for index, row in enumerate(rows):
        path = f"{before}messages[{index}]"
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
    """Return the shown branch as Markdown, including calls and their results."""
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


def dump_example(path: Sequence[ChatMessage], *, tools: Sequence[Tool]) -> bytes:
    """Return the shown branch as one line of OpenAI's fine-tuning JSONL.

    ``tools`` are what the model could call. Raises InvalidRequest where the branch does not end
    in an answer, since there would be nothing to learn.
    """
    messages = conversation(path)
    if not messages or messages[-1].role != "assistant":
        raise InvalidRequest("a chat to learn from ends in an answer", path="messages")
    request = ChatRequest(model="", messages=tuple(messages), tools=tuple(tools))
    body: Mapping[str, Any] = DIALECTS[COMMON].dump_request(request)
    kept = {key: body[key] for key in ("messages", "tools") if body.get(key)}
    return encode_json(kept) + b"\n"
