"""Search, presets and putting away, on SQLite always and on PostgreSQL where it is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.chats.store.search_words import excerpt, phrases, words_of
from core.chats.store.store import Store
from core.chats.values.chat import Chat, ChatMessage, Preset
from core.errors import InvalidRequest
from core.translation.messages import Message, Text


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.close()


def say(
    store: Store, chat: Chat, text: str, parent: ChatMessage | None = None, role: str = "user"
) -> ChatMessage:
    message = Message(role=role, parts=(Text(text),))
    return store.add_message("ann", chat.id, message, parent_id=parent.id if parent else None)


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("上海今天的天气怎么样？", "天气"),
        ("上海今天的天气怎么样？", "上海 天气"),
        ("東京タワーの高さは？", "タワー"),
        ("สวัสดีครับ", "สวัสดี"),
        ("Call get_current_weather with city", "get_current_weather"),
        ("Call get_current_weather with city", "current"),
        ("The Straße is long", "strasse"),
        ("un café crème", "cafe"),
        ("ＡＢＣ１２３", "abc123"),
        ("an unfinished word", "unfin"),
        ("it's 3.14 not 3,15", "3.14"),
        ("SELECT * FROM x; -- drop", "from x"),
        ("quoted text stands here", '"text stands"'),
        ('say "NEAR" or (OR) * ^ :', "near or"),
    ],
)
def test_what_was_said_is_found(store: Store, said: str, typed: str) -> None:
    chat = store.create_chat("ann", title="t")
    message = say(store, chat, said)
    say(store, chat, "something else entirely")
    (found,) = store.search.find("ann", typed)
    assert (found.message_id, found.chat.id, found.role) == (message.id, chat.id, "user")
    assert found.marks
    start, end = found.marks[0]
    shown = words_of(found.excerpt[start:end])
    assert any(part.startswith(shown) or shown.startswith(part) for part in phrases(typed))


def test_words_must_all_be_there_and_quoted_ones_together(store: Store) -> None:
    chat = store.create_chat("ann")
    say(store, chat, "the sea is wide and blue")
    assert len(store.search.find("ann", "blue sea")) == 1
    assert store.search.find("ann", '"blue sea"') == []
    assert store.search.find("ann", "blue mountain") == []
    assert store.search.find("ann", "气天") == []
    for nothing in ("", "   ", "?!", '""', "'", "%", "_"):
        assert store.search.find("ann", nothing) == []


def test_only_one_s_own_chats_are_looked_through_and_only_those_that_are_there(
    store: Store,
) -> None:
    mine, temporary = store.create_chat("ann"), store.create_chat("ann", temporary=True)
    kept = say(store, mine, "lighthouse one")
    away = say(store, mine, "lighthouse two", kept)
    below = say(store, mine, "lighthouse three", away)
    say(store, temporary, "lighthouse four")
    assert [f.message_id for f in store.search.find("ann", "lighthouse")] == [
        below.id,
        away.id,
        kept.id,
    ]
    assert store.search.find("bob", "lighthouse") == []
    store.hide_message("ann", away.id)
    assert [f.message_id for f in store.search.find("ann", "lighthouse")] == [kept.id]
    store.hide_chat("ann", mine.id)
    assert store.search.find("ann", "lighthouse") == []
    store.restore_chat("ann", mine.id)
    store.restore_message("ann", away.id)
    assert len(store.search.find("ann", "lighthouse")) == 3
    store.delete_chat("ann", mine.id)
    assert store.search.find("ann", "lighthouse") == []


def test_an_answer_is_found_once_it_has_ended_in_its_last_words(store: Store) -> None:
    chat = store.create_chat("ann")
    row = store.add_message(
        "ann", chat.id, Message(role="assistant"), parent_id=None, state="running"
    )
    grown = Message(role="assistant", parts=(Text("a growing whale"),))
    store.update_message("ann", row.id, message=grown, state="running")
    assert store.search.find("ann", "whale") == []
    ended = Message(role="assistant", parts=(Text("a grown whale"),))
    store.update_message("ann", row.id, message=ended, state="complete")
    assert len(store.search.find("ann", "grown whale")) == 1
    assert store.search.find("ann", "growing") == []
    lost = store.add_message(
        "ann", chat.id, Message(role="assistant", parts=(Text("a cut shark"),)), parent_id=None,
        state="running",
    )  # fmt: skip
    assert store.growing.interrupt(lost.id, lost.updated)
    assert [f.message_id for f in store.search.find("ann", "shark")] == [lost.id]


def test_a_message_that_is_put_away_gives_its_place_to_a_sibling_or_its_parent(
    store: Store,
) -> None:
    chat = store.create_chat("ann")
    question = say(store, chat, "q")
    first = say(store, chat, "a1", question, "assistant")
    second = say(store, chat, "a2", question, "assistant")
    more = say(store, chat, "q2", second)
    store.hide_message("ann", second.id)
    assert store.chat("ann", chat.id).leaf == first.id
    assert store.tree("ann", chat.id) == {None: (question.id,), question.id: (first.id,)}
    store.hide_message("ann", first.id)
    assert [m.id for m in store.path("ann", chat.id)] == [question.id]
    store.restore_message("ann", second.id)
    assert [m.id for m in store.path("ann", chat.id)] == [question.id, second.id, more.id]
    assert [m.id for m in store.messages("ann", chat.id)] == [question.id, second.id, more.id]
    store.hide_message("ann", question.id)
    assert store.path("ann", chat.id) == []
    store.restore_message("ann", question.id)
    # What was put away before, by itself, stays away.
    assert first.id not in store.tree("ann", chat.id)[question.id]
    with pytest.raises(InvalidRequest, match="no such message"):
        store.hide_message("bob", question.id)


def test_what_was_put_away_is_forgotten_after_a_while(store: Store) -> None:
    kept, gone = store.create_chat("ann"), store.create_chat("ann")
    question = say(store, kept, "q")
    answer = say(store, kept, "a", question, "assistant")
    say(store, kept, "q2", answer)
    store.hide_message("ann", answer.id)
    store.hide_chat("ann", gone.id)
    assert [chat.id for chat in store.chats("ann")] == [kept.id]
    assert store.forget(idle=60) == 0
    assert store.chat("ann", gone.id).hidden
    assert store.forget() == 1
    with pytest.raises(InvalidRequest):
        store.chat("ann", gone.id)
    with pytest.raises(InvalidRequest):
        store.message("ann", answer.id)
    assert [m.id for m in store.path("ann", kept.id)] == [question.id]


def test_presets_belong_to_one_owner_and_are_replaced_by_name(store: Store) -> None:
    store.presets.save("ann", "简短", "一句话回答。")
    store.presets.save("ann", "brief", "Be brief.")
    store.presets.save("ann", "brief", "Be very brief.")
    assert store.presets.all("ann") == [
        Preset(name="brief", text="Be very brief."),
        Preset(name="简短", text="一句话回答。"),
    ]
    assert store.presets.all("bob") == []
    store.presets.delete("bob", "brief")
    store.presets.delete("ann", "brief")
    assert [preset.name for preset in store.presets.all("ann")] == ["简短"]


@given(st.text(max_size=60), st.text(max_size=20))
@example("𝘈 Ά ﬁ", "")
def test_an_excerpt_marks_only_what_it_shows(text: str, typed: str) -> None:
    shown, marks = excerpt(text, typed)
    assert all(0 <= start < end <= len(shown) for start, end in marks)
    assert words_of(words_of(text)) == words_of(text)
