"""Open WebUI's exports."""

from __future__ import annotations

from core.chats.values.chat import Call
from core.translation.messages import Image, text_of
from tests.support.imported import adds_up, read, row


def test_open_webui() -> None:
    found = read("openwebui.json")
    adds_up(found)
    assert found.source == "openwebui"
    sums, old = found.chats
    assert (sums.title, sums.pinned, sums.leaf) == ("Sums 算术", True, "a3")
    assert [text_of(one.message) for one in sums.messages if one.message.role == "system"] == [
        "Answer briefly."
    ]
    question = row(sums, "q")
    assert isinstance(question.message.parts[1], Image)
    assert "15*17=255" in text_of(question.message)
    thought, other = row(sums, "a"), row(sums, "b")
    assert thought.message.thinking == "10*17 + 5*17 = 255"
    assert thought.numbers["thinking_ns"] == 3_000_000_000
    assert thought.numbers["completion_tokens"] == 40
    assert thought.numbers["load_ns"] == 100_000_000
    assert (thought.rating, thought.batch, other.batch) == (1, "q", "q")
    assert other.numbers == {"prompt_tokens": 18, "completion_tokens": 6}
    looked = row(sums, "a2")
    assert looked.steps[0].text == "Let me look."
    assert looked.steps[0].calls[0] == Call(
        id="call_1", name="get_weather", arguments='{"city": "Paris"}', result="18C, rain"
    )
    assert text_of(looked.message) == "Rain, 18 °C."
    failed = row(sums, "a3")
    assert failed.state == "failed"
    assert failed.error is not None
    assert "terminated" in failed.error["message"]
    assert [text_of(one.message) for one in old.messages] == [
        "Hi", "Hello <details>not ours</details>"
    ]  # fmt: skip
    assert old.messages[1].parent_id == old.messages[0].id
    assert old.messages[1].state == "interrupted"
