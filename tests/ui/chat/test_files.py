"""Files of other products, brought in through the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chats.transfer.imports.test_files import FILES
from tests.ui.app_process import visit
from tests.ui.steps import ready, shoot

pytestmark = pytest.mark.browser


def give(page: Page, name: str, data: bytes, button: str) -> None:
    ready(page)
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").locator('input[type="file"]').set_input_files(
        {"name": name, "mimeType": "application/json", "buffer": data}
    )


def test_chats_of_open_webui_are_reported_on_and_then_kept(url: str, chromium: Browser) -> None:
    page = visit(chromium, url)
    give(page, "export.json", (FILES / "openwebui.json").read_bytes(), "Import")
    expect(page.get_by_text("2 of 3 chats can be kept")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_test_id("stDataFrame")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="The whole report").click()
    assert b'"file_missing"' in download.value.path().read_bytes()
    shoot(page, "chat-import-report-en")
    page.get_by_role("button", name="Keep these 2 chats").click()
    expect(page.get_by_text("Old one")).to_be_visible()
    page.get_by_role("button", name="Sums 算术", exact=True).click()
    expect(page.get_by_text("Rain, 18 °C.")).to_be_visible()
    expect(page.get_by_text("System prompt")).to_be_visible()
    expect(page.get_by_text("It is 255.")).to_be_visible()
    shoot(page, "chat-imported-en")


def test_a_file_of_nobody_is_a_card_that_says_what_is_wanted(url: str, chromium: Browser) -> None:
    page = visit(chromium, url, locale="zh-CN", scheme="dark")
    give(page, "notes.json", b'{"notes": []}', "导入")
    expect(page.get_by_text("这个文件导入不了")).to_be_visible()
    shoot(page, "chat-import-refused-zh")
