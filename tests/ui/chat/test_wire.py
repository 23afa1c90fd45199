"""The drawer of the wire: as wide as somebody made it, and what changed first."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.app_process import visit
from tests.ui.steps import address, answered, ask, settled, shoot

pytestmark = pytest.mark.browser

WIDTH = "() => document.querySelector('.st-key-wire_panel').getBoundingClientRect().width"


def test_its_width_is_dragged_moved_with_keys_and_kept(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "hello")
    answered(page)
    page.locator("[data-do=wire]").click()
    edge = page.get_by_role("separator", name="Width of the wire")
    expect(edge).to_have_attribute("aria-valuenow", "45")
    settled(page)
    before = page.evaluate(WIDTH)
    box = edge.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 150, box["y"] + 200, steps=4)
    page.mouse.up()
    expect(edge).not_to_have_attribute("aria-valuenow", "45")
    page.wait_for_function(f"was => Math.abs(({WIDTH})() - was - 154) < 25", arg=before)
    dragged = int(edge.get_attribute("aria-valuenow") or 0)
    edge.press("ArrowRight")
    share = str(dragged - 3)
    expect(edge).to_have_attribute("aria-valuenow", share)
    shoot(page, "wire-wide-en")
    address(page)
    page.reload()
    settled(page)
    page.locator("[data-do=wire]").click()
    expect(edge).to_have_attribute("aria-valuenow", share)
    page.keyboard.press("Escape")
    expect(edge).to_have_count(0)


def test_what_changed_stands_first(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "hello")
    answered(page)
    page.locator("[data-do=wire]").click()
    drawer = page.locator(".st-key-wire_panel")
    said = drawer.get_by_test_id("stMarkdown").nth(1)
    expect(said).to_have_text(re.compile(r"^(\d+ (renamed|converted|added|emulated|lost)|every)"))
    expect(said).not_to_contain_text("0 ")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_rows_grow_while_the_answer_comes(url: str, chromium: Browser, locale: str) -> None:
    page = visit(chromium, url, locale=locale, scheme="dark" if locale == "zh-CN" else "light")
    ask(page, "slow")
    page.locator("[data-do=wire]").click()
    live = page.get_by_test_id("wire-live")
    rows = live.locator("li")
    expect(rows.nth(3)).to_be_attached()
    sides = live.locator("ol")
    expect(sides).to_have_count(2)
    expect(sides.first).to_contain_text("word1 ")
    expect(sides.last).to_contain_text('"delta"')
    # It is still being written, and more has come.
    before = rows.count()
    page.wait_for_function(
        "before => document.querySelectorAll('[data-testid=wire-live] li').length > before + 4",
        arg=before,
    )
    expect(page.get_by_role("button", name=re.compile("^(Stop|停止)$"))).to_be_visible()
    shoot(page, f"wire-live-{locale[:2]}")
    page.get_by_role("button", name=re.compile("^(Stop|停止)$")).click()
    # Then it is the whole view, in the same place.
    expect(live).to_have_count(0)
    tabs = page.locator(".st-key-wire_panel").get_by_role("tab")
    expect(tabs.first).to_be_visible()
