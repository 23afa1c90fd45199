"""Answers that a process which stops gives to another, which goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Engine, delete, insert, select

from core.chats.store.rows import in_chat
from core.chats.store.tables import Rows, chats, handovers, messages, transaction
from core.chats.values.chat import ChatOptions


class Handover(Struct, frozen=True, kw_only=True):
    """One interrupted answer and what it was asked with; ``offered`` is ns since 1970."""

    owner: str
    chat_id: str
    message_id: str
    options: ChatOptions
    offered: int


class Handovers(Rows):
    """The answers on offer, of all owners. Each is taken by one process.

    Methods raise BackendUnavailable (``store_unavailable``) while the database is down.
    """

    def __init__(self, reader: Engine, writer: Engine, now: Callable[[], int]) -> None:
        super().__init__(reader, writer)
        self._now = now

    def offer(self, owner: str, message_id: str, options: ChatOptions, *, offered: int = 0) -> None:
        """Offer an answer of the owner's; ``offered`` 0 is now. Another's is not offered."""
        row = {
            "message_id": message_id,
            "owner": owner,
            "options": options,
            "offered": offered or self._now(),
        }
        own = select(messages.c.id).join(chats)
        own = own.where(messages.c.id == message_id, chats.c.owner == owner)
        with transaction(self._writer) as db:
            if db.execute(own).first() is None:
                return
            db.execute(delete(handovers).where(handovers.c.message_id == message_id))
            db.execute(insert(handovers).values(row))

    def offers(self) -> list[Handover]:
        """Return what is on offer, the oldest first."""
        query = select(handovers, messages.c.chat_id).join(messages)
        with transaction(self._reader) as db:
            rows = db.execute(query.order_by(handovers.c.offered)).mappings()
            return [Handover(**cast(Mapping[str, Any], row)) for row in rows]

    def in_chat(self, owner: str, chat_id: str) -> bool:
        """Tell whether an answer in a chat of the owner's is on offer."""
        query = select(handovers.c.message_id).join(messages)
        query = query.where(in_chat(chat_id), handovers.c.owner == owner)
        with transaction(self._reader) as db:
            return db.execute(query).first() is not None

    def take(self, message_id: str) -> bool:
        """Take an answer; return False where another process was quicker."""
        with transaction(self._writer) as db:
            taken = db.execute(delete(handovers).where(handovers.c.message_id == message_id))
            return taken.rowcount > 0
