"""A chat of a thousand messages in a long list of chats: only their ends are drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from core.chats.feed.listing import LISTED
from core.chats.feed.shown import SHOWN
from core.chats.store.store import Store
from core.chats.store.tables import chats
from core.chats.values.chat import ChatMessage
from core.translation.messages import Message, Text
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.steps import address, answered, ask, shoot

pytestmark = pytest.mark.browser

NODES = "() => document.querySelectorAll('.st-key-surface *').length"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long")


@pytest.fixture(scope="module")
def url(backend: Scripted, folder: Path) -> Iterator[str]:
    with running_app(folder, extra={"OLLAMA_HOST": backend.url}) as found:
        yield found


def rows(count: int) -> list[ChatMessage]:
    now = time.time_ns()
    return [
        ChatMessage(
            id=str(number),
            chat_id="",
            parent_id=str(number - 1) if number else None,
            message=Message(role="assistant" if number % 2 else "user",
                            parts=(Text(f"message {number} of the lighthouse"),)),
            model="actor:1b" if number % 2 else "",
            created=now + number,
            updated=now + number,
        )
        for number in range(count)
    ]  # fmt: skip


def test_only_the_end_of_a_long_chat_and_of_a_long_list_is_drawn(
    url: str, chromium: Browser, folder: Path
) -> None:
    page = visit(chromium, url)
    ask(page, "hello")
    answered(page)
    chat = address(page).split("c=")[1][:32]
    store = Store(f"sqlite:///{folder / 'chats.db'}")
    with store._engine.connect() as db:  # noqa: SLF001 the owner is the cookie's, which is not read
        owner = db.execute(select(chats.c.owner).where(chats.c.id == chat)).scalar_one()
    for number in range(60):
        store.add_chat(owner, title=f"Chat {number}", rows=rows(2), leaf="1")
    long = store.add_chat(owner, title="Long", rows=rows(1000), leaf="999").id
    short = store.add_chat(owner, title="Short", rows=rows(SHOWN), leaf=str(SHOWN - 1)).id
    store.close()
    counts = {}
    for name in (short, long):
        page.goto(f"{url}/?c={name}")
        messages = page.get_by_test_id("message")
        expect(messages).to_have_count(SHOWN)
        expect(page.get_by_test_id("chat-line")).to_have_count(LISTED)
        expect(page.locator('[data-testid=chat-line] [aria-current="page"]')).to_have_count(1)
        counts[name] = page.evaluate(NODES)
    assert 0 < counts[long] <= counts[short] + 20, counts
    expect(messages.last).to_contain_text("message 999")
    shoot(page, "chat-thousand-en")
    page.get_by_role("button", name="Show earlier messages").click()
    expect(messages).to_have_count(SHOWN + 40)
    expect(messages.first).to_contain_text(f"message {1000 - SHOWN - 40} ")
    ask(page, "and now")
    expect(messages.last).to_contain_text("You said: and now")
    # What was asked for stays, and nothing more of it is drawn.
    expect(messages).to_have_count(SHOWN + 42)
