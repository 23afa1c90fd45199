"""ChatGPT's exports, with and without the files beside them."""

from __future__ import annotations

import json

from core.chats.transfer.imports.files import read_import
from core.chats.transfer.imports.values import Import
from core.chats.values.chat import Call
from core.translation.messages import Image, Text, text_of
from core.words import languages
from tests.support.imported import FILES, PIXEL, adds_up, read, row, why, zipped


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
