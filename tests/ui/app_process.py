"""The whole app in a process of its own, as a person starts it, and a real browser before it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

__all__ = ["CHROMIUM", "browser", "free_port", "running_app", "visit"]

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
# Without these Chromium asks its maker's servers all the time.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_CONFIG = """
diglot:
  embedded: {max_tokens: 1200}
"""


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_app(
    folder: Path,
    *,
    port: int | None = None,
    extra: Mapping[str, str] | None = None,
    config: str = _CONFIG,
    key: str = "",
) -> Iterator[str]:
    """Run the app on the built-in model; chats are kept in ``folder``. Yields its address.

    ``extra`` are environment variables, for instance OLLAMA_HOST for a server to use;
    ``config`` is the text of the config file, ``key`` one that it knows. The id of its process
    stands in ``app.pid``.
    """
    port = port or free_port()
    file = folder / "config.yaml"
    file.write_text(config)
    environ = {
        **os.environ,
        "OLLAMA_HOST": "127.0.0.1:9",
        "DIGLOT_CONFIG": str(file),
        "DIGLOT_DATABASE": f"sqlite:///{folder / 'chats.db'}",
        **(extra or {}),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    log = (folder / "app.log").open("ab")
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    (folder / "app.pid").write_text(str(process.pid))
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, key)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a real Chromium without a window."""
    # Two processors draw a page slowly where another test loads a model beside it.
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


def visit(chromium: Browser, url: str, *, locale: str = "en-US", scheme: str = "light") -> Page:
    """Open ``url`` as somebody new."""
    context = chromium.new_context(
        locale=locale,
        viewport={"width": 1280, "height": 860},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(url)
    return page


def _wait(url: str, process: subprocess.Popen[bytes], key: str) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with {process.returncode}")
        try:
            asked = urllib.request.Request(f"{url}/v1/models", headers={"api-key": key})
            urllib.request.urlopen(asked, timeout=5).read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app did not answer within a minute")
