"""The app in front of a fake Ollama, and a real Chromium.

The app runs as long as a file of tests, or as all of them where tests only look (``shared_url``).
A file with another backend or config has a fixture of the same name; a test that takes
``chromium`` is one of those marked ``browser``.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.scripted_backend import Scripted
from tests.ui.actor import acting
from tests.ui.app_process import CHROMIUM, browser, running_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser


_LONG = """
    test_accessibility test_browser test_answer_loads test_tool_page test_request_page
    test_chat_page test_guard_addresses test_scrolling test_side test_raising test_failure
    test_account test_guard_pages test_proving test_sources test_wire test_tool_page_ollama
""".split()
"""The files that take longest in the browser, the longest first."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that drive a browser. Files that take long begin first, or the last of them
    would leave a processor idle at the end.
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    places = {name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


class _Shared:
    """One Chromium for all tests in a row that take it: to start it takes as long as some tests.

    Playwright lets no event loop run beside it in its thread, so it ends before other tests begin.
    """

    def __init__(self) -> None:
        self._ending = ExitStack()
        self._running: Browser | None = None

    def get(self) -> Browser:
        """Return it, started if it is not running."""
        if self._running is None or not self._running.is_connected():
            self.close()
            self._running = self._ending.enter_context(browser())
        return self._running

    def close(self) -> None:
        """End it if it is running."""
        self._running = None
        self._ending.close()


_shared = _Shared()


@pytest.fixture
def chromium() -> Browser:
    """A real Chromium without a window."""
    if not CHROMIUM and not os.environ.get("CI"):  # CI must not pass by skipping
        pytest.skip("no Chromium here")
    return _shared.get()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """End the shared Chromium after the last test in a row that takes it."""
    try:
        return (yield)
    finally:
        if nextitem is None or "chromium" not in getattr(nextitem, "fixturenames", ()):
            _shared.close()


@pytest.fixture(autouse=True)
def closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the pages of a test: open pages keep sending requests and slow the app down."""
    yield
    if (running := request.node.funcargs.get("chromium")) is not None:
        for context in running.contexts:
            context.close()


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    """The app's fake Ollama."""
    with acting() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app in front of ``backend``."""
    folder = tmp_path_factory.mktemp("app")
    with running_app(folder, extra={"OLLAMA_HOST": backend.url}) as address:
        yield address


@pytest.fixture(scope="session")
def shared_backend() -> Iterator[Scripted]:
    """The fake Ollama of the app that files share."""
    with acting() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def shared_url(shared_backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one app for all files whose tests leave it as it was."""
    folder = tmp_path_factory.mktemp("shared")
    with running_app(folder, extra={"OLLAMA_HOST": shared_backend.url}) as address:
        yield address
