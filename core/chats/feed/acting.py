"""What a person can do to a chat: ask, answer anew, edit, choose a version, delete, rate."""

from __future__ import annotations

from typing import Literal, assert_never

import msgspec
from msgspec import Struct

from core.chats.jobs.approving import Verdict
from core.chats.service import Service
from core.chats.transfer.attachments import read_file, text_part
from core.chats.values.chat import ChatOptions
from core.errors import InvalidRequest
from core.translation.codec.json import JSON_ERRORS
from core.translation.dialects.registry import DIALECTS
from core.translation.messages import Part
from core.words import say

NEW = "new"
"""Stands in an address for a chat that is made by what is asked."""

_TITLE_CHARS = 60
_MOST = 4

Deed = Literal[
    "ask", "answer", "again", "write_on", "edit", "rewrite", "show", "hide", "restore", "rate",
    "branch", "decide",
]  # fmt: skip


class SentFile(Struct, frozen=True):
    """A file beside a question: its bytes, or its text as it was read for the preview."""

    name: str
    data: bytes = b""
    text: str | None = None


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deed. ``message`` is what it is done to; ``options`` are what is asked with, one or
    several side by side. A ``temporary`` chat is one that is made so. ``verdict`` is about the
    ``call`` that an answer waits with.
    """

    do: Deed
    message: str = ""
    text: str = ""
    files: tuple[SentFile, ...] = ()
    options: tuple[ChatOptions, ...] = ()
    rating: Literal[-1, 0, 1] = 0
    temporary: bool = False
    call: str = ""
    verdict: Verdict = "no"


def read_asked(body: bytes) -> Asked:
    """Read what a page sends. Raises InvalidRequest."""
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except JSON_ERRORS as exc:
        raise InvalidRequest(f"this cannot be read: {exc}") from exc
    if len(asked.options) > _MOST:
        raise InvalidRequest(f"at most {_MOST} are asked at once", path="options")
    for one in asked.options:
        unknown = set(one.settings) - set(DIALECTS[one.dialect].settings.by_name)
        if unknown:
            raise InvalidRequest(f"unknown settings: {', '.join(sorted(unknown))}", path="options")
    return asked


def act(service: Service, owner: str, chat_id: str, asked: Asked, language: str) -> str:
    """Do it and return the id of the chat to show. Blocks; raises DiglotError."""
    if asked.do == "ask":
        return _ask(service, owner, chat_id, asked, language)
    if asked.do == "branch":
        return service.branch(owner, chat_id, asked.message).id
    _change(service, owner, chat_id, asked)
    return chat_id


def _change(service: Service, owner: str, chat_id: str, asked: Asked) -> None:
    store, message_id = service.store, asked.message
    match asked.do:
        case "answer":
            service.answer(owner, chat_id, _options(asked)[0])
        case "again":
            service.regenerate(owner, chat_id, message_id, _options(asked)[0])
        case "write_on":
            service.write_on(owner, chat_id, message_id, _options(asked)[0])
        case "edit":
            service.edit(owner, chat_id, message_id, _text(asked), _options(asked)[0])
        case "rewrite":
            service.rewrite(owner, chat_id, message_id, _text(asked))
        case "show":
            store.set_leaf(owner, chat_id, message_id, newest=True)
        case "hide":
            service.hide_message(owner, message_id)
        case "restore":
            store.restore_message(owner, message_id)
        case "rate":
            store.update_message(owner, message_id, rating=asked.rating)
        case "decide":
            answers = service.running(owner, store.message(owner, message_id).chat_id)
            service.approvals.settle(answers, message_id, asked.call, asked.verdict)
        case "ask" | "branch":
            raise AssertionError("these say which chat to show")
        case _:
            assert_never(asked.do)


def _ask(service: Service, owner: str, chat_id: str, asked: Asked, language: str) -> str:
    options = _options(asked)
    files: list[Part] = [_part(file) for file in asked.files]
    if not asked.text.strip() and not files:
        raise InvalidRequest("there is nothing to ask", path="text")
    text = asked.text if asked.text.strip() else say("chat.look", language)
    made = None
    if chat_id == NEW:
        title = asked.text.strip()[:_TITLE_CHARS] or say("chat.untitled", language)
        made = service.store.create_chat(owner, title=title, temporary=asked.temporary)
        chat_id = made.id
    try:
        if len(options) > 1:
            service.compare(owner, chat_id, text, options, files=files)
        else:
            service.ask(owner, chat_id, text, options[0], files=files)
    except Exception:
        # A chat that begins with nothing would stand in the list.
        if made is not None:
            service.store.delete_chat(owner, made.id)
        raise
    return chat_id


def _part(file: SentFile) -> Part:
    if file.text is not None:
        return text_part(file.name, file.text)
    return read_file(file.name, file.data).part


def _options(asked: Asked) -> tuple[ChatOptions, ...]:
    if not asked.options or not all(one.model for one in asked.options):
        raise InvalidRequest("no model was chosen", path="options")
    return asked.options


def _text(asked: Asked) -> str:
    if not asked.text.strip():
        raise InvalidRequest("there are no words", path="text")
    return asked.text.strip()
