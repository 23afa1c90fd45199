"""All that a database keeps of one person: to be read, erased, or deleted by age and size."""

from __future__ import annotations

from typing import Any

from msgspec import to_builtins
from sqlalchemy import Connection, Table, delete, func, or_, select

from core.chats.store.common import browser_hash
from core.chats.store.rows import named
from core.chats.store.tables import (
    Rows,
    chats,
    entries,
    handovers,
    matrices,
    matrix_results,
    messages,
    pieces,
    presets,
    toolboxes,
    transaction,
    words,
)

_OWNED = (chats, presets, toolboxes, matrices)
"""Tables with an owner; the rows of the others hang on these."""


class People(Rows):
    """The rows of one owner in all tables.

    Methods raise BackendUnavailable (``store_unavailable``) while the database is down.
    """

    def everything(self, owner: str) -> dict[str, list[dict[str, Any]]]:
        """Return all rows of an owner by table, hidden ones too, as values for JSON."""
        with transaction(self._reader) as db:
            found = {table.name: _rows(db, table, owner) for table in (*_OWNED, *_HANGING)}
            own = select(entries.c.entered).where(entries.c.browser == browser_hash(owner))
            found[entries.name] = [{"entered": entered} for entered in db.scalars(own)]
        return found

    def erase(self, owner: str) -> dict[str, int]:
        """Delete all rows of an owner; return how many by table, those that hung on them too."""
        counts = {}
        with transaction(self._writer) as db:
            for table in reversed((*_OWNED, *_HANGING)):
                counts[table.name] = db.execute(
                    delete(table).where(_condition(table, owner))
                ).rowcount
            gone = delete(entries).where(entries.c.browser == browser_hash(owner))
            counts[entries.name] = db.execute(gone).rowcount
        self._empty()
        return counts

    def delete_old(self, *, before: int = 0, max_bytes: int | None = None) -> int:
        """Delete chats without a new message since ``before`` (ns since 1970), and then the oldest
        until the texts of the rest are at most ``max_bytes``; return how many.
        """
        size = func.sum(func.length(messages.c.message) + func.length(messages.c.steps))
        sizes = select(messages.c.chat_id, size.label("size")).group_by(messages.c.chat_id)
        sized = sizes.subquery()
        gone = chats.c.updated < before
        with transaction(self._writer) as db:
            if max_bytes is not None:
                query = select(chats.c.id, sized.c.size).outerjoin(sized)
                total, over = 0, []
                for row in db.execute(query.order_by(chats.c.updated.desc())):
                    total += int(row.size or 0)
                    if total > max_bytes:
                        over.append(row.id)
                gone = or_(gone, chats.c.id.in_(over))
            return db.execute(delete(chats).where(gone)).rowcount

    def _empty(self) -> None:
        """Let no deleted text stay in a SQLite file; PostgreSQL frees it by itself (autovacuum)."""
        if self._reader.dialect.name != "sqlite":
            return
        with transaction(self._reader) as db:
            db.exec_driver_sql("insert into words_index(words_index) values ('rebuild')")
        with transaction(self._reader) as db:
            db.exec_driver_sql("commit")  # neither runs within a transaction
            db.exec_driver_sql("vacuum")
            db.exec_driver_sql("pragma wal_checkpoint(truncate)")
            db.exec_driver_sql("begin")


_HANGING = (messages, words, pieces, handovers, matrix_results)


def _ids(table: Table, owner: str) -> Any:
    """Return the condition that a row hangs on something of the owner's."""
    if table is matrix_results:
        of = select(matrices.c.id).where(matrices.c.owner == named(owner))
        return table.c.matrix_id.in_(of)
    of = select(chats.c.id).where(chats.c.owner == named(owner))
    if table is messages:
        return table.c.chat_id.in_(of)
    return table.c.message_id.in_(select(messages.c.id).where(messages.c.chat_id.in_(of)))


def _condition(table: Table, owner: str) -> Any:
    return table.c.owner == named(owner) if table in _OWNED else _ids(table, owner)


def _rows(db: Connection, table: Table, owner: str) -> list[dict[str, Any]]:
    rows = db.execute(select(table).where(_condition(table, owner))).mappings()
    return [{name: to_builtins(value) for name, value in row.items()} for row in rows]
