"""The store on real databases: a SQLite file always, PostgreSQL where it is installed."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event

from core.chats.store.store import Store
from core.chats.values.chat import Call, ChatMessage, Step
from core.errors import AccessDenied, BackendUnavailable, InvalidRequest
from core.translation.messages import Image, Message, Text, ToolCall


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def said(role: str, words: str) -> Message:
    return Message(role=role, parts=(Text(words),))


def talk(store: Store, owner: str, chat_id: str, *words: str) -> list[ChatMessage]:
    """Add a line of messages, by turns of the user and the assistant."""
    added: list[ChatMessage] = []
    for place, word in enumerate(words):
        message = said("user" if place % 2 == 0 else "assistant", word)
        parent = added[-1].id if added else None
        added.append(store.add_message(owner, chat_id, message, parent_id=parent))
    return added


def test_a_chat_comes_back_as_it_was_made(store: Store) -> None:
    settings = {"system": "你是助手", "options": {"num_ctx": 8192, "stop": ["\n"]}, "seed": 2**60}
    made = store.create_chat("ann", title="天气 ☀️", settings=settings, pinned=True)
    assert store.chat("ann", made.id) == made
    assert list(store.chat("ann", made.id).settings) == ["system", "options", "seed"]
    assert abs(made.created - time.time_ns()) < 60e9


def test_a_message_comes_back_as_it_was_given(store: Store) -> None:
    chat = store.create_chat("ann")
    message = Message(
        role="assistant",
        parts=(Text("25°C\x00\n"), Image(data="aGk=", media_type="image/png")),
        thinking="嗯",
        tool_calls=(ToolCall(name="f", arguments='{"b": 1.0, "a": 9007199254740993}', id="x"),),
    )
    step = Step(calls=(Call(id="1", name="f", result="r", duration=5),), thinking="a")
    added = store.add_message(
        "ann",
        chat.id,
        message,
        parent_id=None,
        state="failed",
        model="qwen3:4b",
        dialect="openai",
        steps=(step,),
        numbers={"total_ns": 2**62, "prompt_tokens": 7},
        finish_reason="length",
        error={"code": "backend_error", "message": "出错", "status": 500},
        exchanges=("e1", "e2"),
        rating=-1,
    )
    assert store.message("ann", added.id) == added
    assert store.chat("ann", chat.id).leaf == added.id


def test_half_a_surrogate_pair_is_stored_as_a_replacement(store: Store) -> None:
    chat = store.create_chat("ann")
    added = store.add_message(
        "ann", chat.id, said("tool", "file\udcff \ud83d\ude00"), parent_id=None
    )
    assert store.message("ann", added.id).message == said("tool", "file� 😀")


def test_changes_leave_the_rest(store: Store) -> None:
    chat = store.create_chat("ann", settings={"model": "m"})
    store.rename("ann", chat.id, "new")
    store.update_chat("ann", chat.id, pinned=True)
    now = store.chat("ann", chat.id)
    assert (now.title, now.pinned, now.settings) == ("new", True, {"model": "m"})
    assert now.updated == chat.updated

    (before,) = talk(store, "ann", chat.id, "hello")
    store.update_message("ann", before.id, rating=1)
    store.update_message("ann", before.id, error={"code": "x"}, state="failed")
    store.update_message("ann", before.id, error=None)
    after = store.message("ann", before.id)
    assert (after.rating, after.state, after.error) == (1, "failed", None)
    assert after.message == before.message
    assert after.updated > before.updated


def test_editing_and_answering_again_make_siblings_and_lose_nothing(store: Store) -> None:
    chat = store.create_chat("ann")
    q1, a1, q2, a2 = talk(store, "ann", chat.id, "q1", "a1", "q2", "a2")
    again = store.add_message("ann", chat.id, said("assistant", "a2'"), parent_id=q2.id)
    edited = store.add_message("ann", chat.id, said("user", "q2'"), parent_id=a1.id)
    other = store.add_message("ann", chat.id, said("user", "q1'"), parent_id=None)

    assert store.path("ann", chat.id) == [other]
    assert store.path("ann", chat.id, a2.id) == [q1, a1, q2, a2]
    assert store.path("ann", chat.id, again.id) == [q1, a1, q2, again]
    assert store.path("ann", chat.id, again.id, limit=2) == [q2, again]
    assert store.siblings("ann", a2.id) == store.siblings("ann", again.id) == [a2, again]
    assert store.siblings("ann", q1.id) == [q1, other]
    assert store.tree("ann", chat.id) == {
        None: (q1.id, other.id),
        q1.id: (a1.id,),
        a1.id: (q2.id, edited.id),
        q2.id: (a2.id, again.id),
    }
    assert store.set_leaf("ann", chat.id, q2.id) == q2.id
    assert store.path("ann", chat.id) == [q1, a1, q2]
    assert store.set_leaf("ann", chat.id, q2.id, newest=True) == again.id
    assert store.path("ann", chat.id)[-1] == again


def test_chats_are_listed_by_page_pinned_first(store: Store) -> None:
    made = [store.create_chat("ann", title=str(n), pinned=n == 3) for n in range(7)]
    store.create_chat("ann", temporary=True)
    store.create_chat("ben")
    talk(store, "ann", made[1].id, "hello")
    pages: list[str] = []
    last = None
    while page := store.chats("ann", limit=2, before=last):
        assert len(page) <= 2
        pages += [chat.title for chat in page]
        last = page[-1]
    assert pages == ["3", "1", "6", "5", "4", "2", "0"]


def test_an_owner_sees_nothing_of_another(store: Store) -> None:
    chat = store.create_chat("ann", title="secret")
    one, two = talk(store, "ann", chat.id, "one", "two")
    own = store.create_chat("ben")
    (foreign,) = talk(store, "ben", own.id, "mine")
    attempts: list[Callable[[], object]] = [
        lambda: store.chat("ben", chat.id),
        lambda: store.rename("ben", chat.id, "x"),
        lambda: store.update_chat("ben", chat.id, pinned=True),
        lambda: store.update_chat("ben", chat.id),
        lambda: store.delete_chat("ben", chat.id),
        lambda: store.add_message("ben", chat.id, said("user", "x"), parent_id=None),
        lambda: store.add_message("ben", chat.id, said("user", "x"), parent_id=two.id),
        # A parent, a leaf or a path in another chat than the one that is named:
        lambda: store.add_message("ben", own.id, said("user", "x"), parent_id=two.id),
        lambda: store.set_leaf("ben", own.id, two.id),
        lambda: store.path("ben", own.id, two.id),
        lambda: store.path("ann", chat.id, foreign.id),
        lambda: store.message("ben", one.id),
        lambda: store.update_message("ben", one.id, rating=1),
        lambda: store.update_message("ben", one.id),
        lambda: store.path("ben", chat.id),
        lambda: store.path("ben", chat.id, two.id),
        lambda: store.tree("ben", chat.id),
        lambda: store.siblings("ben", two.id),
        lambda: store.set_leaf("ben", chat.id, one.id),
        lambda: store.chat("ben", "no such id"),
        lambda: store.message("ben", "no such id"),
    ]
    seen = set()
    for attempt in attempts:
        with pytest.raises(InvalidRequest) as caught:
            attempt()
        seen.add((caught.value.status, caught.value.code))
    assert seen == {(404, "not_found")}
    assert [c.id for c in store.chats("ben")] == [own.id]
    assert store.chat("ann", chat.id).title == "secret"
    assert store.path("ann", chat.id) == [one, two]


def test_without_an_owner_nothing_works(store: Store) -> None:
    for attempt in (
        lambda: store.create_chat(""),
        lambda: store.chats(""),
        lambda: store.chat("", "x"),
        lambda: store.update_message("", "x"),
    ):
        with pytest.raises(AccessDenied):
            attempt()


@pytest.mark.slow
def test_a_chat_deeper_than_a_cascade_can_be_deleted(store: Store) -> None:
    chat = store.create_chat("ann")
    talk(store, "ann", chat.id, *(f"word {n}" for n in range(1_200)))
    kept = store.create_chat("ann")
    (word,) = talk(store, "ann", kept.id, "stays")
    store.delete_chat("ann", chat.id)
    assert store.chats("ann") == [store.chat("ann", kept.id)]
    assert store.message("ann", word.id) == word


@pytest.mark.slow
def test_a_path_costs_as_many_statements_however_long_it_is(store: Store) -> None:
    asked: list[str] = []
    engine = store._engine  # noqa: SLF001 what is sent over it is what is counted
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))

    def counted(chat_id: str, limit: int | None = None) -> tuple[list[ChatMessage], int]:
        asked.clear()
        return store.path("ann", chat_id, limit=limit), len(asked)

    short, long = store.create_chat("ann"), store.create_chat("ann")
    few = talk(store, "ann", short.id, "a", "b")
    many = talk(store, "ann", long.id, *(f"{n} " + "字" * 500 for n in range(1_000)))
    found, cost = counted(short.id)
    assert found == few
    assert counted(long.id) == (many, cost)
    assert counted(long.id, 30) == (many[-30:], cost)


def test_temporary_chats_are_forgotten(store: Store) -> None:
    kept = store.create_chat("ann")
    gone = store.create_chat("ann", temporary=True)
    talk(store, "ann", gone.id, "a", "b")
    assert store.chat("ann", gone.id).temporary
    assert store.forget(idle=60) == 0
    assert store.forget() == 1
    assert store.chats("ann") == [kept]
    with pytest.raises(InvalidRequest):
        store.chat("ann", gone.id)


def test_threads_write_at_once(store: Store) -> None:
    chat = store.create_chat("ann")
    errors: list[BaseException] = []

    def write(name: str) -> None:
        try:
            talk(store, "ann", chat.id, *(f"{name}{n}" for n in range(20)))
        except BaseException as error:  # reported below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    tree = store.tree("ann", chat.id)
    assert sum(len(children) for children in tree.values()) == 120
    assert len(tree[None]) == 6


def test_times_rise_strictly(store: Store) -> None:
    chat = store.create_chat("ann")
    times = [message.created for message in talk(store, "ann", chat.id, *"abcdefgh")]
    assert all(a < b for a, b in pairwise(times))


def test_ids_cannot_be_guessed(store: Store) -> None:
    ids = {store.create_chat("ann").id for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) == 32 and int(one, 16) for one in ids)


def test_a_store_opens_again_with_its_contents(url: str) -> None:
    first = Store(url)
    chat = first.create_chat("ann")
    talk(first, "ann", chat.id, "q", "a")
    first.close()
    second = Store(url)
    assert [m.message for m in second.path("ann", chat.id)] == [
        said("user", "q"),
        said("assistant", "a"),
    ]
    second.close()


def test_sqlite_is_opened_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/chats.db")
    chat = store.create_chat("ann")
    with sqlite3.connect(tmp_path / "chats.db", isolation_level=None) as other:
        assert other.execute("pragma journal_mode").fetchone() == ("wal",)
        # A reader elsewhere keeps its old view while the store writes, and stops nobody.
        other.execute("begin")
        assert other.execute("select count(*) from messages").fetchone() == (0,)
        talk(store, "ann", chat.id, "q")
        assert other.execute("select count(*) from messages").fetchone() == (0,)
        other.execute("commit")
        assert other.execute("select count(*) from messages").fetchone() == (1,)
        # A writer elsewhere is waited for.
        other.execute("begin immediate")
        waiting = threading.Thread(target=talk, args=(store, "ann", chat.id, "later"))
        waiting.start()
        assert store.chat("ann", chat.id).id == chat.id
        other.execute("commit")
        waiting.join(10)
        assert not waiting.is_alive()
    other.close()
    assert len(store.tree("ann", chat.id)[None]) == 2
    store.close()


def test_a_database_that_fails_is_unavailable_and_nothing_is_half_done(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/chats.db")
    chat = store.create_chat("ann")
    with sqlite3.connect(tmp_path / "chats.db") as other:
        other.execute(
            "create trigger full before update on chats begin select raise(abort, 'disk full'); end"
        )
    other.close()
    with pytest.raises(BackendUnavailable, match="disk full") as caught:
        talk(store, "ann", chat.id, "private words")
    assert caught.value.code == "store_unavailable"
    assert "private words" not in str(caught.value)
    assert store.tree("ann", chat.id) == {}
    store.close()
