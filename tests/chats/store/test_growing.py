"""Rows of answers that are being written, and who may write them."""

from __future__ import annotations

import pytest

from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage
from core.errors import AccessDenied
from core.translation.messages import Message, Text, text_of


@pytest.fixture
def answer(store: Store, chat_id: str) -> ChatMessage:
    empty = Message(role="assistant")
    return store.add_message(
        "ann", chat_id, empty, parent_id=None, state="running", writer="a" * 32
    )


def said(text: str) -> Message:
    return Message(role="assistant", parts=(Text(text),))


def test_only_its_job_writes_an_answer(store: Store, answer: ChatMessage) -> None:
    growing = store.growing
    assert growing.write("ann", answer.id, "a" * 32, message=said("mine"), state="running")
    assert not growing.write("ann", answer.id, "b" * 32, message=said("not"), state="complete")
    assert not growing.write("ben", answer.id, "a" * 32, message=said("not"), state="complete")
    with pytest.raises(AccessDenied):
        growing.write("", answer.id, "a" * 32, state="complete")
    row = store.message("ann", answer.id)
    assert (row.state, text_of(row.message)) == ("running", "mine")


def test_an_answer_stopped_elsewhere_takes_its_end_only(store: Store, answer: ChatMessage) -> None:
    growing = store.growing
    growing.stop("ben", answer.id)
    assert list(growing.written()) == [answer.id]
    growing.stop("ann", answer.id)
    assert growing.written() == {}
    assert not growing.write("ann", answer.id, answer.writer, message=said("on"), state="running")
    assert growing.write("ann", answer.id, answer.writer, message=said("all"), state="stopped")
    row = store.message("ann", answer.id)
    assert (row.state, text_of(row.message)) == ("stopped", "all")


def test_a_job_taken_for_dead_goes_on(store: Store, answer: ChatMessage) -> None:
    growing = store.growing
    assert growing.interrupt(answer.id, answer.updated)
    assert not growing.interrupt(answer.id, answer.updated)
    assert growing.of_chat("ann", answer.chat_id) == []
    assert growing.write("ann", answer.id, answer.writer, message=said("still"), state="running")
    (row,) = growing.of_chat("ann", answer.chat_id)
    assert (row.state, text_of(row.message)) == ("running", "still")
    assert growing.of_chat("ben", answer.chat_id) == []


def test_what_was_written_meanwhile_is_not_interrupted(store: Store, answer: ChatMessage) -> None:
    seen = store.growing.written()[answer.id]
    store.growing.write("ann", answer.id, answer.writer, state="running")
    assert not store.growing.interrupt(answer.id, seen)
    assert store.message("ann", answer.id).state == "running"


def test_an_answer_whose_job_is_gone_can_be_found(store: Store, answer: ChatMessage) -> None:
    growing = store.growing
    growing.write("ann", answer.id, answer.writer, message=said("a blue whale"), state="running")
    assert store.search.find("ann", "whale") == []
    growing.stop("ann", answer.id)
    assert [found.message_id for found in store.search.find("ann", "whale")] == [answer.id]
