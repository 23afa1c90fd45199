"""What a person does at the pages, and waits for."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

__all__ = [
    "STOP",
    "address",
    "answered",
    "ask",
    "last_message",
    "ready",
    "settings",
    "settled",
    "shoot",
]

STOP = re.compile("Stop|停止")
# Between two runs of a page that draws itself anew it is at rest for a moment.
_AT_REST = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  window.looks = app?.dataset.testScriptState === "notRunning" ? window.looks + 1 : 0;
  return window.looks > 4;
}"""


def shoot(page: Page, name: str) -> None:
    """Keep a picture where DIGLOT_SHOTS says, to be looked at."""
    folder = os.environ.get("DIGLOT_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def settled(page: Page) -> None:
    """Wait until the page has been drawn to its end: what is clicked before may be replaced."""
    page.evaluate("window.looks = 0")
    page.wait_for_function(_AT_REST, polling=50)


def ready(page: Page) -> None:
    """Wait until the model can be asked."""
    expect(page.get_by_test_id("composer")).to_be_enabled()


def ask(page: Page, text: str) -> None:
    """Send a question."""
    ready(page)
    box = page.get_by_test_id("composer")
    box.fill(text)
    box.press("Enter")


def settings(page: Page, tab: str) -> None:
    """Open what is behind the button beside the model, at one of its parts."""
    page.get_by_role("button", name=re.compile("^(Settings|设置)$")).click()
    page.get_by_role("tab", name=tab).click()


def answered(page: Page, count: int = 1) -> None:
    """Wait until so many answers have their numbers."""
    expect(page.get_by_text(re.compile(r"tok/s"))).to_have_count(count, timeout=180_000)


def address(page: Page) -> str:
    """Wait until the page's address names its chat, and return it."""
    expect(page).to_have_url(re.compile(r"[?&]c="))
    return page.url


def last_message(page: Page) -> str:
    """Return the text of the last message."""
    return page.get_by_test_id("message").last.inner_text()
