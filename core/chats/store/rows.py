"""Rows of the tables as values, and queries that several parts of the store share."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from core.chats.store.search_words import words_of
from core.chats.store.tables import chats, messages, pieces, words
from core.chats.values.chat import Chat, ChatMessage
from core.errors import AccessDenied, InvalidRequest
from core.translation.messages import Message, Text, text_of


def new_id() -> str:
    """Return an id that cannot be guessed, since ids are used in links."""
    return secrets.token_hex(16)


def named(owner: str) -> str:
    """Return ``owner``. Raises AccessDenied where it is empty."""
    if not owner:
        raise AccessDenied("a chat needs an owner: no user and no browser was recognised")
    return owner


def owned(owner: str) -> ColumnElement[bool]:
    """Return the condition that a chat is the owner's."""
    return chats.c.owner == named(owner)


def not_found(what: str) -> InvalidRequest:
    """Return the error for an object that does not exist or belongs to another owner."""
    return InvalidRequest(f"there is no such {what}", status=404, code="not_found")


def find_chat(db: Connection, owner: str, chat_id: str) -> Chat:
    """Return a chat of the owner's, hidden or not. Raises InvalidRequest (404)."""
    query = select(chats).where(chats.c.id == chat_id, owned(owner))
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise not_found("chat")
    return chat_of(row)


def find_message(
    db: Connection, owner: str, message_id: str, *, chat_id: str | None = None
) -> ChatMessage:
    """Return a message of the owner's, hidden or not. Raises InvalidRequest (404)."""
    query = select(messages).join(chats).where(messages.c.id == message_id, owned(owner))
    if chat_id is not None:
        query = query.where(messages.c.chat_id == chat_id)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise not_found("message")
    return messages_of(db, [row])[0]


def in_chat(chat_id: str) -> ColumnElement[bool]:
    """Return the condition that a message is in a chat, for those that are few in all chats.

    It uses no index: SQLite would choose that of the chat, and look at each message of a long one.
    """
    return messages.c.chat_id.concat("") == chat_id


def tree(
    db: Connection, chat_id: str, parents: Collection[str | None] | None = None
) -> dict[str | None, tuple[str, ...]]:
    """Return the ids of each message's visible children, the oldest first.

    With ``parents``, messages of this chat, only their children are read: a chat may be long.
    """
    query = select(messages.c.id, messages.c.parent_id).where(messages.c.hidden == 0)
    if parents is None or None in parents:
        # Roots have no parent to be found by; a branch that is shown from its root is short.
        query = query.where(messages.c.chat_id == chat_id)
    else:
        query = query.where(messages.c.parent_id.in_(parents))
    children: dict[str | None, tuple[str, ...]] = {}
    for message_id, parent_id in db.execute(query.order_by(messages.c.created, messages.c.id)):
        children[parent_id] = (*children.get(parent_id, ()), message_id)
    return children


def chat_of(row: Mapping[Any, Any]) -> Chat:
    """Return a row as a chat."""
    return Chat(**cast(Mapping[str, Any], row))


def messages_of(db: Connection, rows: Iterable[Mapping[Any, Any]]) -> list[ChatMessage]:
    """Return rows as messages, each with the pieces that it has gained since it was written."""
    found = [ChatMessage(**cast(Mapping[str, Any], row)) for row in rows]
    # A complete answer has been joined when it ended.
    open_ones = [one.id for one in found if one.state != "complete"]
    gained: dict[str, list[Row[Any]]] = {}
    if open_ones:
        query = select(pieces).where(pieces.c.message_id.in_(open_ones))
        for piece in db.execute(query.order_by(pieces.c.number)):
            gained.setdefault(piece.message_id, []).append(piece)
    return [_joined(one, gained.get(one.id, ())) for one in found]


def _joined(one: ChatMessage, gained: Sequence[Row[Any]]) -> ChatMessage:
    if not gained:
        return one
    text = "".join((text_of(one.message), *(piece.text for piece in gained)))
    thinking = "".join((one.message.thinking, *(piece.thinking for piece in gained)))
    whole = replace(one.message, parts=(Text(text),) if text else (), thinking=thinking)
    return replace(one, message=whole, updated=max(one.updated, gained[-1].written))


def index_words(db: Connection, message_id: str, message: Message) -> None:
    """Index the words of a finished message for the search."""
    text = words_of(text_of(message))
    done = db.execute(update(words).where(words.c.message_id == message_id).values(text=text))
    if done.rowcount == 0:
        db.execute(insert(words).values(message_id=message_id, text=text))
