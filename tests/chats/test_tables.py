"""Opening, making and upgrading databases: SQLite always, PostgreSQL where it is installed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from core.chats.store import Store
from core.chats.tables import migrate, open_engine
from core.errors import ConfigError


def test_an_upgrade_runs_once_and_keeps_the_rows(url: str) -> None:
    store = Store(url)
    chat = store.create_chat("ann", title="old")
    store.close()
    engine = open_engine(url)
    ran = []

    def add_folder(db: Connection) -> None:
        ran.append(1)
        db.execute(text("alter table chats add column folder text"))
        db.execute(text("update chats set folder = 'inbox'"))

    assert migrate(engine, (add_folder,)) == 2
    assert migrate(engine, (add_folder,)) == 2
    assert ran == [1]
    with engine.connect() as db:
        rows = db.execute(text("select id, title, folder from chats")).all()
    assert [tuple(row) for row in rows] == [(chat.id, "old", "inbox")]
    with pytest.raises(ConfigError, match="newer"):
        migrate(engine)
    engine.dispose()


def test_a_failed_upgrade_changes_nothing(url: str) -> None:
    Store(url).close()
    engine = open_engine(url)

    def breaks(db: Connection) -> None:
        db.execute(text("alter table chats add column folder text"))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        migrate(engine, (breaks,))
    assert migrate(engine) == 1
    with engine.connect() as db:
        assert "folder" not in list(db.execute(text("select * from chats")).keys())
    engine.dispose()


def test_processes_that_start_together_make_one_database(url: str) -> None:
    start = threading.Barrier(4)
    opened: list[Store | Exception] = []

    def begin() -> None:
        start.wait()
        try:
            opened.append(Store(url))
        except Exception as error:
            opened.append(error)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one for one in opened if isinstance(one, Exception)] == []
    stores = [one for one in opened if isinstance(one, Store)]
    for one in stores:
        one.create_chat("ann")
    assert [len(one.chats("ann")) for one in stores] == [4] * 4
    for one in stores:
        one.close()


@pytest.mark.parametrize(
    "bad",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "no address",
        "nosuch://host/db",
        "postgresql+psycopg://ann:hunter2@127.0.0.1:9/none",
        "sqlite:////dev/null/chats.db",
    ],
)
def test_an_address_that_cannot_be_used_is_a_config_error(bad: str) -> None:
    if bad.startswith("postgresql"):
        pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    with pytest.raises(ConfigError) as caught:
        Store(bad)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "chats.db").write_bytes(b"these are not the rows you are looking for" * 200)
    with pytest.raises(ConfigError, match=r"chats\.db"):
        Store(f"sqlite:///{tmp_path}/chats.db")
