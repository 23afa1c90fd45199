"""LibreChat's exports, flat and nested."""

from __future__ import annotations

import pytest

from core.chats.jobs.answer import conversation
from core.chats.values.chat import Call
from core.translation.messages import text_of
from tests.support.imported import adds_up, read, row, why


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
