"""The store while its database is away or has no room, and after it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url

from core.chats.store.store import Store
from core.errors import BackendUnavailable

LIMIT = 80
"""Pages that a full disk lets SQLite have."""


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let SQLite's files have a few pages only, as a full disk does."""

    def limit(connection: object, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {LIMIT}")  # type: ignore[attr-defined]

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, little_room: None) -> None:
    store = Store(f"sqlite:///{tmp_path}/chats.db")
    try:
        chats = []
        with pytest.raises(BackendUnavailable, match="full") as caught:
            for number in range(3000):
                chats.append(store.create_chat("ann", title=f"{number} {'x' * 500}").id)
        assert caught.value.status == 503
        assert len(chats) > 5
        # What was written can be read, and there is room again once something is put away.
        assert store.chat("ann", chats[0]).title.startswith("0 ")
        for chat in chats[:30]:
            store.delete_chat("ann", chat)
        assert store.chat("ann", store.create_chat("ann", title="short").id).title == "short"
    finally:
        store.close()


@pytest.mark.slow
def test_postgresql_that_goes_and_comes_back(postgresql: Callable[[str], str]) -> None:
    name = f"gone_{time.monotonic_ns()}"
    url = postgresql(name)
    admin = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    store = Store(url)
    try:
        chat = store.create_chat("ann", title="before")
        with admin.connect() as db:
            db.execute(text(f"alter database {name} allow_connections false"))
            db.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :n"),
                {"n": name},
            )
        for _ in range(2):
            with pytest.raises(BackendUnavailable) as caught:
                store.chat("ann", chat.id)
            assert caught.value.status == 503
        with admin.connect() as db:
            db.execute(text(f"alter database {name} allow_connections true"))
        assert store.chat("ann", chat.id).title == "before"
        # A connection that dies while it lies idle is noticed before it is used.
        with admin.connect() as db:
            db.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :n"),
                {"n": name},
            )
        assert store.create_chat("ann", title="after").title == "after"
    finally:
        store.close()
        admin.dispose()
