"""Chats that are too old, or too many; tests/test_people.py has all that is kept of one person."""

from __future__ import annotations

from core.chats.store.store import Store
from core.translation.messages import Message, Text


def said(text: str) -> Message:
    return Message(role="user", parts=(Text(text),))


def test_the_oldest_chats_go_by_age_and_by_size(url: str) -> None:
    store = Store(url)
    ids = []
    for number in range(4):
        chat = store.create_chat("ann", title=str(number))
        store.add_message("ann", chat.id, said("x" * 1000), parent_id=None)
        ids.append(chat.id)
    second = store.chat("ann", ids[1]).updated
    assert store.people.delete_old() == 0
    assert store.people.delete_old(before=second) == 1
    assert store.people.delete_old(max_bytes=2500) == 1
    assert [chat.title for chat in store.chats("ann")] == ["3", "2"]
    assert store.people.delete_old(max_bytes=10) == 2
    store.close()
