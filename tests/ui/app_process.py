"""The whole app in its own process, as a person starts it, and a real browser."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.programs import Program, answers, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["CHROMIUM", "browser", "running_app", "visit"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
# Without these Chromium keeps calling its vendor's servers.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# Pages that Chromium draws of its own for the address bar, which nobody sees here: they are the
# work of two seconds in every new window.
_UNSEEN = "WebUIOmniboxPopup,WebUIOmniboxAimPopup"
# Of two lists of features Chromium reads the last, so what Playwright turns off is named again.
_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,"
    "NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch"
)
_DRAWN = ".stMain [data-testid=stElementContainer]"
_CONFIG = """
diglot:
  embedded: {max_tokens: 1200}
"""


@contextmanager
def running_app(
    folder: Path,
    *,
    port: int | None = None,
    extra: Mapping[str, str] | None = None,
    config: str = _CONFIG,
    key: str = "",
    flags: Sequence[str] = (),
    may_fail: bool = False,
) -> Iterator[str]:
    """Run the app on the built-in model; chats are kept in ``folder``. Yields its address.

    No page of it may fail, seen or not, unless it ``may_fail``.

    ``extra`` are environment variables, for instance OLLAMA_HOST for a server to use;
    ``config`` is the text of the config file, ``key`` one that it knows; ``flags``
    are Streamlit's. The id of its process stands in ``app.pid``.
    """
    port = port or free_port()
    file = folder / "config.yaml"
    file.write_text(config)
    environ = {
        "OLLAMA_HOST": "127.0.0.1:9",
        "DIGLOT_CONFIG": str(file),
        "DIGLOT_DATABASE": f"sqlite:///{folder / 'chats.db'}",
        **(extra or {}),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
               *flags]  # fmt: skip
    app = Program(command, log=folder / "app.log", environ=environ)
    url = f"http://127.0.0.1:{port}"
    app.start()
    (folder / "app.pid").write_text(str(app.pid))
    try:
        app.ready(lambda: answers(f"{url}/v1/models", {"api-key": key}), 120)
        yield url
    finally:
        app.stop()
    log = app.log.read_text("utf-8", "replace")
    assert may_fail or "Traceback" not in log, log[-6000:]


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a real Chromium without a window."""
    # Loaded here: the fast tests of this folder need no browser, and it takes half a second.
    from playwright.sync_api import expect, sync_playwright

    # Two processors draw a page slowly where another test loads a model beside it.
    expect.set_options(timeout=40_000)
    with sync_playwright() as playwright:
        flags = [*_FLAGS, f"--disable-features={_OFF},{_UNSEEN}"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield chromium
        finally:
            chromium.close()


def visit(chromium: Browser, url: str, *, locale: str = "en-US", scheme: str = "light") -> Page:
    """Open ``url`` in a new browser context."""
    from playwright.sync_api import expect

    context = chromium.new_context(
        locale=locale,
        viewport={"width": 1280, "height": 860},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(url)
    if url != "about:blank":
        # The first visitor waits until the app has loaded everything its pages need.
        expect(page.locator(_DRAWN).first).to_be_attached(timeout=120_000)
    return page
