"""The shown end of a chat, ahead of the store while an answer is being written."""

from __future__ import annotations

from functools import partial

import pytest
from msgspec.structs import replace

from core.chats.feed.shown import show_chat, stamp_of
from core.chats.feed.view import Viewer
from core.chats.service import Service
from core.chats.values.chat import ChatMessage, ChatOptions
from core.errors import InvalidRequest
from core.translation.messages import Message, Text
from tests.chats.feed.test_acting import ME, begun
from tests.support.database_work import work_of

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


def long_chat(service: Service, count: int) -> str:
    """Add a chat of so many messages, one of them with a second version, and return its id."""
    rows = [
        ChatMessage(
            id=str(number),
            chat_id="",
            parent_id=str(number - 1) if number else None,
            message=Message(role=("user", "assistant")[number % 2], parts=(Text("m"),)),
            created=1 + number,
            updated=1 + number,
        )
        for number in range(count)
    ]
    other = replace(rows[-1], id="other", created=count + 1)
    return service.store.add_chat(ME, title=f"{count}", rows=[*rows, other], leaf="other").id


def test_a_long_chat_takes_no_more_work_than_a_short_one(service: Service) -> None:
    short, long = long_chat(service, 40), long_chat(service, 1000)
    taken = [
        work_of(service.store, partial(show_chat, service, ME, chat, VIEWER))
        for chat in (short, long)
    ]
    assert 0 < taken[1] <= 1.1 * taken[0], taken
    shown = show_chat(service, ME, long, VIEWER)
    assert [len(shown.messages), shown.earlier] == [20, True]
    # Versions are found as before, and so is what is above when it is asked for.
    assert len(shown.messages[-1].versions) == 2
    whole = show_chat(service, ME, long, VIEWER, limit=2000)
    assert len(whole.messages) == 1000 and not whole.earlier
