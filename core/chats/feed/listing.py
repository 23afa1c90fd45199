"""The list of chats at the side of the pages, what a search in it finds, and changes to a line."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET, Struct, UnsetType

from core.chats.service import Service
from core.chats.values.chat import Chat, Found
from core.errors import InvalidRequest
from core.translation.codec.json import JSON_ERRORS
from core.words import say

LISTED = 24
"""Chats that are listed at first: the others are asked for."""

_TITLES = 500
"""Chats of which the titles are searched, the newest first."""

_FOUND = 30
_TITLE_CHARS = 200


class LineView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A chat in the list. ``day`` are the words that it stands under: those for pinned ones, or
    for the day of its last message.
    """

    id: str
    title: str
    day: str
    pinned: bool = False


class ListView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The list. ``at`` is when it was read, in nanoseconds; ``more`` says that there are others."""

    at: int
    chats: tuple[LineView, ...] = ()
    more: bool = False


class FoundView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A chat whose title was found, or a message: then ``pieces`` are its words, of which every
    second one is what was looked for.
    """

    chat: str
    title: str
    message: str = ""
    who: str = ""
    pieces: tuple[str, ...] = ()


class LineChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change in a line of the list."""

    title: str | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


def list_chats(service: Service, owner: str, language: str, *, limit: int = LISTED) -> ListView:
    """Return the first ``limit`` chats: pinned ones, then by their last message."""
    now = time.time_ns()
    found = service.store.chats(owner, limit=limit + 1)
    lines = tuple(
        LineView(
            id=chat.id,
            title=_title(chat, language),
            day=say(f"chat.{_day(chat)}", language),
            pinned=chat.pinned,
        )
        for chat in found[:limit]
    )
    return ListView(at=now, chats=lines, more=len(found) > limit)


def find_chats(service: Service, owner: str, language: str, typed: str) -> tuple[FoundView, ...]:
    """Return the chats with what was typed in their titles, and the messages that have it."""
    wanted = typed.strip().casefold()
    if not wanted:
        return ()
    titled = [
        FoundView(chat=chat.id, title=_title(chat, language))
        for chat in service.store.chats(owner, limit=_TITLES)
        if wanted in chat.title.casefold()
    ]
    said = service.store.search.find(owner, typed, limit=_FOUND)
    return (*titled[:_FOUND], *(_found(one, language) for one in said))


def change_line(service: Service, owner: str, chat_id: str, body: bytes) -> None:
    """Rename, pin, hide or restore a chat. Raises InvalidRequest."""
    try:
        change = msgspec.json.decode(body, type=LineChange)
    except JSON_ERRORS as exc:
        raise InvalidRequest(f"this cannot be read: {exc}") from exc
    if change.title is not UNSET:
        title = " ".join(change.title.split())[:_TITLE_CHARS]
        if not title:
            raise InvalidRequest("a title has words", path="title")
        service.store.rename(owner, chat_id, title)
    if change.pinned is not UNSET:
        service.store.update_chat(owner, chat_id, pinned=change.pinned)
    if change.hidden is True:
        service.hide_chat(owner, chat_id)
    elif change.hidden is False:
        service.store.restore_chat(owner, chat_id)


def _found(found: Found, language: str) -> FoundView:
    who = say(f"search.{found.role}", language) if found.role in ("user", "assistant") else ""
    pieces, place = [], 0
    for start, end in found.marks:
        pieces += [found.excerpt[place:start], found.excerpt[start:end]]
        place = end
    return FoundView(
        chat=found.chat.id,
        title=_title(found.chat, language),
        message=found.message_id,
        who=who or found.role,
        pieces=(*pieces, found.excerpt[place:]),
    )


def _title(chat: Chat, language: str) -> str:
    return chat.title.strip() or say("chat.untitled", language)


def _day(chat: Chat) -> str:
    """Return the word for where a chat stands: pinned, or the day of its last message."""
    if chat.pinned:
        return "pinned"
    then = datetime.fromtimestamp(chat.updated / 1e9).date()
    today = datetime.now().date()
    if then == today:
        return "today"
    if then == today - timedelta(days=1):
        return "yesterday"
    return "week" if then > today - timedelta(days=7) else "older"
