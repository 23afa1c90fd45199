"""Which answers have been written, in any process: told by PostgreSQL's LISTEN and NOTIFY.

Whoever follows an answer reads its row again when this says so, and once in a while anyway: news
may be lost while the connection is down, and never come in a SQLite file or through a PgBouncer
that shares connections between transactions (pgbouncer.org/features.html).
postgresql.org/docs/current/sql-notify.html.
"""

from __future__ import annotations

import logging
import secrets
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Column, Engine, Insert, Update, func
from sqlalchemy import select as select_rows

from core.chats.store.tables import transaction

_CHANNEL = "diglot_answers"

_PAUSE = 2.0
"""Seconds before a lost connection is made anew."""

_log = logging.getLogger(__name__)

Statement = TypeVar("Statement", Insert, Update)


class News:
    """Calls those who follow an answer when its row has changed, in a thread of its own.

    The thread, and a connection beside the pool's, begin with the first who follows. ``heard`` is
    whether news arrive; while it is false, look often.
    """

    def __init__(self, reader: Engine) -> None:
        self._reader = reader
        self._offered = (reader.dialect.name, reader.dialect.driver) == ("postgresql", "psycopg")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        # Ends the wait for news at once.
        self._bell = socket.socketpair()
        self._calls: dict[str, list[Callable[[], None]]] = {}
        # A word of this process's own: what comes back proves that news arrive.
        self._proof = secrets.token_hex(16)
        self.heard = False

    def told(self, statement: Statement, message_id: Column[str]) -> Any:
        """Return a statement that also tells which answers it has changed, once it is committed.

        It takes no round trip more: what is told is computed for each row that is returned.
        """
        if self._reader.dialect.name != "postgresql":
            return statement
        return statement.returning(func.pg_notify(_CHANNEL, message_id))

    @contextmanager
    def followed(self, message_id: str, call: Callable[[], None]) -> Iterator[None]:
        """Have ``call`` called after each change of an answer, until the block ends.

        It is called in another thread, and also when news begin or end to arrive.
        """
        with self._lock:
            self._calls.setdefault(message_id, []).append(call)
            if self._thread is None and self._offered and not self._closed.is_set():
                self._thread = threading.Thread(target=self._serve, name="chat-news", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                calls = self._calls[message_id]
                calls.remove(call)
                if not calls:
                    del self._calls[message_id]

    def close(self) -> None:
        """End the thread and its connection."""
        self._closed.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._bell[1].send(b"!")
            thread.join()
        for end in self._bell:
            end.close()

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen()
            except Exception as error:
                # Whatever it is, followers look by themselves meanwhile.
                _log.info("no news of answers in other processes: %r", error)
            self._set_heard(False)
            select.select([self._bell[0]], [], [], _PAUSE)

    def _listen(self) -> None:
        pooled = self._reader.raw_connection()
        driver: Any = pooled.driver_connection
        # It stays out of the pool, and is closed in the end.
        pooled.detach()
        with closing(driver):
            driver.autocommit = True
            driver.execute(f"listen {_CHANNEL}")
            self._prove()
            while not self._closed.is_set():
                for news in driver.notifies(timeout=0):
                    if news.payload == self._proof:
                        self._set_heard(True)
                    else:
                        self._call(self._calls.get(news.payload, ()))
                select.select([driver, self._bell[0]], [], [])

    def _prove(self) -> None:
        with transaction(self._reader) as db:
            db.execute(select_rows(func.pg_notify(_CHANNEL, self._proof)))

    def _set_heard(self, heard: bool) -> None:
        if heard != self.heard:
            self.heard = heard
            with self._lock:
                calls = [call for each in self._calls.values() for call in each]
            self._call(calls)

    def _call(self, calls: Any) -> None:
        for call in tuple(calls):
            # Its event loop may have ended a moment ago.
            with suppress(RuntimeError):
                call()
