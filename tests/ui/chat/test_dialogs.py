"""What the chat opens beside itself says what it is for, also when what it shows is gone."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.words import languages, words


def _page(kind: str, text: str, exchanges: tuple[str, ...], language: str) -> None:
    from types import SimpleNamespace

    from core.chats.values.chat import ChatMessage
    from core.config.access import Access
    from core.translation.messages import Message, Text
    from ui.chat.dialogs import open_dialog
    from ui.words import set_language

    set_language(language)
    message = ChatMessage(
        id="a" * 32,
        chat_id="c" * 32,
        message=Message(role="assistant", parts=(Text(text),)),
        exchanges=exchanges,
        batch="b",
        created=1,
        updated=1,
    )
    service: Any = SimpleNamespace(
        demo=False,
        fleet=SimpleNamespace(config=SimpleNamespace(access=Access())),
        exchange=lambda owner, name, *, operator: None,
        store=SimpleNamespace(siblings=lambda owner, name: [message, message]),
    )
    open_dialog(kind, service, "me", message)


def opened(kind: str, *, text: str = "x", exchanges: Any = ("e",), language: str = "en") -> AppTest:
    page = AppTest.from_function(_page, default_timeout=30, args=(kind, text, exchanges, language))
    page.run()
    assert not page.exception
    return page


def test_plain_text_has_no_marks() -> None:
    (code,) = opened("copy_text", text="In **my** words, [here](http://h).").code
    assert code.value == "In my words, here."


def test_a_link_names_the_chat_and_the_message() -> None:
    (code,) = opened("link").code
    assert code.value.endswith(f"/?c={'c' * 32}&m={'a' * 32}")


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", ["diagnosis", "differ"])
def test_what_is_gone_is_said(kind: str, language: str) -> None:
    page = opened(kind, language=language)
    assert words(language)["chat.wire_gone"] in [one.value for one in page.caption]


def test_what_there_is_not_opens_nothing() -> None:
    for kind in ("nothing", "__class__"):
        assert not opened(kind).code
