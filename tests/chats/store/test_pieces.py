"""Answers that grow by pieces: what readers see, and what is left when they have ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import create_engine, text

from core.chats.jobs.answer import RunValue
from core.chats.jobs.job import Job
from core.chats.jobs.runner import JobRunner
from core.chats.store.growing import Piece
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage
from core.translation.events import Finish, TextDelta, ThinkingDelta
from core.translation.messages import Message, Text, text_of
from tests.chats.runs import finished

WRITER = "a" * 32


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


@pytest.fixture
def answer(store: Store, chat_id: str) -> ChatMessage:
    begun = Message(role="assistant", parts=(Text("A blue"),), thinking="Hm")
    return store.add_message("ann", chat_id, begun, parent_id=None, state="running", writer=WRITER)


def grow(store: Store, answer: ChatMessage) -> None:
    append = store.growing.append
    assert append("ann", answer.id, WRITER, Piece(number=1, thinking="m."))
    assert append("ann", answer.id, WRITER, Piece(number=2, text=" wh"))
    assert append("ann", answer.id, WRITER, Piece(number=3, text="ale"))


def rows(url: str, table: str) -> int:
    engine = create_engine(url)
    with engine.connect() as db:
        count = db.scalar(text(f"select count(*) from {table}"))
    engine.dispose()
    return int(count or 0)


def test_every_reader_sees_the_pieces(store: Store, chat_id: str, answer: ChatMessage) -> None:
    grow(store, answer)
    seen = [
        store.message("ann", answer.id),
        *store.path("ann", chat_id),
        *store.messages("ann", chat_id),
        *store.siblings("ann", answer.id),
        *store.growing.of_chat("ann", chat_id),
    ]
    assert len(seen) == 5
    for one in seen:
        assert (text_of(one.message), one.message.thinking) == ("A blue whale", "Hmm.")
        assert one.updated == store.growing.written()[answer.id] > answer.updated


def test_only_its_job_adds_pieces(store: Store, answer: ChatMessage) -> None:
    assert not store.growing.append("ben", answer.id, WRITER, Piece(number=1, text="x"))
    assert not store.growing.append("ann", answer.id, "b" * 32, Piece(number=1, text="x"))
    store.growing.stop("ann", answer.id)
    assert not store.growing.append("ann", answer.id, WRITER, Piece(number=1, text="x"))
    assert text_of(store.message("ann", answer.id).message) == "A blue"


def test_an_end_by_another_process_joins_and_indexes_them(
    url: str, store: Store, answer: ChatMessage
) -> None:
    before = store.growing.written()[answer.id]
    grow(store, answer)
    # A piece is a sign of life like a write of the row.
    assert not store.growing.interrupt(answer.id, before)
    assert store.growing.interrupt(answer.id, store.growing.written()[answer.id])
    assert rows(url, "pieces") == 0
    row = store.message("ann", answer.id)
    assert (row.state, text_of(row.message)) == ("interrupted", "A blue whale")
    assert [found.message_id for found in store.search.find("ann", "whale")] == [answer.id]


def test_a_job_adds_pieces_and_leaves_one_whole_row(
    url: str, store: Store, runner: JobRunner, chat_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chats.jobs.job.WRITE_EVERY", 0.02)
    monkeypatch.setattr("core.chats.jobs.saving._MOST_PIECES", 3)

    async def words(_job: Job) -> AsyncIterator[RunValue]:
        yield ThinkingDelta("Hm.")
        for number in range(40):
            yield TextDelta(f"{number} ")
            await asyncio.sleep(0.03)
        yield Finish()

    job = runner.start("ann", chat_id, words)
    most = 0
    while not job.done:
        most = max(most, rows(url, "pieces"))
        time.sleep(0.005)
    assert 0 < most <= 3
    seen = finished(job)
    row = store.message("ann", job.message_id)
    assert (row.state, text_of(row.message)) == ("complete", seen.text)
    assert (row.message.thinking, seen.text) == ("Hm.", "".join(f"{n} " for n in range(40)))
    assert rows(url, "pieces") == 0
