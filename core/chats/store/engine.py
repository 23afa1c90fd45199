"""Connections to the database: how a SQLite file is opened, and how long a server is waited for."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from core.errors import ConfigError

# How long a writer waits for another writer, in milliseconds.
BUSY_MS = 10_000

# What libpq is told (postgresql.org/docs/current/libpq-connect.html, 34.1.2), in seconds and one in
# milliseconds: a server whose network is cut is noticed, instead of being waited for.
_NOTICED = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# A process that hangs in the middle of a transaction would hold up all others for ever.
_UNHELD = (
    "set idle_in_transaction_session_timeout = '5s'",
    "set lock_timeout = '8s'",
)


def make_engine(url: URL) -> Engine:
    """Return an engine for a SQLite file, whose folder is made, or for a server.

    Raises ConfigError for a database in memory, OSError where the folder cannot be made.
    """
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    database = url.database
    if not database or database == ":memory:":
        raise ConfigError(
            "the chat store needs a file, for instance sqlite:///chats.db: "
            "a database in memory is another one for each thread"
        )
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _server_engine(url: URL) -> Engine:
    psycopg = url.get_driver_name().startswith("psycopg")
    given = {name: value for name, value in _NOTICED.items() if psycopg and name not in url.query}
    # A connection that the server has dropped is noticed and replaced.
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=given)
    if url.get_backend_name() == "postgresql":
        event.listen(engine, "connect", _bound)
    return engine


def _bound(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for statement in _UNHELD:
            cursor.execute(statement)
    connection.commit()


def _prepare(connection: Any, _record: Any) -> None:
    # Python's sqlite3 would begin transactions by itself and late; _begin does it instead.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode a killed process loses nothing; a power cut may lose the last moments.
    connection.execute("PRAGMA synchronous = NORMAL")
    _turn_to_wal(connection)


def _turn_to_wal(connection: Any) -> None:
    # The file stays in this mode; only the first change can meet another process that
    # changes it too, and SQLite does not wait then, whatever the busy timeout.
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin(db: Connection) -> None:
    # A transaction that reads first and writes later fails at once, whatever the busy
    # timeout, when another one wrote in between. So a writer takes the lock at its start.
    writes = db.get_execution_options().get("writes", False)
    db.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
