"""Rows of the tables as values, and queries that several parts of the store share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from msgspec.structs import replace
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    insert,
    literal,
    select,
    update,
)

from core.chats.store.search_words import words_of
from core.chats.store.tables import chats, messages, pieces, words
from core.chats.values.chat import Chat, ChatMessage
from core.errors import AccessDenied, InvalidRequest
from core.translation.messages import Message, Text, text_of

_NAMES = tuple(messages.c.keys())

# Statements that each question needs are made once: making one takes longer than running it.
_CHAT = select(chats).where(chats.c.id == bindparam("id"), chats.c.owner == bindparam("owner"))
_MESSAGE = (
    select(messages)
    .join(chats)
    .where(messages.c.id == bindparam("id"), chats.c.owner == bindparam("owner"))
)


def _branch(*, limited: bool) -> Select[Any]:
    """Return the query for the messages from the root, or the last ``limit``, to ``leaf``."""
    walk = (
        select(messages.c.id, messages.c.parent_id, literal(1).label("depth"))
        .where(messages.c.id == bindparam("leaf"))
        .cte("walk", recursive=True)
    )
    above = select(messages.c.id, messages.c.parent_id, walk.c.depth + 1).join(
        walk, messages.c.id == walk.c.parent_id
    )
    if limited:
        above = above.where(walk.c.depth < bindparam("limit"))
    walk = walk.union_all(above)
    query = select(messages).join(walk, messages.c.id == walk.c.id)
    return query.order_by(walk.c.depth.desc())


_WHOLE_BRANCH, _END_OF_BRANCH = _branch(limited=False), _branch(limited=True)


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
    row = db.execute(_CHAT, {"id": chat_id, "owner": named(owner)}).mappings().one_or_none()
    if row is None:
        raise not_found("chat")
    return chat_of(row)


def find_message(
    db: Connection, owner: str, message_id: str, *, chat_id: str | None = None
) -> ChatMessage:
    """Return a message of the owner's, hidden or not. Raises InvalidRequest (404)."""
    row = db.execute(_MESSAGE, {"id": message_id, "owner": named(owner)}).one_or_none()
    if row is None or chat_id not in (None, row.chat_id):
        raise not_found("message")
    return messages_of(db, [row])[0]


def read_branch(db: Connection, leaf: str, limit: int | None = None) -> list[ChatMessage]:
    """Return the messages from the root to ``leaf``; with ``limit`` only the last so many."""
    query = _WHOLE_BRANCH if limit is None else _END_OF_BRANCH
    return messages_of(db, db.execute(query, {"leaf": leaf, "limit": limit}))


def in_chat(chat_id: str | BindParameter[str]) -> ColumnElement[bool]:
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


def messages_of(db: Connection, rows: Iterable[Row[Any]]) -> list[ChatMessage]:
    """Return whole rows as messages, each with the pieces it has gained since it was written."""
    # Not by the rows' mappings: they look each name up again, which took half of the time.
    found = [ChatMessage(**dict(zip(_NAMES, row, strict=True))) for row in rows]
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
