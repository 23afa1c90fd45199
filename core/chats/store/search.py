"""Full-text search over messages: SQLite's FTS5, or PostgreSQL's text search."""

from __future__ import annotations

from sqlalchemy import Engine, RowMapping, TextClause, select, text

from core.chats.store.rows import chat_of, named
from core.chats.store.search_words import excerpt, phrases
from core.chats.store.tables import chats, messages, transaction
from core.chats.values.chat import Found
from core.translation.messages import text_of

# Newer messages have larger numbers, so the newest are found without sorting all there are.
_SQLITE = text(
    """
    select words.message_id from words_index
    join words on words.id = words_index.rowid
    join messages on messages.id = words.message_id
    join chats on chats.id = messages.chat_id
    where words_index match :query and chats.owner = :owner
    and chats.hidden = 0 and chats.temporary = false and messages.hidden = 0
    order by words_index.rowid desc limit :limit
    """
)
_POSTGRESQL = text(
    """
    select words.message_id from words
    join messages on messages.id = words.message_id
    join chats on chats.id = messages.chat_id
    where to_tsvector('simple', words.text) @@ to_tsquery('simple', :query)
    and chats.owner = :owner
    and chats.hidden = 0 and chats.temporary = false and messages.hidden = 0
    order by words.id desc limit :limit
    """
)


class Search:
    """Finds messages by their words, in the chats of one owner."""

    def __init__(self, reader: Engine) -> None:
        self._reader = reader
        sqlite = reader.dialect.name == "sqlite"
        self._statement: TextClause = _SQLITE if sqlite else _POSTGRESQL
        self._query = _sqlite_query if sqlite else _postgresql_query

    def find(self, owner: str, typed: str, *, limit: int = 30) -> list[Found]:
        """Return the newest messages with every word and every "quoted part" of what was typed.

        The last word may be the beginning of one. Hidden and temporary chats are not searched.
        """
        wanted = phrases(typed)
        if not wanted:
            return []
        values = {"query": self._query(wanted), "owner": named(owner), "limit": limit}
        with transaction(self._reader) as db:
            ids = [row.message_id for row in db.execute(self._statement, values)]
            query = select(messages, chats).join(chats).where(messages.c.id.in_(ids))
            rows = {row[messages.c.id]: row for row in db.execute(query).mappings()}
        return [_found(rows[message_id], typed) for message_id in ids]


def _sqlite_query(wanted: list[str]) -> str:
    # Inside quotes there are no operators, and words contain no quotes.
    return " AND ".join(f'"{phrase}"' for phrase in wanted) + " *"


def _postgresql_query(wanted: list[str]) -> str:
    return " & ".join("(" + " <-> ".join(phrase.split()) + ")" for phrase in wanted)[:-1] + ":*)"


def _found(row: RowMapping, typed: str) -> Found:
    shown, marks = excerpt(text_of(row[messages.c.message]), typed)
    return Found(
        chat=chat_of({column.name: row[column] for column in chats.c}),
        message_id=row[messages.c.id],
        role=row[messages.c.message].role,
        created=row[messages.c.created],
        excerpt=shown,
        marks=marks,
    )
