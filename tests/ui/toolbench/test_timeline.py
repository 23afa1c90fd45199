"""What a timeline says of a run that went wrong, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.words import languages, words
from ui.widgets.text import plain


def _timeline(language: str, text: str, stopped: str) -> None:
    from typing import Any, cast

    from core.chats.values.chat import Call, ChatMessage, Step
    from core.translation.messages import Message, Text, Tool
    from ui.toolbench.timeline import show_timeline
    from ui.words import set_language

    set_language("zh" if language == "zh" else "en")
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    call = Call(id="c1", name="weather", arguments='{"city": 7}', result="", how="fault_empty")
    row = ChatMessage(
        id="m",
        chat_id="c",
        message=Message(role="assistant", parts=(Text(text),)),
        steps=(Step(calls=(call,), stopped=stopped),),
        created=1,
        updated=1,
    )
    nobody = cast(Any, None)  # no exchange is looked up where none was kept
    tools = {"weather": Tool(name="weather", parameters=schema)}
    show_timeline(nobody, "me", row, tools, over=True)


def drawn(language: str, text: str, stopped: str = "") -> str:
    page = AppTest.from_function(_timeline, default_timeout=30, args=(language, text, stopped))
    page.run()
    assert not page.exception, page.exception
    elements = (*page.markdown, *page.caption, *page.warning, *page.code, *page.expander)
    return "\n".join(f"{getattr(one, 'label', '')} {getattr(one, 'value', '')}" for one in elements)


WRITTEN = {
    "tag": '<tool_call>{"name": "weather", "arguments": {"city": "Lima"}}</tool_call>',
    "json": '{"name": "weather", "arguments": {"city": "Lima"}}',
    "xml": '<function=weather>{"city": "Lima"}</function>',
    "python": "weather(city='Lima')",
}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("form", WRITTEN)
def test_a_call_written_as_text_is_shown_with_what_to_try(form: str, language: str) -> None:
    said, known = drawn(language, WRITTEN[form]), words(language)
    for key in ("written", f"written_{form}", "written_try"):
        assert known[f"tools.{key}"] in said
    assert known["tools.written"] not in drawn(language, "It is warm in Lima.")


@pytest.mark.parametrize("reason", ["turns", "repeats", "no_runner", "abandoned"])
def test_a_loop_that_was_ended_says_why(reason: str) -> None:
    assert words("en")[f"tools.stopped_{reason}"] in drawn("en", "", reason)


def test_a_call_that_does_not_fit_says_where() -> None:
    said, known = drawn("en", "x"), words("en")
    assert known["tools.does_not_fit"] in said and plain("city: 7 is not of type 'string'") in said
    assert known["tools.how_fault_empty"] in said and plain(known["tools.nothing"]) in said
