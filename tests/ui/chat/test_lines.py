"""The list at the side of the pages beside the chat's, in a real Chromium."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.app_process import visit
from tests.ui.steps import settled, shoot

pytestmark = pytest.mark.browser


def lines(page: Page) -> Locator:
    return page.get_by_test_id("side-line")


def current(page: Page) -> Locator:
    return page.locator("[data-testid=side-line][aria-current=true]")


def test_an_exchange_is_found_at_the_side_and_opened(url: str, chromium: Browser) -> None:
    body = {"model": "actor:1b", "messages": [{"role": "user", "content": "hello"}]}
    first, second = (
        httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).headers["x-diglot-id"]
        for _ in range(2)
    )
    assert httpx.post(f"{url}/v1/messages", json={}, timeout=60).status_code == 400
    page = visit(chromium, f"{url}/requests?lang=en")
    expect(lines(page)).to_have_count(3)
    expect(lines(page).first).to_contain_text("✗ /v1/messages")
    expect(current(page)).to_contain_text("/v1/messages")
    settled(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Find an exchange")).to_be_focused()
    page.keyboard.type("completions actor")
    expect(lines(page)).to_have_count(2)
    page.keyboard.press("Enter")
    expect(current(page)).to_contain_text("/v1/chat/completions")
    expect(page).to_have_url(re.compile(f"x={second}"))
    shoot(page, "side-requests-en")
    # From a page that shows something else it goes back to the exchanges.
    page.get_by_role("radio", name="Something pasted").click(force=True)
    expect(page.locator(".st-key-pasted")).to_be_visible()
    lines(page).last.click()
    expect(page.get_by_role("radio", name="An exchange")).to_be_checked()
    expect(page).to_have_url(re.compile(f"x={first}"))


def test_a_tool_is_found_at_the_side_and_opened(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/tools", locale="zh-CN", scheme="dark")
    expect(current(page)).to_contain_text("get_current_weather")
    settled(page)
    box = page.get_by_role("searchbox", name="查找工具")
    box.fill("算式")
    expect(lines(page)).to_have_count(1)
    lines(page).click()
    expect(page.get_by_role("textbox", name="calculate 的定义")).to_be_visible()
    expect(current(page)).to_contain_text("calculate")
    box.fill("nothing like it")
    expect(page.get_by_text("这里没有内容。")).to_be_visible()
    shoot(page, "side-tools-zh")


def test_a_model_is_found_at_the_side_and_shown(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/models?lang=en")
    # So narrow a window that the card does not stand in it.
    page.set_viewport_size({"width": 1000, "height": 300})
    expect(lines(page).first).to_be_attached()
    settled(page)
    card = page.locator(".st-key-model_card_0")
    lines(page).first.click()
    expect(card).to_be_in_viewport(ratio=0.9)
    expect(card.get_by_role("button").first).to_be_focused()


def test_the_side_of_a_phone_closes_when_a_line_is_picked(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/tools?lang=en")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(lines(page).last).to_be_attached()
    settled(page)
    page.keyboard.press("Control+k")
    expect(lines(page).last).to_be_in_viewport()
    lines(page).last.click()
    expect(page.get_by_role("textbox", name=re.compile("^Definition of convert"))).to_be_attached()
    expect(lines(page).last).not_to_be_in_viewport()
