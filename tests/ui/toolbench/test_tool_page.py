"""The tool page in a real Chromium, over a scripted model that calls tools and the built-in one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.programs import environment
from tests.support.rule_based_model import SENTENCE, thinking
from tests.ui.app_process import running_app, visit
from tests.ui.steps import shoot

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

CONFIG = """
model_list:
  - model_name: native
    litellm_params: {{model: ollama_chat/brain, api_base: "{url}"}}
  - model_name: open
    litellm_params: {{model: openai/brain, api_base: "{url}/v1"}}
  - model_name: small
    litellm_params: {{model: "embedded/smollm2:135m"}}
diglot:
  embedded: {{max_tokens: 40}}
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
    page.get_by_role("button", name="Continue with this result").click()
    expect(step(page, "minus forty")).to_be_visible()
    expect(page.get_by_text("from step 1 of #1")).to_be_visible()
    shoot(page, "toolpage-branched-en")


def test_refused_failing_and_compared_calls(url: str, chromium: Browser) -> None:
    page = opened(chromium, url, locale="zh-CN", scheme="dark")
    ask(page, ASKED)
    choose(page, "tool_mode", "先问我")
    start(page).click()
    card = page.locator("[class*=st-key-pause_]").filter(has_text="在等你").first
    card.get_by_role("radio", name="拒绝").click()
    # What was typed a moment ago counts, though nothing has been confirmed.
    card.get_by_role("textbox", name="告诉模型的理由").fill("今天不行")
    shoot(page, "toolpage-refuse-zh-dark")
    card.get_by_role("button", name="继续").click()
    expect(step(page, "今天不行")).to_be_visible()
    expect(step(page, "已拒绝")).to_be_visible()
    choose(page, "tool_mode", "自动运行")
    page.get_by_role("button", name="故障与上限").click()
    page.get_by_role("combobox", name="故障").click()
    page.get_by_role("option", name="200 kB").click()
    page.keyboard.press("Escape")
    start(page).click()
    huge = unfold(page, "200 kB")
    expect(huge.get_by_text(re.compile("个字符已交给模型"))).to_be_visible()
    shoot(page, "toolpage-fault-zh-dark")
    choose(page, "tool_way", "两种对比")
    start(page).click()
    for way in ("随模型", "模拟"):
        expect(page.locator("strong").filter(has_text=re.compile(f"^{way}$"))).to_be_visible()
    expect(page.get_by_text(SENTENCE)).to_have_count(2)
    shoot(page, "toolpage-both-zh-dark")


def run_script(page: Page, folder: Path) -> subprocess.CompletedProcess[str]:
    """Download the script with the openai SDK and run it."""
    with page.expect_download() as given:
        page.locator(".st-key-take_openai_tools-py").get_by_role("button").click()
    given.value.save_as(folder / "loop.py")
    return subprocess.run(
        [sys.executable, "loop.py", "shout 'hey'"],
        cwd=folder,
        env=environment({"MODEL": "open"}),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_a_tool_is_pasted_called_by_hand_and_taken_away(
    url: str, chromium: Browser, tmp_path: Path
) -> None:
    page = opened(chromium, url)
    choose(page, "tool_view", "Paste anything")
    box = page.locator(".st-key-tool_paste textarea")
    box.fill(SHOUT)
    box.press("Control+Enter")
    expect(page.get_by_text(re.compile("Read as Python"))).to_be_visible()
    page.get_by_role("button", name="Add to the tools (1)").click()
    # Its parameters are described, so that the check finds nothing until one is taken away.
    shout = page.get_by_role("checkbox", name="shout", exact=True)
    expect(shout).to_be_visible()
    code = page.get_by_role("textbox", name="Definition of shout")
    code.fill(SHOUT.replace("        text: What to say.\n", ""))
    code.press("Control+Enter")
    expect(page.get_by_role("checkbox", name="shout · ⚠ 1")).to_be_visible()
    # The field that was edited goes once the new one is there.
    expect(code).to_have_count(1)
    code.fill(SHOUT)
    code.press("Control+Enter")
    expect(shout).to_be_visible()
    choose(page, "tool_section", "By hand")
    page.get_by_role("combobox", name="Tool").click()
    page.get_by_role("option", name="shout").click()
    page.get_by_role("textbox", name="text").fill("hey")
    page.get_by_role("spinbutton", name="times").fill("3")
    page.get_by_role("spinbutton", name="times").press("Enter")
    expect(page.get_by_text("fits the schema")).to_be_visible()
    page.locator(".st-key-call button").click()
    result = page.locator(".st-key-hand_shown")
    expect(result.get_by_text("HEYHEYHEY")).to_be_visible()
    expect(result.get_by_text("shouting")).to_be_visible()
    shoot(page, "toolpage-hand-en")
    choose(page, "tool_section", "Export")
    done = run_script(page, tmp_path)
    assert done.returncode == 0 and "HEY" in done.stderr, done.stderr
    shoot(page, "toolpage-take-en")
    choose(page, "tool_section", "Connections")
    expect(page.get_by_text(re.compile("/mcp$"))).to_be_visible()
    shoot(page, "toolpage-connect-en")
    # It is there for this browser, not for another.
    page.reload()
    expect(page.get_by_role("checkbox", name="shout")).to_be_visible()
    other = opened(chromium, url)
    expect(other.get_by_role("checkbox", name="shout")).to_have_count(0)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_cases_are_tried_on_the_small_model(url: str, chromium: Browser, locale: str) -> None:
    page = opened(chromium, url, locale=locale)
    tests = {"zh-CN": "测试", "en-US": "Tests"}[locale]
    choose(page, "tool_section", tests)
    models = page.locator(".st-key-matrix_models")
    expect(models).to_be_visible()
    models.get_by_role("combobox").click()
    page.get_by_role("option", name="small", exact=True).click()
    page.keyboard.press("Escape")
    run = page.locator(".st-key-matrix_run button")
    expect(run).to_contain_text("12")
    run.click()
    cell = page.locator("[class*=st-key-cell_]").get_by_role("button")
    expect(cell).to_have_count(12, timeout=180_000)
    small = page.locator("[class*=_small]").get_by_role("button")
    expect(small.first).to_contain_text("1/1")
    shoot(page, f"toolpage-matrix-{locale[:2]}")
    small.first.click()
    drawer = page.get_by_role("dialog")
    expect(
        drawer.get_by_text("get_current_weather").or_(drawer.get_by_text("#1")).first
    ).to_be_visible()
    shoot(page, f"toolpage-cell-{locale[:2]}")


SHOUT = '''
def shout(text: str, times: int = 1) -> str:
    """Say it loudly.

    Args:
        text: What to say.
        times: How often.
    """
    print("shouting", times)
    return text.upper() * times
'''
