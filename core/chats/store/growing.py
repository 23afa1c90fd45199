"""Answers that are being written. Each row has one writer: a job, in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from sqlalchemy import ColumnElement, Engine, exists, select, update

from core.chats.store.rows import index_words, message_of, owned
from core.chats.store.tables import chats, messages, transaction
from core.chats.values.chat import ChatMessage, MessageChanges, State

_UNFINISHED = ("running", "interrupted")
"""States that a running job may write to: ``interrupted`` too, as it may have been taken for dead
during an outage of the database.
"""


class GrowingAnswers:
    """The rows in state ``running``, of all owners and all processes on one database.

    ``now`` gives nanoseconds since 1970. Methods raise BackendUnavailable (``store_unavailable``)
    while the database is down.
    """

    def __init__(self, reader: Engine, writer: Engine, now: Callable[[], int]) -> None:
        self._reader = reader
        self._writer = writer
        self._now = now

    def write(
        self, owner: str, message_id: str, job: str, **changes: Unpack[MessageChanges]
    ) -> bool:
        """Write an answer for its job; return whether the row still belongs to that job.

        It does not once the row was deleted, taken over by another job, or stopped by another
        process: then only a final state is written, no growing text.
        """
        mine = exists().where(chats.c.id == messages.c.chat_id, owned(owner))
        query = update(messages).where(messages.c.id == message_id, messages.c.writer == job, mine)
        grows = changes.get("state") == "running"
        if grows:
            query = query.where(messages.c.state.in_(_UNFINISHED))
        with transaction(self._writer) as db:
            if db.execute(query.values(**changes, updated=self._now())).rowcount == 0:
                return False
            # A growing answer is written twice a second, so it is indexed only when it has ended.
            if "message" in changes and not grows:
                index_words(db, message_id, changes["message"])
        return True

    def of_chat(self, owner: str, chat_id: str) -> list[ChatMessage]:
        """Return the answers that are being written in a chat of the owner's, the oldest first."""
        query = select(messages).join(chats)
        query = query.where(
            messages.c.chat_id == chat_id, messages.c.state == "running", owned(owner)
        )
        with transaction(self._reader) as db:
            rows = db.execute(query.order_by(messages.c.created, messages.c.id)).mappings()
            return [message_of(row) for row in rows]

    def stop(self, owner: str, message_id: str) -> None:
        """Ask the job that writes an answer to stop, in whatever process it runs."""
        mine = exists().where(chats.c.id == messages.c.chat_id, owned(owner))
        self._end(messages.c.id == message_id, mine, state="stopped")

    def written(self) -> dict[str, int]:
        """Return the ids of all answers that are being written, and when each last was."""
        query = select(messages.c.id, messages.c.updated).where(messages.c.state == "running")
        with transaction(self._reader) as db:
            return {row.id: row.updated for row in db.execute(query)}

    def interrupt(self, message_id: str, updated: int) -> bool:
        """Mark an answer as interrupted unless it was written since ``updated``; return whether."""
        return self._end(
            messages.c.id == message_id, messages.c.updated == updated, state="interrupted"
        )

    def _end(self, *which: ColumnElement[bool], state: State) -> bool:
        """End an answer whose job may be dead, and index its text for the search."""
        running = (*which, messages.c.state == "running")
        with transaction(self._writer) as db:
            row = db.execute(select(messages.c.id, messages.c.message).where(*running)).first()
            if row is None:
                return False
            index_words(db, row.id, row.message)
            db.execute(update(messages).where(*running).values(state=state, updated=self._now()))
        return True
