"""Takes the pictures of the README: real pages, real answers, both languages.

    python scripts/pictures.py              # needs Debian's chromium and requirements-dev.txt

The built-in model answers, so that anybody can take them again; they go to
docs/en/images and docs/zh/images.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402  # found through the line above
from playwright.sync_api import Browser, Page, expect  # noqa: E402

from tests.ui.app_process import browser, running_app, visit  # noqa: E402

DOCS = ROOT / "docs"
WIDTH = 960
"""Pixels of a recording's width."""

_LOCALES = {"en": "en-US", "zh": "zh-CN"}
_TALL = 1360
"""Pixels of a page that has more to show than fits a screen."""

_STEP = 0.12
"""Seconds between two frames of a recording."""

SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "weather": "What is the weather in Shanghai?",
        "pasted": "Something pasted",
        "asks": "Asks me",
    },
    "zh": {
        "weather": "上海今天的天气怎么样？",
        "pasted": "粘贴的内容",
        "asks": "先问我",
    },
}


def main() -> None:
    """Take what is named, or all."""
    parser = argparse.ArgumentParser(description="Take the README's pictures.")
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], help="default: all of them")
    names = parser.parse_args().names or list(PICTURES)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as url,
        browser() as chromium,
    ):
        for name in names:
            for language in _LOCALES:
                PICTURES[name](chromium, url, language)
                print(f"{name}-{language}")


def record_chat(chromium: Browser, url: str, language: str) -> None:
    """Record a question, the tool call, and the answer as it is written."""
    page = opened(chromium, url, language)
    frames = [frame(page)]
    page.get_by_role("button", name=SAID[language]["weather"]).click()
    ended = time.monotonic() + 60
    while time.monotonic() < ended:
        frames.append(frame(page))
        if page.get_by_text("tok/s").count():
            break
        time.sleep(_STEP)
    settled(page)
    frames.append(frame(page))
    page.get_by_text("get_current_weather").first.click()
    page.wait_for_timeout(700)
    frames.append(frame(page))
    page.locator('[data-do="wire"]').last.click()
    expect(page.locator(".st-key-wire_panel")).to_be_visible()
    page.wait_for_timeout(2500)
    frames.append(frame(page))
    save(frames, DOCS / language / "images/chat.gif")
    page.context.close()


def picture(path: str, prepare: Callable[[Page, str], None]) -> Callable[..., None]:
    """Return what takes one picture of the page at ``path``."""

    def take(chromium: Browser, url: str, language: str) -> None:
        page = opened(chromium, f"{url}{path}", language)
        page.set_viewport_size({"width": 1280, "height": _TALL})
        prepare(page, language)
        settled(page)
        page.screenshot(path=DOCS / language / f"images/{path.strip('/')}.png")
        page.context.close()

    return take


def opened(chromium: Browser, url: str, language: str) -> Page:
    """Open a page in a new browser context, and wait until it is drawn."""
    page = visit(chromium, url, locale=_LOCALES[language])
    settled(page)
    return page


def settled(page: Page) -> None:
    """Wait until nothing is being drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(800)


def frame(page: Page) -> Image.Image:
    """Return a screenshot of the page."""
    shot = Image.open(io.BytesIO(page.screenshot()))
    return shot.resize((WIDTH, shot.height * WIDTH // shot.width), Image.Resampling.LANCZOS)


def save(frames: list[Image.Image], path: Path) -> None:
    """Write a recording; what does not change between frames is held instead of repeated."""
    kept: list[Image.Image] = []
    held: list[int] = []
    for one in frames:
        if kept and kept[-1].tobytes() == one.tobytes():
            held[-1] += int(_STEP * 1000)
        else:
            kept.append(one)
            held.append(int(_STEP * 1000))
    held[0], held[-1] = 1500, 5000
    held[-3:-1] = [2500, 3000]
    palette = kept[-1].quantize(128)
    small = [one.quantize(palette=palette, dither=Image.Dither.NONE) for one in kept]
    small[0].save(path, save_all=True, append_images=small[1:], duration=held, loop=0)


def paste(page: Page, language: str) -> None:
    """Show the example that is there to begin with, field by field."""
    page.get_by_text(SAID[language]["pasted"]).click()


def pause(page: Page, language: str) -> None:
    """Run a prompt until it asks before a call."""
    page.get_by_text(SAID[language]["asks"], exact=True).click()
    settled(page)
    page.locator(".st-key-run_start button").click()
    expect(page.locator('[class*="st-key-pause_"]').first).to_be_visible(timeout=60_000)


PICTURES: Mapping[str, Callable[..., None]] = {
    "chat": record_chat,
    "requests": picture("/requests", paste),
    "tools": picture("/tools", pause),
}


if __name__ == "__main__":
    main()
