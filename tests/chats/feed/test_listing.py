"""The list of chats: its order and days, what a search finds, what a line can be changed to."""

from __future__ import annotations

import time
from functools import partial

import msgspec
import pytest
from sqlalchemy import insert

from core.chats.feed.listing import LISTED, change_line, find_chats, list_chats
from core.chats.service import Service
from core.chats.store.tables import chats, transaction
from core.chats.values.chat import ChatMessage
from core.errors import InvalidRequest
from core.translation.messages import Message, Text
from core.words import words
from tests.support.database_work import work_of

ME = "me"
_DAY = 24 * 3600 * 10**9


def kept(service: Service, title: str, text: str = "", *, days: int = 0, owner: str = ME) -> str:
    then = time.time_ns() - days * _DAY
    row = ChatMessage(
        id="1",
        chat_id="",
        message=Message(role="user", parts=(Text(text or title),)),
        created=then,
        updated=then,
    )
    chat = service.store.add_chat(owner, title=title, rows=[row], created=then, updated=then)
    return chat.id


def test_pinned_ones_come_first_and_then_the_newest(service: Service) -> None:
    old, young = kept(service, "old", days=40), kept(service, "")
    kept(service, "theirs", owner="somebody else")
    service.store.update_chat(ME, old, pinned=True)
    view = list_chats(service, ME, "en")
    assert [(one.id, one.title, one.day) for one in view.chats] == [
        (old, "old", words("en")["chat.pinned"]),
        (young, words("en")["chat.untitled"], words("en")["chat.today"]),
    ]
    assert not view.more
    assert list_chats(service, ME, "zh", limit=1).more
    assert list_chats(service, ME, "zh").chats[1].day == words("zh")["chat.today"]


def test_what_was_typed_is_found_in_titles_and_in_messages(service: Service) -> None:
    titled = kept(service, "The Lighthouse", "about nothing")
    said = kept(service, "Other", "we saw the lighthouse at night")
    kept(service, "theirs", "a lighthouse", owner="somebody else")
    found = find_chats(service, ME, "en", "lightH")
    assert [(one.chat, bool(one.message)) for one in found] == [(titled, False), (said, True)]
    assert found[1].who == words("en")["search.user"]
    assert found[1].pieces[1::2] == ("lighth",)
    assert "".join(found[1].pieces) == "we saw the lighthouse at night"
    assert find_chats(service, ME, "en", "  ") == ()


def test_a_line_is_renamed_pinned_hidden_and_restored(service: Service) -> None:
    chat = kept(service, "old")
    change_line(service, ME, chat, b'{"title": "  a new\\n name ", "pinned": true}')
    (line,) = list_chats(service, ME, "en").chats
    assert (line.title, line.pinned) == ("a new name", True)
    assert service.store.chat(ME, chat).titled == "person"
    change_line(service, ME, chat, b'{"hidden": true}')
    assert not list_chats(service, ME, "en").chats
    change_line(service, ME, chat, b'{"hidden": false}')
    assert list_chats(service, ME, "en").chats


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"owner": "me"}', b'{"title": " "}', b'{"title": 1}']
)
def test_what_is_no_change_is_refused(service: Service, body: bytes) -> None:
    chat = kept(service, "old")
    with pytest.raises(InvalidRequest):
        change_line(service, ME, chat, body)
    assert list_chats(service, ME, "en").chats[0].title == "old"


def test_the_chat_of_another_owner_is_not_changed(service: Service) -> None:
    chat = kept(service, "theirs", owner="somebody else")
    for body in (b'{"title": "mine"}', b'{"pinned": true}', b'{"hidden": true}'):
        with pytest.raises(InvalidRequest):
            change_line(service, ME, chat, body)
    assert service.store.chat("somebody else", chat).title == "theirs"


def test_many_chats_take_no_more_work_than_a_few(service: Service) -> None:
    few, many = "few", "many"
    template = service.store.chat(few, kept(service, "one", owner=few))
    now = time.time_ns()
    rows = [
        {**msgspec.structs.asdict(template), "id": f"{owner}{number}", "owner": owner,
         "updated": now + number}
        for owner, count in ((few, 50), (many, 10_000)) for number in range(count)
    ]  # fmt: skip
    with transaction(service.store._writer) as db:  # noqa: SLF001 one by one they take a minute
        db.execute(insert(chats), rows)
    taken = [
        work_of(service.store, partial(list_chats, service, owner, "en")) for owner in (few, many)
    ]
    assert 0 < taken[1] <= 1.1 * taken[0], taken
    view = list_chats(service, many, "en")
    assert len(view.chats) == LISTED and view.more
