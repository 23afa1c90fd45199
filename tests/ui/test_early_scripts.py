"""A page names the scripts that it needs before it asks for them, and no others."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import Browser

from tests.ui.app_process import visit
from tests.ui.steps import ready
from ui.early_scripts import preload_header

_NAMED = re.compile(r"<([^>]+)>; rel=modulepreload; crossorigin")


@pytest.fixture(scope="module")
def url(shared_url: str) -> str:
    return shared_url


def named(url: str) -> list[str]:
    """Return the addresses in the header of a page."""
    return [urljoin(url, one) for one in _NAMED.findall(httpx.get(url, timeout=30).headers["link"])]


def test_every_script_that_is_named_is_there(url: str) -> None:
    scripts = named(url)
    assert len(scripts) > 10 and len(set(scripts)) == len(scripts)
    for script in scripts:
        answer = httpx.get(script, timeout=30)
        assert answer.status_code == 200 and "javascript" in answer.headers["content-type"], script
    page = httpx.get(url, timeout=30).text
    assert [one for one in scripts if one.rpartition("/")[2] in page] == []


@pytest.mark.parametrize("path", ["/v1/models", "/_stcore/health", "/favicon.png"])
def test_only_pages_have_the_header(url: str, path: str) -> None:
    assert "link" not in httpx.get(url + path, timeout=30).headers


def test_the_header_is_short_enough_for_any_proxy() -> None:
    # nginx takes 4 KB of headers by default (proxy_buffer_size).
    assert len(preload_header()) < 2000


@pytest.mark.browser
def test_a_chat_asks_for_no_script_that_was_not_named(chromium: Browser, url: str) -> None:
    page = visit(chromium, url)
    ready(page)
    loaded: list[str] = page.evaluate(
        "() => performance.getEntriesByType('resource').map(one => one.name)"
        ".filter(name => name.startsWith('http') && name.endsWith('.js'))"
    )
    source = httpx.get(url, timeout=30).text
    early = {one.rpartition("/")[2] for one in named(url)}
    late = {one.rpartition("/")[2] for one in loaded} - early
    assert len(loaded) > 30 and {one for one in late if one not in source} == set()
