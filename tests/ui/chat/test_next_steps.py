"""The first page of a machine whose Ollama does not run, in a real Chromium: one click each."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.ollama_program import ollama_program
from tests.support.programs import free_port
from tests.ui.app_process import running_app, visit
from tests.ui.steps import shoot

pytestmark = pytest.mark.browser


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the program, which is ended with the test."""
    ollama_program(tmp_path)
    yield tmp_path
    if (tmp_path / "pid").exists():
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_an_ollama_is_started_and_then_offered_a_model(
    chromium: Browser, folder: Path, locale: str
) -> None:
    environ = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "OLLAMA_HOST": f"127.0.0.1:{free_port()}",
    }
    with running_app(folder, extra=environ) as url:
        page = visit(chromium, url, locale=locale)
        start = page.get_by_role("button", name=re.compile("Start Ollama|启动 Ollama"))
        expect(start).to_be_visible(timeout=120_000)
        shoot(page, f"first-start-{locale[:2]}")
        start.click()
        fetch = page.get_by_role("button", name=re.compile(r"(Fetch|下载) .+GB"))
        expect(fetch).to_be_visible()
        assert (folder / "pid").exists()
        shoot(page, f"first-model-{locale[:2]}")
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shoot(page, f"first-model-400-{locale[:2]}")
