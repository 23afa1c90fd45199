"""The tool page in front of a real Ollama, whose model has not learnt to call tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.servers import Ollama
from tests.ui.app_process import running_app
from tests.ui.toolbench.test_tool_page import ask, opened, start, step, unfold

pytestmark = [pytest.mark.browser, pytest.mark.ollama]


def test_a_real_ollama_calls_the_weather_tool(
    ollama_server: Ollama, chromium: Browser, tmp_path: Path
) -> None:
    extra = {"OLLAMA_HOST": ollama_server.url}
    with running_app(tmp_path, config="{}", extra=extra) as url:
        page = opened(chromium, url)
        ask(page, "What is the weather like in Shanghai today?")
        start(page).click()
        expect(step(page, "25°C")).to_be_visible(timeout=120_000)
        expect(start(page)).to_be_enabled(timeout=120_000)
        # The page says that it was helped, and shows how.
        request = unfold(page, "Request 1 ")
        expect(request).to_contain_text("requests to the server: 2", timeout=30_000)
