"""Where things stand on the chat page, measured in a real Chromium: scrolling, focus, sizes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.app_process import visit
from tests.ui.steps import address, answered, ask, ready, settled, shoot

pytestmark = pytest.mark.browser

# Where the list ends, and how far it is scrolled from there; and the boxes of all messages.
PLACES = """() => {
  const list = document.querySelector(".list"), box = list.getBoundingClientRect();
  const all = [...document.querySelectorAll("[data-testid=message]")].map(one => {
    const at = one.getBoundingClientRect();
    return {top: at.top - box.top, bottom: at.bottom - box.top};
  });
  return {height: box.height, rest: list.scrollHeight - list.scrollTop - list.clientHeight, all};
}"""
# How far what is seen was moved without anybody's doing, and what it was.
SHIFTS = """() => {
  window.shifts = 0;
  window.moved = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) {
      window.shifts += one.value;
      const what = one.sources.map(({node, previousRect, currentRect}) =>
        `${node?.className ?? node?.nodeName}: ${previousRect.y} to ${currentRect.y}`);
      window.moved.push(`${one.value.toFixed(4)} at ${one.startTime | 0}: ${what.join(", ")}`);
    }
  }).observe({type: "layout-shift"});
}"""
# A message that is drawn over another one, in any frame.
OVERLAPS = """() => {
  window.overlaps = 0;
  const look = () => {
    const all = [...document.querySelectorAll("[data-testid=message]")]
      .map(one => one.getBoundingClientRect());
    for (let n = 1; n < all.length; n++) if (all[n].top < all[n - 1].bottom - 1) window.overlaps++;
    requestAnimationFrame(look);
  };
  look();
}"""
FOCUS = "() => document.activeElement.dataset.testid || document.activeElement.dataset.do || ''"


def places(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(PLACES)
    return found


def comes(page: Page, state: str, **given: float) -> dict[str, Any]:
    """Wait until a state of the places, in JavaScript, has come, and stays for a moment.

    ``still`` says that nothing has been scrolled since the last look.
    """
    page.evaluate("window.looks = 0")
    look = f"""given => {{
      const {{height, rest, all}} = ({PLACES})(), still = all[0]?.top === window.first;
      window.first = all[0]?.top;
      window.looks = {state} ? window.looks + 1 : 0;
      return window.looks > 3;
    }}"""
    page.wait_for_function(look, arg=given, polling=50)
    return places(page)


def longer(page: Page, more: int) -> None:
    """Wait until the last answer has grown by so many letters."""
    size = "document.querySelector('article.answer:last-of-type')?.textContent.length ?? 0"
    now = page.evaluate(f"() => {size}")
    page.wait_for_function(f"() => ({size}) > {now + more}")


def test_the_view_follows_until_the_reader_scrolls_up(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ready(page)
    # The cursor is where one types, on load and after everything that ends.
    page.wait_for_function(f"() => ({FOCUS})() === 'composer'")
    ask(page, "a long one")
    answered(page)
    page.evaluate(SHIFTS)
    page.evaluate(OVERLAPS)
    ask(page, "a slow one")
    expect(page.get_by_test_id("message")).to_have_count(4)
    # A new question stands in the top third, its answer begins below it.
    comes(page, "all[2]?.top >= 0 && all[2].top < height / 3")
    longer(page, 3000)
    comes(page, "rest < 4")
    shoot(page, "chat-following-en")
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -300)
    held = comes(page, "still && rest > 200")
    selected = "getSelection().selectAllChildren(document.querySelector('.answer .markdown p'))"
    page.evaluate(selected)
    before = page.evaluate("() => getSelection().toString()")
    longer(page, 500)
    moved = places(page)
    assert abs(moved["all"][2]["top"] - held["all"][2]["top"]) < 2
    assert page.evaluate("() => getSelection().toString()") == before != ""
    page.get_by_role("button", name="To the newest").click()
    longer(page, 200)
    comes(page, "rest < 4")
    expect(page.get_by_role("button", name="To the newest")).to_have_count(0)
    page.get_by_test_id("composer").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Stopped")).to_be_visible()
    settled(page)
    assert page.evaluate(FOCUS) == "composer"
    assert page.evaluate("() => window.shifts") <= 0.02, page.evaluate("() => window.moved")
    assert page.evaluate("() => window.overlaps") == 0


def test_a_chat_opens_at_its_end_and_where_it_was_left(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    for number in range(3):
        ask(page, f"a long one, {number}")
        answered(page, number + 1)
    settled(page)
    page.reload()
    answered(page, 3)
    comes(page, "rest < 4")
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -2000)
    left = comes(page, "still && rest > 1000")["rest"]
    # Away and back, within the same page.
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_text("What shall we talk about?")).to_be_visible()
    page.wait_for_function(f"() => ({FOCUS})() === 'composer'")
    page.get_by_test_id("chat-line").first.get_by_role("button").first.click()
    expect(page.get_by_test_id("message")).to_have_count(6)
    comes(page, "still && Math.abs(rest - given.left) < 4", left=left)
    page.wait_for_function(f"() => ({FOCUS})() === 'composer'")


def test_an_answer_is_gone_on_with_after_a_reload_and_in_a_second_tab(
    url: str, chromium: Browser
) -> None:
    page = visit(chromium, url)
    ask(page, "a slow one")
    longer(page, 200)
    address(page)
    page.reload()
    longer(page, 100)
    other = page.context.new_page()
    other.goto(page.url)
    longer(other, 100)
    other.get_by_role("button", name="Stop").click()
    for one in (page, other):
        expect(one.get_by_text("Stopped")).to_be_visible()
    text = "() => document.querySelector('.answer .markdown').textContent"
    words = page.evaluate(text).split()
    assert words == [f"word{number}" for number in range(len(words))]
    assert other.evaluate(text).split() == words


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_too_small_to_hit_or_wider_than_the_page(
    url: str, chromium: Browser, width: int
) -> None:
    page = visit(chromium, url)
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, "say `| a | b | c |`")
    answered(page)
    settled(page)
    small = """() => [...document.querySelectorAll(".diglot-chat button")].filter(one => {
      const {width, height, right} = one.getBoundingClientRect();
      // What is in a side that is folded away has no room.
      if (right <= 0) return false;
      return width && height && (width < 24 || height < 24);
    }).map(one => one.outerHTML.slice(0, 100))"""
    assert page.evaluate(small) == []
    wide = "() => document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    assert not page.evaluate(wide)
    main = """() => { const main = document.querySelector("[data-testid=stMain]");
      return main.scrollWidth - main.clientWidth; }"""
    assert page.evaluate(main) <= 0
    box = page.get_by_test_id("composer").bounding_box()
    assert box is not None and box["y"] + box["height"] < 800
    shoot(page, f"chat-{width}-en")


def test_the_chat_alone_scrolls_and_not_the_page_around_it(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "one")
    answered(page)
    for width, height in ((1280, 860), (400, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollHeight <= main.clientHeight; }"
        )
