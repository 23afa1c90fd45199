"""Opening, making and upgrading databases: SQLite always, PostgreSQL where it is installed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from core.chats.store.growing import Piece
from core.chats.store.migrations import UPGRADES
from core.chats.store.store import Store
from core.chats.store.tables import metadata, migrate, open_engine
from core.errors import ConfigError
from core.translation.messages import Message, Text, text_of


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

    newest = len(UPGRADES) + 2
    assert migrate(engine, (*UPGRADES, add_folder)) == newest
    assert migrate(engine, (*UPGRADES, add_folder)) == newest
    assert ran == [1]
    with engine.connect() as db:
        rows = db.execute(text("select id, title, folder from chats")).all()
    assert [tuple(row) for row in rows] == [(chat.id, "old", "inbox")]
    # A program of this version still starts beside the newer one, as in a roll-out.
    assert migrate(engine) == newest - 1
    beside = Store(url)
    assert [chat.title for chat in beside.chats("ann")] == ["old"]
    beside.create_chat("ann", title="new")
    beside.close()
    with engine.begin() as db:
        db.execute(text("update schema_version set oldest = :newest"), {"newest": newest})
    with pytest.raises(ConfigError, match="newer"):
        migrate(engine)
    engine.dispose()


def test_a_database_of_the_first_release_goes_on_and_can_be_searched(url: str) -> None:
    if (file := make_url(url).database) and url.startswith("sqlite"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    first = Path(__file__).with_name("schema-1.sql").read_text("utf-8")
    with engine.begin() as db:
        for statement in first.partition("\n")[2].split(";\n"):
            if statement.strip():
                db.exec_driver_sql(statement)
    engine.dispose()
    store = Store(url)
    question, answer = store.path("ann", "c1")
    assert text_of(question.message) == "上海的天气怎么样？"
    assert (answer.rating, answer.batch, answer.hidden) == (1, "", 0)
    assert store.chat("ann", "c1").titled == "question"
    assert [found.message_id for found in store.search.find("ann", "天气")] == ["m1"]
    assert [found.message_id for found in store.search.find("ann", "sunn")] == ["m2"]
    store.presets.save("ann", "short", "Be short.")
    store.add_message("ann", "c1", answer.message, parent_id="m2")
    store.close()
    # The same tables as a new database has, column for column.
    again = open_engine(url)
    for table in metadata.sorted_tables:
        there = {column["name"] for column in inspect(again).get_columns(table.name)}
        assert there == {column.name for column in table.columns}, table.name
    again.dispose()


def test_a_failed_upgrade_changes_nothing(url: str) -> None:
    Store(url).close()
    engine = open_engine(url)

    def breaks(db: Connection) -> None:
        db.execute(text("alter table chats add column folder text"))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        migrate(engine, (*UPGRADES, breaks))
    assert migrate(engine) == len(UPGRADES) + 1
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


# What a program of version 4 of the tables writes, by its own columns.
OF_VERSION_4 = (
    "insert into chats (id, owner, title, created, updated, settings, leaf, pinned, temporary,"
    " titled, hidden)"
    " values ('c4', 'ann', 'older', 1, 1, '{}', null, false, false, 'question', 0)",
    "insert into messages (id, chat_id, message, state, model, dialect, steps, numbers,"
    " finish_reason, exchanges, rating, batch, writer, created, updated, hidden)"
    """ values ('m4', 'c4', '{"role":"assistant","parts":[{"type":"text","text":"half"}]}',"""
    " 'running', 'm', 'ollama',"
    " '[]', '{}', '', '[]', 0, '', 'w4', 1, 1, 0)",
    "update messages set state = 'interrupted', updated = 2 where id = 'new' and updated = 1",
)


def test_the_previous_release_works_beside_this_one_on_one_database(url: str) -> None:
    store = Store(url)
    growing = Message(role="assistant", parts=(Text("one "),))
    chat = store.create_chat("ann")
    mine = store.add_message("ann", chat.id, growing, parent_id=None, state="running", writer="w5")
    assert store.growing.append("ann", mine.id, "w5", Piece(number=1, text="two"))
    engine = create_engine(url)
    with engine.begin() as db:
        for statement in OF_VERSION_4:
            db.execute(text(statement.replace("'new' and updated = 1", f"'{mine.id}'")))
    engine.dispose()
    # Its answers are followed here, and taken over once it is gone.
    (row,) = store.growing.of_chat("ann", "c4")
    assert text_of(row.message) == "half"
    assert store.growing.interrupt("m4", row.updated)
    # It knows of no pieces: what it has marked as interrupted has them still.
    assert text_of(store.message("ann", mine.id).message) == "one two"
    assert not store.growing.append("ann", mine.id, "w5", Piece(number=2, text=" three"))
    whole = Message(role="assistant", parts=(Text("one two three"),))
    assert store.growing.write("ann", mine.id, "w5", message=whole, state="running")
    assert text_of(store.message("ann", mine.id).message) == "one two three"
    store.close()
