"""LibreChat's exports, flat and nested."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.chats.jobs.answer import conversation
from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import, ImportedChat
from core.chats.values.chat import Call, ChatMessage
from core.translation.messages import text_of

FILES = Path(__file__).parent / "files"


def read(name: str) -> Import:
    return read_import((FILES / name).read_bytes())


def why(found: Import) -> dict[tuple[str, str, str], int]:
    counts: dict[tuple[str, str, str], int] = {}
    for row in found.rows:
        key = (row.unit, row.outcome, row.why)
        counts[key] = counts.get(key, 0) + row.count
    return counts


def row(chat: ImportedChat, known: str) -> ChatMessage:
    return next(one for one in chat.messages if one.id == known)


def adds_up(found: Import) -> None:
    counts = why(found)
    lost = sum(
        n for (unit, what, _), n in counts.items() if unit == "message" and what != "changed"
    )
    assert found.seen_messages == found.messages + lost
    gone = sum(n for (unit, _, _), n in counts.items() if unit == "chat")
    assert found.seen_chats == len(found.chats) + gone


@pytest.mark.parametrize("name", ["librechat-flat.json", "librechat-recursive.json"])
def test_librechat(name: str) -> None:
    found = read(name)
    adds_up(found)
    (chat,) = found.chats
    assert found.source == "librechat"
    assert chat.title == "Capitals 首都"
    assert text_of(chat.messages[0].message) == "You know geography."
    assert {one.id: one.parent_id for one in chat.messages[1:]} == {
        "m1": "\0system", "m2": "m1", "m3": "m1", "m4": "m2", "m5": "m4"
    }  # fmt: skip
    answer = row(chat, "m2")
    assert answer.steps[0].calls[0] == Call(
        id="call_9", name="search_mcp_wiki", arguments='{"q":"France"}', result="Paris"
    )
    assert (answer.steps[0].text, answer.steps[0].thinking) == ("I look it up.", "An easy one.")
    assert (text_of(answer.message), answer.rating) == ("Paris.", 1)
    thought = row(chat, "m3")
    assert (thought.message.thinking, text_of(thought.message)) == ("Hm.", "It is Paris.")
    assert thought.state == "interrupted"
    failed = row(chat, "m5").error
    assert failed is not None
    assert failed["message"] == "Something went wrong: 429"
    assert why(found)["part", "changed", "image_missing"] == 1
    assert conversation(chat.messages[:3])
