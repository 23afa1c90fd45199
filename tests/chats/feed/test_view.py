"""What each message shows."""

from __future__ import annotations

from typing import Any

import pytest

from core.chats.feed.view import Viewer
from core.chats.values.chat import Call, ChatMessage, Step
from core.translation.messages import Image, Message, Part, Text
from core.words import languages, words

VIEWER = Viewer(language="en", addresses=None)


def answer(text: str = "", thinking: str = "", **more: Any) -> ChatMessage:
    parts = (Text(text),) if text else ()
    message = Message(role="assistant", parts=parts, thinking=thinking)
    given = {"id": "a", "chat_id": "c", "created": 1, "updated": 1, "message": message}
    return ChatMessage(**{**given, **more})


def question(*parts: Part) -> ChatMessage:
    return ChatMessage(
        id="q", chat_id="c", created=1, updated=1, message=Message(role="user", parts=parts)
    )


def test_a_question_is_its_words_its_files_and_its_images() -> None:
    file = Text("File: a b.py\n```py\nx = 1\n```")
    image = Image(data="AAAA", media_type="image/png")
    view = VIEWER.message(question(Text("hi"), file, image, Image(url="http://h/x.png")))
    assert [(one.kind, one.place) for one in view.parts] == [
        ("text", 0),
        ("file", 1),
        ("image", 2),
        ("address", 3),
    ]
    assert view.parts[1].name == "a b.py" and view.parts[1].text.startswith("```py\nx")
    # What it looks like is asked for, and an address is not fetched by looking at it.
    assert view.parts[2].text == "" and view.parts[3].text == "http://h/x.png"


def test_words_that_begin_like_a_file_are_words() -> None:
    view = VIEWER.message(question(Text("File: x\n```\ny\n```")))
    assert view.parts[0].kind == "text"


def test_an_answer_says_what_it_would_load() -> None:
    text = "![x](http://bait.example/a) ![y](data:image/png;base64,aa)\n```mermaid\nimg\n```"
    view = VIEWER.message(answer(text))
    assert [(one.number, one.words) for one in view.images] == [(0, "Load image from bait.example")]
    assert view.diagrams == (True,)
    growing = VIEWER.message(answer(text, state="running"))
    assert growing.images == () and growing.diagrams == ()


def test_what_is_nested_too_deep_is_told_wherever_it_stands() -> None:
    deep = "> " * 1000 + "x"
    assert VIEWER.message(answer(deep)).deep
    assert VIEWER.message(answer("a", thinking=deep)).deep
    assert VIEWER.message(answer("a", steps=(Step(text=deep),))).deep
    assert not VIEWER.message(answer("a")).deep


def test_calls_are_told_in_a_line_and_in_full() -> None:
    calls = (
        Call(id="1", name="f", arguments='{"x":\n "' + "y" * 90 + '"}'),
        Call(id="2", name="f", arguments="{}", result="no", failed=True, duration=2_000_000),
        Call(id="3", name="g", arguments="{}", result="yes"),
    )
    view = VIEWER.message(answer("done", steps=(Step(calls=calls[:2]), Step(calls=calls[2:]))))
    first, second = view.steps[0].calls
    assert (first.state, second.state, second.took) == ("running", "failed", "2 ms")
    assert len(first.short) == 61 and "\n" not in first.short and first.arguments.endswith('"}')
    assert view.used == "Used 3 tools: f, g"
    assert VIEWER.message(answer("done", steps=(Step(calls=calls),))).used == ""


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize(
    ("more", "said", "cut"),
    [
        ({"state": "stopped"}, "chat.stopped", True),
        ({"state": "interrupted"}, "chat.interrupted", True),
        ({"finish_reason": "length"}, "chat.length", True),
        ({"finish_reason": "edited"}, "chat.edited", False),
        ({"finish_reason": "stop"}, "", False),
    ],
)
def test_how_an_answer_ended_is_said(
    more: dict[str, Any], said: str, cut: bool, language: str
) -> None:
    view = Viewer(language=language, addresses=None).message(answer("x", **more))
    assert view.note == (words(language)[said] if said else "")
    assert view.cut is cut


def test_an_error_is_a_card_instead_of_a_note() -> None:
    error = {"code": "backend_cut", "message": "gone", "status": 502}
    view = VIEWER.message(answer("x", state="failed", error=error))
    assert view.error is not None and view.error.kind == "backend_cut"
    assert view.note == "" and view.cut


def test_versions_are_told_where_there_are_several() -> None:
    assert VIEWER.message(answer(), ["a"]).versions == ()
    view = VIEWER.message(answer(), ["b", "a", "c"])
    assert view.versions == ("b", "a", "c") and view.place == 1


def test_answers_side_by_side_are_all_told() -> None:
    both = [
        answer("one", id="a", batch="b", dialect="ollama", model="m"),
        answer("two", id="z", batch="b", dialect="openai", model="m"),
    ]
    view = VIEWER.message(both[0], ["a", "z"], both)
    assert [(one.id, one.text) for one in view.together] == [("a", "one"), ("z", "two")]
    assert view.facts == "m · Native" and view.other == "openai"
    assert all(one.together == () for one in view.together)
