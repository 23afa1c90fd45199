"""The store of conversations, each of which has one owner.

Every method about a chat takes its owner first. What belongs to somebody else behaves
exactly like what is not there: InvalidRequest with status 404 and code ``not_found``. An
empty owner is refused (AccessDenied), or everybody without a name would share one history.

Methods are synchronous and may be called from any thread. They raise BackendUnavailable
(code ``store_unavailable``) when the database is gone, full, or locked for too long.

Nothing is lost by talking on: an edited question and a second answer are siblings, children
of one parent.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Unpack, cast

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    delete,
    exists,
    insert,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from core.chats.tables import cause, chats, messages, open_engine
from core.chats.values import Chat, ChatChanges, ChatMessage, MessageChanges, MessageFacts
from core.errors import AccessDenied, BackendUnavailable, InvalidRequest
from core.translation.messages import Message

__all__ = ["Store"]


class Store:
    """Chats in a SQLite file, or in PostgreSQL by its URL.

    ``sqlite:///chats.db`` is beside the working directory, ``sqlite:////var/chats.db`` is
    absolute; the file and its folder are made when missing. ``postgresql+psycopg://...``
    needs the package psycopg. Raises ConfigError for what cannot be opened.
    """

    def __init__(self, url: str = "sqlite:///chats.db") -> None:
        self._engine = open_engine(url)
        self._writer = self._engine.execution_options(writes=True)
        self._clock = _Clock()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def create_chat(self, owner: str, **given: Unpack[ChatChanges]) -> Chat:
        """Make an empty chat."""
        now = self._clock.now()
        chat = Chat(id=_new_id(), owner=_named(owner), created=now, updated=now, **given)
        with _transaction(self._writer) as db:
            db.execute(insert(chats).values(msgspec.structs.asdict(chat)))
        return chat

    def chats(self, owner: str, *, limit: int = 50, before: Chat | None = None) -> list[Chat]:
        """Return chats, pinned ones first, then by their last message, the newest first.

        ``before`` is the last chat of the page already shown. Temporary chats are left out.
        """
        query = select(chats).where(_owned(owner), chats.c.temporary.is_(False))
        if before is not None:
            place = tuple_(chats.c.pinned, chats.c.updated, chats.c.id)
            query = query.where(place < (before.pinned, before.updated, before.id))
        query = query.order_by(
            chats.c.pinned.desc(), chats.c.updated.desc(), chats.c.id.desc()
        ).limit(limit)
        with _transaction(self._engine) as db:
            return [_chat_of(row) for row in db.execute(query).mappings()]

    def chat(self, owner: str, chat_id: str) -> Chat:
        """Return one chat."""
        with _transaction(self._engine) as db:
            return _find_chat(db, owner, chat_id)

    def rename(self, owner: str, chat_id: str, title: str) -> None:
        """Give a chat another title."""
        self.update_chat(owner, chat_id, title=title)

    def update_chat(self, owner: str, chat_id: str, **changes: Unpack[ChatChanges]) -> None:
        """Change what is given and leave the rest; its place in the list stays."""
        with _transaction(self._writer) as db:
            _find_chat(db, owner, chat_id)
            if changes:
                db.execute(update(chats).where(chats.c.id == chat_id).values(**changes))

    def delete_chat(self, owner: str, chat_id: str) -> None:
        """Delete a chat with all its messages."""
        with _transaction(self._writer) as db:
            _find_chat(db, owner, chat_id)
            db.execute(delete(chats).where(chats.c.id == chat_id))

    def add_message(
        self,
        owner: str,
        chat_id: str,
        message: Message,
        *,
        parent_id: str | None,
        **given: Unpack[MessageFacts],
    ) -> ChatMessage:
        """Add a child to a message (None: to the chat itself) and make it the chat's leaf."""
        now = self._clock.now()
        added = ChatMessage(
            id=_new_id(),
            chat_id=chat_id,
            parent_id=parent_id,
            message=message,
            created=now,
            updated=now,
            **given,
        )
        with _transaction(self._writer) as db:
            _find_chat(db, owner, chat_id)
            if parent_id is not None:
                _find_message(db, owner, parent_id, chat_id=chat_id)
            db.execute(insert(messages).values(msgspec.structs.asdict(added)))
            moved = update(chats).where(chats.c.id == chat_id)
            db.execute(moved.values(leaf=added.id, updated=now))
        return added

    def message(self, owner: str, message_id: str) -> ChatMessage:
        """Return one message."""
        with _transaction(self._engine) as db:
            return _find_message(db, owner, message_id)

    def update_message(
        self, owner: str, message_id: str, **changes: Unpack[MessageChanges]
    ) -> None:
        """Change what is given and leave the rest; with nothing given, only touch ``updated``."""
        mine = exists().where(chats.c.id == messages.c.chat_id, _owned(owner))
        query = update(messages).where(messages.c.id == message_id, mine)
        with _transaction(self._writer) as db:
            done = db.execute(query.values(**changes, updated=self._clock.now()))
            if done.rowcount == 0:
                raise _not_found("message")

    def path(
        self, owner: str, chat_id: str, leaf: str | None = None, *, limit: int | None = None
    ) -> list[ChatMessage]:
        """Return the messages from the root to ``leaf``, by default to the leaf of the chat.

        With ``limit`` only the last so many. An empty chat has an empty path.
        """
        with _transaction(self._engine) as db:
            end = leaf or _find_chat(db, owner, chat_id).leaf
            if end is None:
                return []
            last = _find_message(db, owner, end, chat_id=chat_id)
            walk = (
                select(messages.c.id, messages.c.parent_id, literal(1).label("depth"))
                .where(messages.c.id == last.id)
                .cte("walk", recursive=True)
            )
            above = select(messages.c.id, messages.c.parent_id, walk.c.depth + 1).join(
                walk, messages.c.id == walk.c.parent_id
            )
            if limit is not None:
                above = above.where(walk.c.depth < limit)
            walk = walk.union_all(above)
            query = select(messages).join(walk, messages.c.id == walk.c.id)
            rows = db.execute(query.order_by(walk.c.depth.desc())).mappings()
            return [_message_of(row) for row in rows]

    def messages(self, owner: str, chat_id: str) -> list[ChatMessage]:
        """Return every message of a chat, on all its branches, the oldest first."""
        with _transaction(self._engine) as db:
            _find_chat(db, owner, chat_id)
            query = select(messages).where(messages.c.chat_id == chat_id)
            rows = db.execute(query.order_by(messages.c.created, messages.c.id)).mappings()
            return [_message_of(row) for row in rows]

    def tree(self, owner: str, chat_id: str) -> dict[str | None, tuple[str, ...]]:
        """Return the ids of every message's children, the oldest first; None has the roots."""
        with _transaction(self._engine) as db:
            _find_chat(db, owner, chat_id)
            return _tree(db, chat_id)

    def siblings(self, owner: str, message_id: str) -> list[ChatMessage]:
        """Return the children of a message's parent, itself among them, the oldest first."""
        with _transaction(self._engine) as db:
            one = _find_message(db, owner, message_id)
            query = select(messages).where(
                messages.c.chat_id == one.chat_id,
                messages.c.parent_id.is_not_distinct_from(one.parent_id),
            )
            rows = db.execute(query.order_by(messages.c.created, messages.c.id)).mappings()
            return [_message_of(row) for row in rows]

    def set_leaf(self, owner: str, chat_id: str, message_id: str, *, newest: bool = False) -> str:
        """Show the branch that ends at a message; return the new leaf.

        With ``newest`` the branch goes on below it, along the newest child each time: what
        a person wants who changes to another sibling.
        """
        with _transaction(self._writer) as db:
            leaf = _find_message(db, owner, message_id, chat_id=chat_id).id
            children = _tree(db, chat_id) if newest else {}
            while leaf in children:
                leaf = children[leaf][-1]
            db.execute(update(chats).where(chats.c.id == chat_id).values(leaf=leaf))
            return leaf

    def recover(self, *, idle: float = 0) -> int:
        """Mark answers as interrupted whose process is gone; return how many, of all owners.

        For the start of the program. Where several processes share a database, ``idle`` is
        the number of seconds without a write after which an answer counts as abandoned: a
        living job writes at least every core.chats.jobs.TOUCH_EVERY seconds.
        """
        query = update(messages).where(
            messages.c.state == "running",
            messages.c.updated <= self._clock.now() - int(idle * 1e9),
        )
        with _transaction(self._writer) as db:
            return db.execute(query.values(state="interrupted")).rowcount

    def forget(self, *, idle: float = 0) -> int:
        """Delete temporary chats without a new message for ``idle`` seconds; return how many."""
        query = delete(chats).where(
            chats.c.temporary.is_(True),
            chats.c.updated <= self._clock.now() - int(idle * 1e9),
        )
        with _transaction(self._writer) as db:
            return db.execute(query).rowcount


class _Clock:
    """Nanoseconds since 1970 that rise strictly, so that siblings can be sorted by them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return self._last


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as db:
            yield db
    except SQLAlchemyError as error:
        raise BackendUnavailable(
            f"the chat store did not do what was asked: {cause(error)}", code="store_unavailable"
        ) from error


def _new_id() -> str:
    # 128 random bits: an id in a link must not be guessable.
    return secrets.token_hex(16)


def _named(owner: str) -> str:
    if not owner:
        raise AccessDenied("a chat needs an owner: no user and no browser was recognised")
    return owner


def _owned(owner: str) -> ColumnElement[bool]:
    return chats.c.owner == _named(owner)


def _not_found(what: str) -> InvalidRequest:
    return InvalidRequest(f"there is no such {what}", status=404, code="not_found")


def _find_chat(db: Connection, owner: str, chat_id: str) -> Chat:
    query = select(chats).where(chats.c.id == chat_id, _owned(owner))
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise _not_found("chat")
    return _chat_of(row)


def _find_message(
    db: Connection, owner: str, message_id: str, *, chat_id: str | None = None
) -> ChatMessage:
    query = select(messages).join(chats).where(messages.c.id == message_id, _owned(owner))
    if chat_id is not None:
        query = query.where(messages.c.chat_id == chat_id)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise _not_found("message")
    return _message_of(row)


def _tree(db: Connection, chat_id: str) -> dict[str | None, tuple[str, ...]]:
    query = select(messages.c.id, messages.c.parent_id).where(messages.c.chat_id == chat_id)
    children: dict[str | None, tuple[str, ...]] = {}
    for message_id, parent_id in db.execute(query.order_by(messages.c.created, messages.c.id)):
        children[parent_id] = (*children.get(parent_id, ()), message_id)
    return children


def _chat_of(row: RowMapping) -> Chat:
    return Chat(**cast(dict[str, Any], row))


def _message_of(row: RowMapping) -> ChatMessage:
    return ChatMessage(**cast(dict[str, Any], row))
