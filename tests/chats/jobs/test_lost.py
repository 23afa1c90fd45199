"""Answers whose process is gone, found by another one."""

from __future__ import annotations

import time

import pytest

from core.chats.jobs.lost import LostAnswers
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.errors import BackendUnavailable
from core.translation.events import TextDelta
from core.translation.messages import Message, Text
from tests.chats.runs import Held, until


def lose(store: Store, owner: str) -> str:
    """Leave an answer as a killed process does."""
    chat = store.create_chat(owner)
    part = Message(role="assistant", parts=(Text("par"),))
    return store.add_message(
        owner, chat.id, part, parent_id=None, state="running", writer="dead"
    ).id


def test_what_nobody_writes_is_interrupted_and_what_lives_is_not(
    store: Store, runner: JobRunner, chat_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chats.jobs.job.TOUCH_EVERY", 0.1)
    gone = {owner: lose(store, owner) for owner in ("ann", "ben")}
    held = Held(TextDelta("alive"))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "alive")
    lost = LostAnswers(store.growing, lost_after=1.0)
    assert lost.look() == 0
    time.sleep(0.6)
    assert lost.look() == 0
    time.sleep(0.6)
    assert lost.look() == 2
    assert lost.look() == 0
    for owner, message_id in gone.items():
        assert store.message(owner, message_id).state == "interrupted"
    assert store.message("ann", job.message_id).state == "running"
    job.cancel()


def test_time_in_which_the_database_was_away_does_not_count(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = lose(store, "ann")
    lost = LostAnswers(store.growing, lost_after=0.1)
    lost.look()
    time.sleep(0.2)

    def away() -> dict[str, int]:
        raise BackendUnavailable("away", code="store_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(store.growing, "written", away)
        with pytest.raises(BackendUnavailable):
            lost.look()
    assert lost.look() == 0
    assert store.message("ann", message_id).state == "running"
    time.sleep(0.2)
    assert lost.look() == 1
