"""Files of each product, as they look: what is kept of them, and what is said of the rest."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.chats.jobs.answer import conversation
from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import, ImportedChat
from core.chats.values.chat import Call, ChatMessage
from core.errors import InvalidRequest
from core.translation.messages import Image, Text, text_of
from core.words import languages

FILES = Path(__file__).parent / "files"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f"
    b"\x15\xc4\x89"
)


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(name: str) -> Import:
    return read_import((FILES / name).read_bytes())


def whole_zip() -> Import:
    """A ZIP as ChatGPT sends it since 2026."""
    return read_import(
        zipped(
            {
                "conversations-000.json": (FILES / "chatgpt-2026-000.json").read_bytes(),
                "conversations-001.json": (FILES / "chatgpt-2026-001.json").read_bytes(),
                "chat.html": b"<html></html>",
                "user.json": b'{"id": "user-1"}',
                "message_feedback.json": b'[{"id": "b1", "rating": "thumbs_down"}]',
                "file_00000000c0ffee-sanitized.png": PIXEL,
                "file-Notes42-notes.md": b"# Notes\n",
                "__MACOSX/._conversations-000.json": b"junk",
            }
        )
    )


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


def test_chatgpt_writes_an_answer_as_many_messages_and_it_is_one_again() -> None:
    found = whole_zip()
    adds_up(found)
    assert found.source == "chatgpt"
    (chat,) = found.chats
    assert (chat.title, chat.pinned, chat.leaf) == ("Parabola 抛物线", True, "a6")
    assert [(one.id, one.parent_id) for one in chat.messages] == [
        ("u1", None), ("a1", "u1"), ("u2", "a1"), ("a6", "u2"), ("b1", "u1")
    ]  # fmt: skip
    answer = row(chat, "a1")
    (step,) = answer.steps
    code = json.loads(step.calls[0].arguments)
    assert "np.arange" in code["input"]
    assert (step.calls[0].name, step.calls[0].result) == ("python", "0")
    assert (step.thinking, step.thinking_duration) == ("Planning\nA parabola.", 7_000_000_000)
    assert text_of(answer.message) == (
        "The minimum is **0** at x = 0 ([Parabola](https://example.org/parabola))."
    )
    assert (answer.model, answer.finish_reason) == ("gpt-5-thinking", "stop")
    other = row(chat, "b1")
    assert (other.rating, other.finish_reason, other.model) == (-1, "length", "gpt-5")


def test_chatgpts_pictures_and_files_come_with_the_zip() -> None:
    (chat,) = whole_zip().chats
    image, said, file = row(chat, "u2").message.parts
    assert isinstance(image, Image)
    assert image.media_type == "image/png"
    assert said == Text("And this one?")
    assert isinstance(file, Text)
    assert file.text.startswith("File: notes.md\n")
    drawn = row(chat, "a6")
    assert drawn.state == "interrupted"
    assert drawn.steps[0].calls[0] == Call(
        id="call_1",
        name="dalle.text2im",
        arguments='{"prompt":"a parabola","size":"1024x1024"}',
        result="[file_00000000da11e0]",
    )


def test_the_report_of_a_chatgpt_zip_names_everything_that_is_not_as_it_was() -> None:
    found = whole_zip()
    assert why(found) == {
        ("file", "skipped", "no_chats"): 2,
        ("chat", "skipped", "twice"): 1,
        ("chat", "skipped", "broken"): 1,
        ("message", "skipped", "hidden"): 2,
        ("message", "joined", "turn"): 6,
        ("part", "changed", "recap"): 1,
        ("part", "changed", "arguments"): 1,
        ("part", "changed", "citation"): 1,
        ("part", "changed", "image_made"): 1,
    }
    assert all(all(map(row.note.text, languages())) for row in found.rows)


def test_a_chatgpt_file_without_its_zip_says_which_pictures_are_missing() -> None:
    found = read("chatgpt-2026-000.json")
    adds_up(found)
    assert why(found)["part", "changed", "image_missing"] == 1
    assert why(found)["part", "changed", "file_missing"] == 1
    (chat,) = found.chats
    said = [part.text for part in row(chat, "u2").message.parts if isinstance(part, Text)]
    assert said == ["[file_00000000c0ffee]", "And this one?", "[notes.md]"]


def test_a_chatgpt_file_of_2023() -> None:
    found = read("chatgpt-2023.json")
    adds_up(found)
    (chat,) = found.chats
    assert chat.title == "你好"
    assert [one.message.role for one in chat.messages] == [
        "system", "user", "assistant", "user", "assistant", "user"
    ]  # fmt: skip
    sung = row(chat, "search")
    assert [call.result for step in sung.steps for call in step.calls] == [
        "[Shanties](https://example.org/shanty)\n\nDrunken Sailor",
        "ChatGPTAgentToolException: robots.txt",
    ]
    assert sung.steps[-1].calls[-1].failed
    assert text_of(sung.message) == "What shall we do…"
    assert text_of(row(chat, "audio").message) == "Sing something."
    assert '"hologram"' in text_of(row(chat, "weird").message)
    assert why(found)["part", "skipped", "audio"] == 1
    assert why(found)["part", "changed", "unknown"] == 1


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


def test_several_files_of_one_product_may_come_in_a_zip() -> None:
    data = (FILES / "librechat-flat.json").read_bytes()
    other = data.replace(b'"L1"', b'"L2"')
    found = read_import(zipped({"a/one.json": data, "b/two.json": other, "c/x.json": b"[1]"}))
    adds_up(found)
    assert len(found.chats) == 2
    assert why(found)["file", "skipped", "no_chats"] == 1


REFUSED = {
    "nothing": b"",
    "text": b"hello",
    "a picture": PIXEL,
    "an empty list": b"[]",
    "other JSON": b'{"messages": []}',
    "a broken ZIP": b"PK\x03\x04 and no more",
    "an empty ZIP": zipped({}),
    "a ZIP of something else": zipped({"photo.png": PIXEL, "x.json": b"{"}),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_import(data)
    assert caught.value.code == "import_refused"


def test_nesting_that_python_cannot_read_says_how_to_export_again() -> None:
    deep = b'{"children":[' * 3000 + b"]}" * 3000
    with pytest.raises(InvalidRequest, match="recursive"):
        read_import(deep)


def test_a_zip_that_lies_of_its_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.chats.transfer.imports.files.MAX_JSON", 10_000)
    bomb = zipped({"conversations.json": b"[" + b" " * 1_000_000 + b"]"})
    assert len(bomb) < 10_000
    with pytest.raises(InvalidRequest) as caught:
        read_import(bomb)
    assert caught.value.code == "import_too_large"


def test_damaged_bytes_in_a_zip_are_a_row() -> None:
    good = (FILES / "librechat-flat.json").read_bytes()
    data = bytearray(zipped({"a.json": good, "b.json": good.replace(b"L1", b"L2")}))
    place = data.find(b"b.json") + 40
    data[place : place + 20] = b"\xff" * 20
    found = read_import(bytes(data))
    assert len(found.chats) == 1
    assert why(found)["file", "skipped", "bad_file"] == 1
