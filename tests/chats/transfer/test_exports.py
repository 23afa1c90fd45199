"""A chat goes out and comes back whole; what is broken adds nothing."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from core.chats.store.store import Store
from core.chats.transfer.archive import Archive
from core.chats.transfer.exports import dump_chat, dump_example, dump_markdown, zip_files
from core.chats.values.chat import Call, Chat, Step
from core.errors import InvalidRequest
from core.tools.examples import example_toolbox
from core.translation.messages import Image, Message, Text

ME = "me"


@pytest.fixture
def store(tmp_path: Any) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'chats.db'}")
    yield store
    store.close()


def said(role: str, text: str) -> Message:
    return Message(role=role, parts=(Text(text),))


@pytest.fixture
def chat(store: Store) -> Chat:
    chat = store.create_chat(ME, title="Wetter 天气")
    look = Message(role="user", parts=(Text("What is this?"), Image("image/png", "aGk=")))
    first = store.add_message(ME, chat.id, look, parent_id=None)
    call = Call(id="1", name="get_current_weather", arguments='{"location":"上海"}', result="25°C")
    steps = (Step(calls=(call,), text="I look.", thinking="hm"),)
    facts: dict[str, Any] = {"steps": steps, "model": "qwen3:4b", "numbers": {"load_ns": 5}}
    store.add_message(ME, chat.id, said("assistant", "It is 25°C."), parent_id=first.id, **facts)
    other = store.add_message(
        ME, chat.id, said("assistant", "No idea."), parent_id=first.id, state="running"
    )
    store.add_message(ME, chat.id, said("user", "Why?"), parent_id=other.id)
    old = store.siblings(ME, other.id)[0]
    store.set_leaf(ME, chat.id, old.id)
    return store.chat(ME, chat.id)


def load_chat(store: Store, owner: str, body: Any) -> Chat:
    archive = Archive(store, example_toolbox())
    (chat,) = archive.save(owner, archive.read(json.dumps(body).encode()))
    return chat


def shape(store: Store, chat: Chat) -> list[Any]:
    """All that must come back: everything but ids and times."""
    rows = store.messages(ME, chat.id)
    places = {row.id: place for place, row in enumerate(rows)} | {None: None}
    names = ("message", "state", "model", "steps", "numbers", "finish_reason", "rating")
    return [
        chat.title,
        places[chat.leaf],
        *[(places[row.parent_id], *[getattr(row, n) for n in names]) for row in rows],
    ]


def test_it_comes_back_whole(store: Store, chat: Chat) -> None:
    body = json.loads(json.dumps(dump_chat(chat, store.messages(ME, chat.id))))
    assert "owner" not in body["chat"]
    loaded = load_chat(store, "you", body)
    assert loaded.id != chat.id
    assert loaded.owner == "you"
    back = load_chat(store, ME, body)
    before, after = shape(store, chat), shape(store, back)
    assert before[4][2] == "running"
    before[4] = (*before[4][:2], "interrupted", *before[4][3:])
    assert after == before
    assert [row.created for row in store.messages(ME, back.id)] == [
        row.created for row in store.messages(ME, chat.id)
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"format": "openai"}, "format"),
        ({"chat": 5}, "chat"),
        ({"messages": {}}, "messages"),
        ({"messages": [{"id": "1"}]}, "messages[0]"),
    ],
)
def test_what_is_broken_adds_nothing(
    store: Store, chat: Chat, change: dict[str, Any], path: str
) -> None:
    body = {**dump_chat(chat, store.messages(ME, chat.id)), **change}
    with pytest.raises(InvalidRequest) as caught:
        load_chat(store, ME, body)
    assert caught.value.path == path
    assert len(store.chats(ME)) == 1


def test_a_message_stands_behind_its_parent(store: Store, chat: Chat) -> None:
    body = dump_chat(chat, store.messages(ME, chat.id))
    body["messages"].reverse()
    with pytest.raises(InvalidRequest, match="does not stand before it"):
        load_chat(store, ME, body)


def test_markdown_shows_the_branch(store: Store, chat: Chat) -> None:
    text = dump_markdown(chat, store.path(ME, chat.id))
    assert text.startswith("# Wetter 天气\n\n## User\n\nWhat is this?\n\n## qwen3:4b\n\nI look.")
    assert "`get_current_weather`" in text and "25°C" in text
    assert "No idea." not in text


def test_an_example_to_learn_from_has_its_calls_and_tools(store: Store, chat: Chat) -> None:
    tools = example_toolbox().subset(("get_current_weather",)).tools
    line = dump_example(store.path(ME, chat.id), tools=tools)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    body = msgspec.json.decode(line)
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == "get_current_weather"
    assert body["tools"][0]["function"]["name"] == "get_current_weather"
    with pytest.raises(InvalidRequest):
        dump_example(store.path(ME, chat.id)[:1], tools=())


def test_all_chats_go_out_as_one_file_and_come_back(store: Store, chat: Chat) -> None:
    archive = Archive(store, example_toolbox())
    empty = store.create_chat(ME, title="Wetter 天气")
    store.create_chat(ME, temporary=True)
    data, report = archive.export_all(ME, "json")
    assert (report.chats, report.skipped) == (2, 0)
    found = archive.read(data)
    assert (found.source, len(found.chats), found.messages, found.rows) == ("diglot", 2, 4, ())
    assert store.chats("you") == []
    saved = archive.save("you", found)
    assert sorted(c.title for c in store.chats("you")) == sorted(c.title for c in saved)
    data, report = archive.export_all(ME, "markdown")
    assert (report.chats, report.skipped) == (2, 0)
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        assert sorted(files.namelist()) == ["Wetter 天气 (2).md", "Wetter 天气.md"]
        assert files.testzip() is None
    data, report = archive.export_all(ME, "jsonl")
    assert (report.chats, report.skipped) == (1, 1)
    assert data == archive.export(ME, chat.id, "jsonl")
    with pytest.raises(InvalidRequest):
        archive.export(ME, empty.id, "jsonl")


def test_names_in_an_archive_are_fit_for_every_system() -> None:
    names = ["../../etc/passwd.md", "a:b?.md", "..md", "A B.md", "a b.md", "x" * 300 + ".md"]
    data = zip_files((name, b"") for name in names)
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        found = files.namelist()
    assert found[:5] == ["etc passwd.md", "a b.md", "chat.md", "A B (2).md", "a b (3).md"]
    assert len(found[5]) < 100
