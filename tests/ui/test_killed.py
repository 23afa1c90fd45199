"""The app is killed in the middle of an answer, and started again."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.programs import free_port
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.steps import ask, shoot

pytestmark = pytest.mark.browser

WORD = re.compile(r"word(\d+)")


def test_what_was_written_is_kept_and_gone_on_with(
    backend: Scripted, chromium: Browser, tmp_path: Path
) -> None:
    port, extra = free_port(), {"OLLAMA_HOST": backend.url}
    with running_app(tmp_path, port=port, extra=extra) as url:
        page = visit(chromium, url)
        ask(page, "a slow one")
        expect(page.get_by_text("word40 ")).to_be_visible(timeout=30_000)
        seen = [int(n) for n in WORD.findall(page.get_by_test_id("message").last.inner_text())]
        os.kill(int((tmp_path / "app.pid").read_text()), signal.SIGKILL)
    with running_app(tmp_path, port=port, extra=extra):
        page.reload()
        expect(page.get_by_text("Interrupted")).to_be_visible()
        text = page.get_by_test_id("message").last.inner_text()
        kept = [int(n) for n in WORD.findall(text)]
        assert kept == list(range(len(kept)))
        # The backend writes 20 words a second: no more than a second's worth may be gone.
        assert len(kept) >= len(seen) - 20
        shoot(page, "chat-interrupted-en")
        page.get_by_role("button", name="Go on writing").click()
        expect(page.get_by_text("and here is the rest.")).to_be_visible()
        whole = page.get_by_test_id("message").last.inner_text()
        assert [int(n) for n in WORD.findall(whole)] == kept
        expect(page.get_by_text("Interrupted")).to_have_count(0)
