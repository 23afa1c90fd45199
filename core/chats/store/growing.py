"""Answers that are being written. Each row has one writer: a job, in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Delete,
    Engine,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from core.chats.store.news import News
from core.chats.store.rows import in_chat, index_words, messages_of, named, owned
from core.chats.store.tables import Rows, chats, messages, pieces, transaction
from core.chats.values.chat import ChatMessage, MessageChanges, State

_UNFINISHED = ("running", "interrupted")
"""States that a running job may write to: ``interrupted`` too, as it may have been taken for dead
during an outage of the database.
"""

# Made once: each look at a chat asks for it.
_OF_CHAT = (
    select(messages)
    .where(messages.c.state == "running", in_chat(bindparam("chat_id")))
    .where(exists().where(chats.c.id == messages.c.chat_id, chats.c.owner == bindparam("owner")))
    .order_by(messages.c.created, messages.c.id)
)


class Piece(Struct, frozen=True, kw_only=True):
    """What an answer has gained; the ``number`` rises with each piece of one job."""

    number: int
    text: str = ""
    thinking: str = ""


class GrowingAnswers(Rows):
    """The rows in state ``running``, of all owners and all processes on one database.

    ``now`` gives nanoseconds since 1970; ``news`` tells of what is written. Methods raise
    BackendUnavailable (``store_unavailable``) while the database is down.
    """

    def __init__(self, reader: Engine, writer: Engine, now: Callable[[], int], news: News) -> None:
        super().__init__(reader, writer)
        self._now = now
        self.news = news

    def write(
        self, owner: str, message_id: str, job: str, **changes: Unpack[MessageChanges]
    ) -> bool:
        """Write an answer for its job; return whether the row still belongs to that job.

        It does not once the row was deleted, taken over by another job, or stopped by another
        process: then only a final state is written, no growing text.
        """
        query = update(messages).where(self._is_of(owner, message_id, job))
        grows = changes.get("state") == "running"
        if grows:
            query = query.where(messages.c.state.in_(_UNFINISHED))
        query = query.values(**changes, updated=self._now())
        # A sign of life is no news.
        if "message" in changes:
            query = self.news.told(query, messages.c.id)
        with transaction(self._writer) as db:
            if db.execute(query).rowcount == 0:
                return False
            if "message" in changes:
                db.execute(_pieces_of(message_id))
                # A growing answer is written often, so it is indexed only when it has ended.
                if not grows:
                    index_words(db, message_id, changes["message"])
        return True

    def append(self, owner: str, message_id: str, job: str, piece: Piece) -> bool:
        """Add to a growing answer what came since the last write; return whether it was added.

        It is not where the row is no longer the job's or no longer ``running``: ``write`` the whole
        answer then, which tells the two apart.
        """
        values = (literal(message_id), literal(piece.number), literal(self._now()),
                  literal(piece.text), literal(piece.thinking))  # fmt: skip
        mine = exists().where(self._is_of(owner, message_id, job), messages.c.state == "running")
        into = insert(pieces).from_select(_PIECE, select(*values).where(mine))
        into = self.news.told(into, pieces.c.message_id)
        into = into.execution_options(preserve_rowcount=True)
        with transaction(self._writer) as db:
            return db.execute(into).rowcount > 0

    def _is_of(self, owner: str, message_id: str, job: str) -> ColumnElement[bool]:
        mine = exists().where(chats.c.id == messages.c.chat_id, owned(owner))
        return and_(messages.c.id == message_id, messages.c.writer == job, mine)

    def of_chat(self, owner: str, chat_id: str) -> list[ChatMessage]:
        """Return the answers that are being written in a chat of the owner's, the oldest first."""
        with transaction(self._reader) as db:
            rows = db.execute(_OF_CHAT, {"chat_id": chat_id, "owner": named(owner)})
            return messages_of(db, rows)

    def stop(self, owner: str, message_id: str) -> None:
        """Ask the job that writes an answer to stop, in whatever process it runs."""
        mine = exists().where(chats.c.id == messages.c.chat_id, owned(owner))
        self._end(messages.c.id == message_id, mine, state="stopped")

    def written(self) -> dict[str, int]:
        """Return the ids of all answers that are being written, and when each last was."""
        with transaction(self._reader) as db:
            return {row.id: row.last for row in db.execute(_LAST_WRITTEN)}

    def interrupt(self, message_id: str, updated: int) -> bool:
        """Mark an answer as interrupted unless it was written since ``updated``; return whether."""
        return self._end(messages.c.id == message_id, state="interrupted", updated=updated)

    def _end(self, *which: ColumnElement[bool], state: State, updated: int | None = None) -> bool:
        """End an answer whose job may be dead: join its pieces, and index it for the search."""
        running = (*which, messages.c.state == "running")
        with transaction(self._writer) as db:
            # A row that another process holds is not lost; whoever stops an answer waits for it.
            found = select(messages).where(*running)
            found = found.with_for_update(key_share=True, skip_locked=updated is not None)
            rows = db.execute(found).all()
            if not rows:
                return False
            (one,) = messages_of(db, rows)
            if updated is not None and one.updated != updated:
                return False
            index_words(db, one.id, one.message)
            ended = update(messages).where(messages.c.id == one.id)
            ended = ended.values(message=one.message, state=state, updated=self._now())
            db.execute(self.news.told(ended, messages.c.id))
            db.execute(_pieces_of(one.id))
        return True


_PIECE = ("message_id", "number", "written", "text", "thinking")
_NEWEST = (
    select(func.max(pieces.c.written)).where(pieces.c.message_id == messages.c.id).scalar_subquery()
)
_LAST_WRITTEN = select(
    messages.c.id,
    case((messages.c.updated < _NEWEST, _NEWEST), else_=messages.c.updated).label("last"),
).where(messages.c.state == "running")


def _pieces_of(message_id: str) -> Delete:
    return delete(pieces).where(pieces.c.message_id == message_id)
