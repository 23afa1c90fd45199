"""The chats at the side: found as one types, named in their lines, the same in every tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.actor import TITLE
from tests.ui.app_process import visit
from tests.ui.steps import address, answered, ask, ready, settled, shoot

pytestmark = pytest.mark.browser


def test_the_model_gives_the_chat_its_title_and_search_finds_it(
    url: str, chromium: Browser
) -> None:
    page = visit(chromium, url)
    ask(page, "Tell me of the 灯塔看守人 at the harbour")
    answered(page)
    expect(page.get_by_test_id("chat-line").get_by_text(TITLE)).to_be_visible()
    link = address(page)
    page.get_by_role("button", name="New chat").click()
    expect(page.get_by_text("What shall we talk about?")).to_be_visible()
    settled(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.keyboard.type("看守")
    found = page.get_by_test_id("found").first
    expect(found).to_contain_text(TITLE)
    expect(found.locator("strong", has_text="看守")).to_be_visible()
    shoot(page, "search-en")
    found.click()
    expect(page.get_by_test_id("message")).to_have_count(2)
    page.wait_for_url(re.compile(link.split("c=")[1][:32]))


def test_the_search_takes_the_cursor_and_keeps_it_after_several_new_chats(
    url: str, chromium: Browser
) -> None:
    page = visit(chromium, url)
    search = page.get_by_role("searchbox", name="Search")
    for number in range(3):
        ask(page, f"question {number}")
        answered(page)
        page.get_by_role("button", name="New chat").click()
        expect(page.get_by_text("What shall we talk about?")).to_be_visible()
        # Asked for while the page is still being drawn, which gives the composer the cursor.
        page.keyboard.press("Control+k")
        expect(search).to_be_focused()
        settled(page)
        expect(search).to_be_focused()
        page.keyboard.type("no chat is called this")
        expect(search).to_have_value("no chat is called this")
        page.keyboard.press("Escape")
        expect(search).to_have_value("")


def test_a_chat_is_pinned_deleted_and_taken_back(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "keep this")
    answered(page)
    page.locator("[data-do=line]").first.click()
    page.get_by_role("menuitem", name="Pin", exact=True).click()
    expect(page.get_by_text("Pinned")).to_be_visible()
    page.locator("[data-do=line]").first.click()
    page.get_by_role("menuitem", name="Delete", exact=True).click()
    expect(page.get_by_text("What shall we talk about?")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("message")).to_have_count(2)
    expect(page.get_by_text("Pinned")).to_be_visible()


def test_a_chat_is_renamed_in_its_place_and_opened_from_the_list(
    url: str, chromium: Browser
) -> None:
    page = visit(chromium, url)
    for number in range(2):
        ask(page, f"chat {number}")
        answered(page)
        page.get_by_role("button", name="New chat").click()
        expect(page.get_by_text("What shall we talk about?")).to_be_visible()
    expect(page.get_by_test_id("chat-line").filter(has_text=TITLE)).to_have_count(2)
    page.locator("[data-do=line]").last.click()
    page.get_by_role("menuitem", name="Rename").click()
    field = page.get_by_role("textbox", name="Rename")
    expect(field).to_be_focused()
    field.fill("灯塔 <b>&")
    field.press("Enter")
    line = page.get_by_test_id("chat-line").last.get_by_role("button").first
    expect(line).to_have_text("灯塔 <b>&")
    expect(line).to_be_focused()
    shoot(page, "side-renamed-en")
    before = page.url
    line.click()
    expect(page.get_by_test_id("message").first).to_contain_text("chat 0")
    # The address of the chat before has a c=, too.
    page.wait_for_url(lambda now: now != before and "c=" in now)
    page.reload()
    expect(page.get_by_test_id("message").first).to_contain_text("chat 0")
    expect(page.locator('[data-testid=chat-line] [aria-current="page"]')).to_have_text("灯塔 <b>&")


def test_a_second_tab_sees_a_question_and_a_name_at_once(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "first")
    answered(page)
    page.wait_for_url(re.compile(r"[?&]c="))
    other = page.context.new_page()
    other.goto(page.url)
    answered(other)
    ask(page, "a slow one")
    # While the answer is being written, and without a look of the other tab's own.
    expect(other.get_by_test_id("message")).to_have_count(4)
    expect(other.get_by_role("button", name="Stop")).to_be_visible()
    other.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped")).to_be_visible()
    page.locator("[data-do=line]").first.click()
    page.get_by_role("menuitem", name="Rename").click()
    page.keyboard.type("Another name")
    page.keyboard.press("Enter")
    expect(other.get_by_test_id("chat-line").first).to_contain_text("Another name")


def test_a_dialog_stays_while_an_answer_ends(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ask(page, "a long one")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    answered(page)
    settled(page)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settled(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_temporary_chat_is_in_no_list(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    ready(page)
    page.get_by_text("Temporary", exact=True).click()
    ask(page, "a secret")
    answered(page)
    expect(page.get_by_text("stands in no list").first).to_be_visible()
    expect(page.get_by_test_id("chat-line")).to_have_count(0)
