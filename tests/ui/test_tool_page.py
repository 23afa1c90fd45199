"""The tool page in a real Chromium, over a scripted model that calls tools and the built-in one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.brain import thinking
from tests.ui.app_process import CHROMIUM, browser, running_app, visit
from tests.ui.test_browser import shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.embedded,
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="no Chromium here"),
]

CONFIG = """
model_list:
  - model_name: native
    litellm_params: {{model: ollama_chat/brain, api_base: "{url}"}}
  - model_name: open
    litellm_params: {{model: openai/brain, api_base: "{url}/v1"}}
  - model_name: small
    litellm_params: {{model: "embedded/smollm2:135m"}}
diglot:
  embedded: {{max_tokens: 200}}
"""
ASKED = "get_current_weather in '上海'"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        thinking() as backend,
        running_app(
            tmp_path_factory.mktemp("app"), config=CONFIG.format(url=backend.url)
        ) as address,
    ):
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


def opened(chromium: Browser, url: str, **more: str) -> Page:
    page = visit(chromium, f"{url}/tools", **more)
    expect(start(page)).to_be_enabled(timeout=90_000)
    return page


def start(page: Page) -> Locator:
    return page.locator(".st-key-run_start button")


def ask(page: Page, text: str) -> None:
    box = page.locator(".st-key-tool_prompt textarea")
    box.fill(text)
    box.press("Control+Enter")
    expect(start(page)).to_be_enabled()


def choose(page: Page, group: str, name: str) -> None:
    button = page.locator(f".st-key-{group}").get_by_role("radio", name=name, exact=True)
    button.click()
    expect(button).to_be_checked()


def step(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Return a step of the timeline by its words."""
    return page.get_by_test_id("stExpander").filter(has_text=text).first


def unfold(page: Page, text: str | re.Pattern[str]) -> Locator:
    """Open a step of the timeline and return it."""
    found = step(page, text)
    found.locator("p").first.click()
    return found


def test_a_run_is_paused_changed_branched_and_compared(url: str, chromium: Browser) -> None:
    page = opened(chromium, url)
    shoot(page, "toolpage-empty-en")
    ask(page, ASKED)
    choose(page, "tool_mode", "Asks me")
    start(page).click()
    card = page.locator("[class*=st-key-pause_]").filter(has_text="waits for you").first
    expect(card).to_be_visible()
    shoot(page, "toolpage-paused-en")
    # A run that waits survives a refresh.
    page.reload()
    expect(card).to_be_visible()
    arguments = card.get_by_role("textbox", name="Arguments")
    arguments.fill('{"location": 7}')
    arguments.press("Control+Enter")
    expect(card.get_by_text(re.compile("does not fit"))).to_be_visible()
    arguments.fill('{"location": "上海市"}')
    arguments.press("Control+Enter")
    expect(card.get_by_text("fits the schema")).to_be_visible()
    card.get_by_role("button", name="Continue").click()
    expect(step(page, "25°C")).to_be_visible()
    expect(page.get_by_text("It is a sunny day")).to_be_visible()
    call = unfold(page, "上海市")
    expect(call.get_by_text("The model asked for:")).to_be_visible()
    request = unfold(page, "Request 2")
    expect(request.get_by_text("tool_call_id").first).to_be_visible()
    shoot(page, "toolpage-done-en")
    result = unfold(page, "25°C")
    result.get_by_role("button", name="Branch").click()
    field = page.get_by_role("textbox", name="Result")
    field.fill("minus forty")
    field.press("Control+Enter")
    page.get_by_role("button", name="Go on with this result").click()
    expect(step(page, "minus forty")).to_be_visible()
    expect(page.get_by_text("from step 1 of #1")).to_be_visible()
    shoot(page, "toolpage-branched-en")
