"""The card of a call that waits, in a real Chromium: in view, by keyboard, in every tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.scripted_backend import Scripted
from tests.ui.app_process import visit
from tests.ui.steps import address, answered, ask, ready, settings, settled, shoot

pytestmark = pytest.mark.browser


def asking(page: Page, *, tools: str, always: str) -> None:
    """Choose the weather tool and to be asked before each call."""
    ready(page)
    settings(page, tools)
    page.get_by_role("button", name="get_current_weather").click()
    page.get_by_text(always, exact=True).click()
    page.keyboard.press("Escape")
    settled(page)


def in_view(page: Page) -> bool:
    """Tell whether the first card is wholly within the transcript's window."""
    return bool(
        page.evaluate(
            """() => {
            const list = document.querySelector(".diglot-chat .list").getBoundingClientRect();
            const card = document.querySelector("[data-testid=approval]").getBoundingClientRect();
            return card.top >= list.top - 1 && card.bottom <= list.bottom + 1;
            }"""
        )
    )


def results(backend: Scripted) -> list[str]:
    """Return what the tools have told the model."""
    bodies = backend.bodies("/api/chat")
    return [m["content"] for body in bodies for m in body["messages"] if m["role"] == "tool"]


def test_a_call_waits_in_view_and_runs_by_the_keyboard(
    url: str, chromium: Browser, backend: Scripted
) -> None:
    page = visit(chromium, url)
    asking(page, tools="Tools", always="Always ask")
    ask(page, "What is the weather?")
    cards = page.get_by_test_id("approval")
    expect(cards).to_have_count(2)
    expect(cards.first.get_by_text("May get_current_weather run?")).to_be_visible()
    page.wait_for_function("() => document.querySelector('[role=log]').scrollTop >= 0")
    assert in_view(page)
    shoot(page, "chat-approval-en")
    before = len(results(backend))
    chat = address(page)
    # A reload and a second tab show the same cards.
    page.reload()
    expect(cards).to_have_count(2)
    other = page.context.new_page()
    other.goto(chat)
    expect(other.get_by_test_id("approval")).to_have_count(2)
    assert len(results(backend)) == before
    once = cards.first.get_by_role("button", name="Once")
    once.focus()
    page.keyboard.press("Enter")
    expect(cards).to_have_count(1)
    expect(other.get_by_test_id("approval")).to_have_count(1)
    assert page.evaluate("document.activeElement !== document.body")
    other.get_by_role("button", name="No", exact=True).click()
    answered(page)
    expect(cards).to_have_count(0)
    expect(page.get_by_text("refused by you")).to_be_attached()
    told = results(backend)[before:]
    assert sum("25°C" in one for one in told) == 1 and any("refused" in one for one in told)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_always_is_for_the_chat(url: str, chromium: Browser, scheme: str) -> None:
    page = visit(chromium, url, locale="zh-CN", scheme=scheme)
    page.set_viewport_size({"width": 400, "height": 800})
    asking(page, tools="工具", always="每次都询问")
    ask(page, "天气怎么样？")
    cards = page.get_by_test_id("approval")
    expect(cards).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"chat-approval-zh-{scheme}")
    cards.first.get_by_role("button", name="本对话中始终允许").click()
    answered(page)
    ask(page, "现在呢？")
    answered(page, 2)
    expect(cards).to_have_count(0)
    expect(page.get_by_text(re.compile("get_current_weather")).first).to_be_visible()
