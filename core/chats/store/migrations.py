"""Upgrades of older databases, and the search index of each engine.

UPGRADES[0] turns version 1 into version 2, and so on. A new database is made from the tables of
core.chats.store.tables at the newest version; so a change is made twice, there and here. An upgrade
names its columns itself and never uses those tables, which go on changing after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import Connection, text

from core.chats.store.search_words import words_of

Upgrade = Callable[[Connection], None]

# In SQLite the index is a separate table, kept up to date by triggers (SQLite's FTS5 page,
# "external content").
_SQLITE_INDEX = (
    "create virtual table words_index using fts5"
    "(text, content='words', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "create trigger words_added after insert on words begin"
    " insert into words_index(rowid, text) values (new.id, new.text); end",
    "create trigger words_gone after delete on words begin"
    " insert into words_index(words_index, rowid, text) values ('delete', old.id, old.text); end",
    "create trigger words_changed after update on words begin"
    " insert into words_index(words_index, rowid, text) values ('delete', old.id, old.text);"
    " insert into words_index(rowid, text) values (new.id, new.text); end",
)
_POSTGRESQL_INDEX = ("create index words_index on words using gin (to_tsvector('simple', text))",)


def index_words(db: Connection) -> None:
    """Make the index on the table ``words``."""
    for statement in _SQLITE_INDEX if db.dialect.name == "sqlite" else _POSTGRESQL_INDEX:
        db.exec_driver_sql(statement)


def _searchable(db: Connection) -> None:
    """1 to 2: search, presets, hidden chats, and answers side by side."""
    for statement in (
        "alter table chats add column titled varchar(16) not null default 'question'",
        "alter table chats add column hidden bigint not null default 0",
        "alter table messages add column batch varchar(32) not null default ''",
        "alter table messages add column hidden bigint not null default 0",
        "create table presets"
        " (owner text not null, name text not null, text text not null, primary key (owner, name))",
    ):
        db.exec_driver_sql(statement)
    number = (
        "integer primary key autoincrement" if db.dialect.name == "sqlite" else "serial primary key"
    )
    db.exec_driver_sql(
        f"create table words (id {number}, message_id varchar(32) not null unique"
        " references messages(id) on delete cascade, text text not null)"
    )
    index_words(db)
    add = text("insert into words (message_id, text) values (:id, :words)")
    rows = db.execute(text("select id, message from messages order by created")).yield_per(500)
    for part in rows.partitions():
        db.execute(add, [{"id": row.id, "words": words_of(_said(row.message))} for row in part])


def _said(message: str) -> str:
    parts = json.loads(message).get("parts", ())
    return "\n".join(part["text"] for part in parts if part.get("type") == "text")


def _tried(db: Connection) -> None:
    """2 to 3: toolboxes of the tool page, and matrices of cases and models."""
    for statement in (
        "create table toolboxes (owner text not null primary key, content text not null)",
        "create table matrices"
        " (id varchar(32) not null primary key, owner text not null, created bigint not null,"
        " updated bigint not null, state varchar(16) not null, definitions varchar(16) not null,"
        " plan text not null)",
        "create index matrices_listed on matrices (owner, created)",
        "create table matrix_results"
        " (matrix_id varchar(32) not null references matrices(id) on delete cascade,"
        " place integer not null, result text not null, primary key (matrix_id, place))",
    ):
        db.exec_driver_sql(statement)


def _owned_by_jobs(db: Connection) -> None:
    """3 to 4: which job writes an answer."""
    db.exec_driver_sql("alter table messages add column writer varchar(32) not null default ''")


def _shared(db: Connection) -> None:
    """4 to 5: pieces of growing answers, and what several processes need of each other."""
    for statement in (
        "create table pieces"
        " (message_id varchar(32) not null references messages(id) on delete cascade,"
        " number integer not null, written bigint not null, text text not null,"
        " thinking text not null, primary key (message_id, number))",
        "create table common (name varchar(64) not null primary key, value text not null)",
        "create table entries (browser varchar(64) not null primary key,"
        " digest varchar(64) not null, entered bigint not null)",
        "create table handovers"
        " (message_id varchar(32) not null primary key references messages(id) on delete cascade,"
        " owner text not null, options text not null, offered bigint not null)",
        "alter table schema_version add column oldest integer not null default 0",
    ):
        db.exec_driver_sql(statement)


UPGRADES: tuple[Upgrade, ...] = (_searchable, _tried, _owned_by_jobs, _shared)
