"""The app is killed in the middle of an answer, and started again."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.scripted import Scripted
from tests.ui.actor import acting
from tests.ui.app_process import CHROMIUM, browser, free_port, running_app, visit
from tests.ui.test_browser import ask, shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="no Chromium here"),
]

WORD = re.compile(r"word(\d+)")


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with acting() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def chromium(backend: Scripted) -> Iterator[Browser]:
    with browser() as running:
        yield running


def test_what_was_written_is_kept_and_gone_on_with(
    backend: Scripted, chromium: Browser, tmp_path: Path
) -> None:
    port, extra = free_port(), {"OLLAMA_HOST": backend.url}
    with running_app(tmp_path, port=port, extra=extra) as url:
        page = visit(chromium, url)
        ask(page, "a slow one")
        expect(page.get_by_text("word40 ")).to_be_visible(timeout=30_000)
        seen = [
            int(n) for n in WORD.findall(page.get_by_test_id("stChatMessage").last.inner_text())
        ]
        os.kill(int((tmp_path / "app.pid").read_text()), signal.SIGKILL)
    with running_app(tmp_path, port=port, extra=extra):
        page.reload()
        expect(page.get_by_text("Interrupted")).to_be_visible()
        text = page.get_by_test_id("stChatMessage").last.inner_text()
        kept = [int(n) for n in WORD.findall(text)]
        assert kept == list(range(len(kept)))
        # The backend writes 20 words a second: no more than a second's worth may be gone.
        assert len(kept) >= len(seen) - 20
        shoot(page, "chat-interrupted-en")
        page.get_by_role("button", name="Go on writing").click()
        expect(page.get_by_text("and here is the rest.")).to_be_visible()
        whole = page.get_by_test_id("stChatMessage").last.inner_text()
        assert [int(n) for n in WORD.findall(whole)] == kept
        expect(page.get_by_text("Interrupted")).to_have_count(0)
