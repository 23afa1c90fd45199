"""What a person does, in a real Chromium, with the built-in model answering."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from openai import OpenAI
from playwright.sync_api import Browser, expect

from tests.ui.app_process import running_app, visit
from tests.ui.steps import (
    STOP,
    address,
    answered,
    ask,
    last_message,
    ready,
    settings,
    settled,
    shoot,
)

pytestmark = pytest.mark.embedded

STORY = "Write a very long story about a lighthouse keeper and the sea."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with running_app(folder) as address:
        yield address


def model_process(folder: Path) -> int:
    """Return the id of the process in which the app's model runs: it is told the app's."""
    app = (folder / "app.pid").read_bytes()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if line.read_bytes().endswith(b"/embedded/child.py\0" + app + b"\0"):
                return int(line.parent.name)
    raise AssertionError("no model runs")


@contextmanager
def held(process: int) -> Iterator[None]:
    """Let a process stand still in the block, so that it gets to no end meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_text_streams_and_stop_keeps_what_came(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, STORY)
    stop = page.get_by_role("button", name=STOP)
    expect(stop).to_be_visible()
    page.wait_for_function(_longer_than(200))
    early = len(last_message(page))
    page.wait_for_function(_longer_than(early + 100))
    shoot(page, "chat-streaming-en")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped")).to_be_visible()
    expect(stop).to_have_count(0)
    kept = last_message(page)
    page.reload()
    expect(page.get_by_text("Stopped")).to_be_visible()
    assert last_message(page)[:200] == kept[:200]


def test_a_refresh_in_the_middle_loses_nothing(url: str, folder: Path, chromium: Browser) -> None:
    page = visit(chromium, url)
    ready(page)
    settings(page, "Parameters")
    limit = page.get_by_role("spinbutton", name="max_tokens")
    limit.fill("500")
    limit.press("Enter")
    expect(page.get_by_text("Parameters (1)")).to_be_visible()
    page.keyboard.press("Escape")
    ask(page, STORY)
    page.wait_for_function(_longer_than(200))
    with held(model_process(folder)):
        seen = last_message(page)[:150]
        page.reload()
        expect(page.get_by_role("button", name=STOP)).to_be_visible()
    # A small machine that is busy makes ten tokens a second.
    expect(page.get_by_role("button", name=STOP)).to_have_count(0, timeout=240_000)
    answered(page)
    whole = last_message(page)
    assert whole.startswith(seen[:100])
    assert len(whole) > len(seen) + 200
    address(page)


def test_a_tool_is_called_and_its_step_is_shown(url: str, chromium: Browser) -> None:
    page = visit(chromium, url, locale="zh-CN")
    ready(page)
    page.get_by_role("button", name="上海今天的天气怎么样？").click()
    step = page.get_by_text("get_current_weather").first
    expect(step).to_be_visible(timeout=180_000)
    step.click()
    expect(page.get_by_text("25°C").first).to_be_visible()
    expect(page.get_by_role("button", name=STOP)).to_have_count(0, timeout=180_000)
    shoot(page, "chat-tool-zh")
    page.locator("[data-do=wire]").last.click()
    drawer = page.locator(".st-key-wire_panel")
    drawer.get_by_role("tab", name="代码").click()
    expect(drawer.get_by_text(re.compile("curl -N"))).to_be_visible()
    shoot(page, "chat-wire-zh")
    drawer.get_by_role("button", name="在请求页打开").click()
    expect(page.get_by_role("heading", name="请求")).to_be_visible()
    expect(page.get_by_text(re.compile("项一样"))).to_be_visible()


def test_a_question_in_other_words_leaves_the_old_one(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "Say one thing about $5 and $10.")
    answered(page)
    mine = page.get_by_test_id("message").first
    expect(mine.get_by_text("about $5 and $10.")).to_be_visible()
    mine.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Edit").fill("Say two things.")
    page.get_by_role("button", name="Send again").click()
    expect(mine.get_by_text("Say two things.")).to_be_visible()
    answered(page)
    expect(mine.get_by_text("2/2")).to_be_visible()
    shoot(page, "chat-edited-en")
    page.locator("[data-do=back]").first.click()
    expect(mine.get_by_text("about $5 and $10.")).to_be_visible()


def test_only_a_parameter_that_was_set_is_sent(url: str, chromium: Browser) -> None:
    page = visit(chromium, url, locale="zh-CN")
    ready(page)
    settings(page, "参数")
    # llama.cpp settles its context when it starts: no request can change it.
    expect(page.get_by_role("spinbutton", name="num_ctx")).to_be_disabled()
    limit = page.get_by_role("spinbutton", name="max_tokens")
    limit.fill("5")
    limit.press("Enter")
    expect(page.get_by_text("参数（1）")).to_be_visible()
    shoot(page, "chat-parameters-zh")
    page.keyboard.press("Escape")
    ask(page, STORY)
    expect(page.get_by_text("到了长度上限")).to_be_visible(timeout=180_000)
    page.locator("[data-do=wire]").last.click()
    drawer = page.locator(".st-key-wire_panel")
    drawer.get_by_role("tab", name="代码").click()
    code = drawer.get_by_role("tabpanel", name="curl")
    expect(code.get_by_text(re.compile("num_predict"))).to_be_visible()
    expect(code.get_by_text(re.compile("temperature"))).to_have_count(0)


def test_a_chat_goes_out_and_comes_in_as_a_file(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "Say hello to the harbour.")
    answered(page)
    whole = last_message(page)
    page.locator("[data-do=line]").first.click()
    page.get_by_role("menuitem", name="Export", exact=True).click()
    shoot(page, "chat-export-en")
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (JSON)").click()
    file = download.value.path()
    page.keyboard.press("Escape")
    theirs = visit(chromium, url)
    ready(theirs)
    theirs.get_by_role("button", name="Import", exact=True).click()
    theirs.get_by_role("dialog").locator('input[type="file"]').set_input_files(
        {"name": "chat.json", "mimeType": "application/json", "buffer": file.read_bytes()}
    )
    expect(theirs.get_by_text("1 of 1 chats can be kept, with 2 messages")).to_be_visible()
    shoot(theirs, "chat-import-en")
    theirs.get_by_role("button", name="Keep these 1 chats").click()
    answered(theirs)
    assert last_message(theirs)[:40] == whole[:40]
    assert address(theirs) != address(page)


def test_two_browsers_do_not_see_each_other(url: str, chromium: Browser) -> None:
    mine, theirs = visit(chromium, url), visit(chromium, url)
    ask(mine, "Say hello to the secret garden.")
    expect(mine.get_by_role("button", name=STOP)).to_have_count(0, timeout=180_000)
    ready(theirs)
    expect(theirs.get_by_text("secret garden")).to_have_count(0)
    theirs.goto(address(mine))
    expect(theirs.get_by_text("belongs to another browser")).to_be_visible()
    expect(theirs.get_by_text("secret garden")).to_have_count(0)


def test_the_request_page_translates_what_is_pasted(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/requests")
    page.get_by_role("radio", name="Something pasted").click(force=True)
    expect(page.get_by_text("Read as OpenAI")).to_be_visible()
    expect(page.get_by_text(re.compile(r"[1-9]\d* lost"))).to_be_visible()
    shoot(page, "requests-en")
    box = page.locator(".st-key-pasted textarea")
    box.fill('{"model": "m", "messages": [], "options": {"num_ctx": 1}}')
    box.press("Control+Enter")
    expect(page.get_by_text("Read as Native")).to_be_visible()
    box.fill("{")
    box.press("Control+Enter")
    expect(page.get_by_text(re.compile("Line 1, column"))).to_be_visible()


def test_the_tour_runs_on_the_built_in_model(url: str, chromium: Browser) -> None:
    page = visit(chromium, f"{url}/requests?lang=en")
    page.get_by_role("radio", name="A guided tour").click(force=True)
    tabs = ("Before and after", "Stream", "Field by field", "Field by field", "Field by field",
            "Answers")  # fmt: skip
    for number, tab in enumerate(tabs, 1):
        stop = page.get_by_role("radio", name=re.compile(rf"^{number}\."))
        expect(stop).to_be_checked()
        page.get_by_role("button", name="Send this request").click()
        expect(page.get_by_role("button", name="Send again")).to_be_visible(timeout=120_000)
        opened = page.get_by_role("tab", name=tab)
        expect(opened).to_have_attribute("aria-selected", "true")
        expect(page.get_by_text(re.compile("the same ·"))).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        shoot(page, f"tour-{number}-en")
        if number < len(tabs):
            page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(re.compile("country")).first).to_be_visible()
    page.context.close()


def test_clients_use_the_same_process(url: str) -> None:
    with OpenAI(base_url=f"{url}/v1", api_key="not-needed") as client:
        answer = client.chat.completions.create(
            model="smollm2:135m", messages=[{"role": "user", "content": "hi"}], max_tokens=5
        )
    assert answer.usage is not None and answer.usage.completion_tokens == 5


# The app does not know the scheme, the browser alone does.
@pytest.mark.parametrize(("locale", "scheme"), [("zh-CN", "dark"), ("en-US", "light")])
def test_every_page_in_every_look(url: str, chromium: Browser, locale: str, scheme: str) -> None:
    page = visit(chromium, url, locale=locale, scheme=scheme)
    ready(page)
    shoot(page, f"empty-{locale[:2]}-{scheme}")
    for name in ("tools", "requests", "models"):
        page.goto(f"{url}/{name}")
        expect(page.locator("h2")).to_be_visible()
        settled(page)
        shoot(page, f"{name}-{locale[:2]}-{scheme}")
        expect(page.get_by_test_id("stException")).to_have_count(0)
    page.context.close()


def _longer_than(count: int) -> str:
    return (
        "() => [...document.querySelectorAll('[data-testid=message]')]"
        f".at(-1)?.innerText.length > {count}"
    )
