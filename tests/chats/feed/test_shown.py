"""The shown end of a chat, ahead of the store while an answer is being written."""

from __future__ import annotations

import pytest

from core.chats.feed.shown import show_chat, stamp_of
from core.chats.feed.view import Viewer
from core.chats.service import Service
from core.chats.values.chat import ChatOptions
from core.errors import InvalidRequest
from core.translation.messages import Message, Text
from tests.chats.feed.test_acting import ME, begun

VIEWER = Viewer(language="en", addresses=None)


def test_only_the_end_is_shown_and_that_there_is_more(service: Service) -> None:
    chat = begun(service)
    for number in range(30):
        service.store.add_message(
            ME,
            chat,
            Message(role="user", parts=(Text(str(number)),)),
            parent_id=service.store.chat(ME, chat).leaf,
        )
    view = show_chat(service, ME, chat, VIEWER)
    assert len(view.messages) == 20 and view.earlier
    assert view.messages[-1].parts[0].text == "29"
    assert all(b.parent == a.id for a, b in zip(view.messages, view.messages[1:], strict=False))
    whole = show_chat(service, ME, chat, VIEWER, limit=100)
    assert len(whole.messages) == 32 and not whole.earlier


def test_a_growing_answer_is_shown_as_far_as_it_is(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t")
    job = service.ask(ME, chat.id, "slow", ChatOptions(model="actor:1b"))
    while not job.snapshot().text:
        job.wait(job.snapshot().version, 5)
    now = job.snapshot()
    view = show_chat(service, ME, chat.id, VIEWER)
    answer = view.messages[-1]
    assert view.running and answer.state == "running"
    assert answer.text.startswith(now.text)
    assert answer.at == f"0.0.{len(answer.text)}"
    before = view.stamp
    service.stop(ME, chat.id)
    while not job.done:
        job.wait(job.snapshot().version, 5)
    view = show_chat(service, ME, chat.id, VIEWER)
    assert not view.running and view.messages[-1].at == "" and view.messages[-1].note == "Stopped"
    assert view.stamp != before


def test_the_stamp_changes_with_every_branch_and_message(service: Service) -> None:
    chat = begun(service)
    stamps = {show_chat(service, ME, chat, VIEWER).stamp}
    question = service.store.path(ME, chat)[0]
    service.store.set_leaf(ME, chat, question.id)
    stamps.add(show_chat(service, ME, chat, VIEWER).stamp)
    service.store.add_message(ME, chat, Message(role="user"), parent_id=None)
    stamps.add(show_chat(service, ME, chat, VIEWER).stamp)
    found = service.store.chat(ME, chat)
    stamps |= {stamp_of(found, 1), stamp_of(found, 0)}
    assert len(stamps) == 4


def test_what_is_not_there_is_not_shown(service: Service) -> None:
    chat = begun(service)
    for owner, name in (("them", chat), (ME, "0" * 32)):
        with pytest.raises(InvalidRequest) as caught:
            show_chat(service, owner, name, VIEWER)
        assert caught.value.status == 404
    service.hide_chat(ME, chat)
    with pytest.raises(InvalidRequest):
        show_chat(service, ME, chat, VIEWER)
