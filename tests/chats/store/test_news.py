"""Changes of an answer are told to other processes, also after a connection was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from core.chats.store.growing import Piece
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage
from core.translation.messages import Message, Text
from tests.support.programs import until

FIRST = Message(role="assistant", parts=(Text("one"),))


class Told:
    """How often somebody was called."""

    def __init__(self) -> None:
        self.times = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.times += 1


@pytest.fixture
def on_postgresql(postgresql: Callable[[str], str], request: pytest.FixtureRequest) -> str:
    return postgresql(f"news_{abs(hash(request.node.name))}")


def growing(store: Store) -> ChatMessage:
    chat = store.create_chat("ann")
    return store.add_message(
        "ann", chat.id, Message(role="assistant"), parent_id=None, state="running", writer="w"
    )


def test_each_change_is_told_and_a_sign_of_life_is_not(on_postgresql: str) -> None:
    writer, reader = Store(on_postgresql), Store(on_postgresql)
    row, told, other = growing(writer), Told(), Told()
    here, away = reader.growing.news, writer.growing
    with here.followed(row.id, told), here.followed("another", other):
        # As news begin to arrive, all are called.
        until(lambda: told.times == 1)
        assert here.heard
        assert away.write("ann", row.id, "w", message=FIRST, state="running")
        until(lambda: told.times == 2)
        assert away.append("ann", row.id, "w", Piece(number=1, text=" two"))
        until(lambda: told.times == 3)
        # Nothing was added, so there is nothing to tell.
        assert not away.append("ann", row.id, "somebody else", Piece(number=2, text=" three"))
        assert away.write("ann", row.id, "w", state="running")
        away.stop("ann", row.id)
        until(lambda: told.times == 4)
        assert other.times == 1
    assert reader.message("ann", row.id).state == "stopped"
    for store in (writer, reader):
        store.close()


@pytest.mark.slow
def test_a_lost_connection_is_told_and_made_again(on_postgresql: str) -> None:
    store, told = Store(on_postgresql), Told()
    row = growing(store)
    admin = create_engine(on_postgresql, isolation_level="AUTOCOMMIT")
    with store.growing.news.followed(row.id, told):
        until(lambda: told.times == 1)
        with admin.connect() as db:
            query = "select pg_terminate_backend(pid) from pg_stat_activity where query like :q"
            db.execute(text(query), {"q": "listen %"})
        # Once as it goes and once as it is back: what was missed meanwhile is looked up.
        until(lambda: told.times >= 3 and store.growing.news.heard)
        store.growing.write("ann", row.id, "w", message=FIRST, state="running")
        until(lambda: told.times >= 4)
    store.close()
    admin.dispose()


def test_nobody_is_called_who_has_left(on_postgresql: str) -> None:
    store, gone, there = Store(on_postgresql), Told(), Told()
    row = growing(store)
    with store.growing.news.followed(row.id, gone):
        until(lambda: gone.times == 1)
    with store.growing.news.followed(row.id, there):
        store.growing.write("ann", row.id, "w", message=FIRST, state="running")
        until(lambda: there.times == 1)
    assert gone.times == 1
    store.close()


def test_a_file_tells_nothing_and_says_so(tmp_path: object) -> None:
    store = Store(f"sqlite:///{tmp_path}/chats.db")
    with store.growing.news.followed(growing(store).id, Told()):
        assert not store.growing.news.heard
    store.close()
