"""What the pages may load and run: told to the browser, and tried in one."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.ui.app_process import visit
from tests.ui.steps import ready


@pytest.fixture(scope="module")
def url(shared_url: str) -> str:
    return shared_url


def rules(url: str) -> dict[str, str]:
    policy = httpx.get(url, timeout=30).headers["content-security-policy"]
    return dict(rule.strip().split(" ", 1) for rule in policy.split(";"))


@pytest.mark.parametrize("path", ["/", "/tools", "/v1/models", "/_stcore/health", "/nowhere"])
def test_every_answer_says_what_a_browser_may_do(url: str, path: str) -> None:
    answer = httpx.get(url + path, timeout=30)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "server" not in answer.headers
    said = rules(url + path)
    assert said["img-src"] == "'self' data: blob:"
    assert said["frame-ancestors"] == said["connect-src"] == "'self'"
    assert "unsafe-inline" not in said["script-src"]
    assert not re.search(r"https?:|\*", " ".join(said.values()))


def test_nobody_elsewhere_commands_the_page(url: str) -> None:
    said = httpx.get(f"{url}/_stcore/host-config", timeout=30).json()
    assert said["allowedOrigins"] == []


@pytest.mark.browser
def test_the_pages_work_and_break_no_rule(chromium: Browser, url: str) -> None:
    page = visit(chromium, "about:blank")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(url)
    ready(page)
    for name in ("tools", "requests", "models"):
        page.goto(f"{url}/{name}")
        expect(page.locator(".stMain [data-testid=stElementContainer]").first).to_be_attached(
            timeout=60_000
        )
        page.wait_for_timeout(1500)
    assert [text for text in said if "Content Security" in text or text.startswith("error")] == []
