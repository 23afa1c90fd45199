"""Who gets into the whole app: nobody from elsewhere without a key, and no page elsewhere acts."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.programs import ROOT, Program, environment, free_port
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.steps import address, answered, ask, ready, shoot

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "https://evil.example"
MASTER = "sk-canary-entry-master-0a1b2c3d4e5f"
LIMITED = "sk-canary-entry-limited-0a1b2c3d4e"
PLAIN = "sk-canary-entry-plain-0a1b2c3d4e5f6"
CONFIG = f"""
general_settings: {{master_key: {MASTER}}}
diglot:
  keys:
    - {{name: shop, key: {LIMITED}, rpm: 60}}
    - {{name: ann, key: {PLAIN}}}
    - {{name: old, key: {PLAIN}old, expires: 2020-01-31}}
"""
# Every route of Streamlit's own that changes something, and one of each dialect.
ACTS = [
    ("PUT", "/_stcore/upload_file/s/f"),
    ("POST", "/_stcore/upload_file/s/f"),
    ("DELETE", "/_stcore/upload_file/s/f"),
    ("POST", "/auth/login"),
    ("POST", "/v1/chat/completions"),
    ("DELETE", "/api/delete"),
    ("POST", "/mcp"),
    ("POST", "/"),
]


@pytest.fixture(scope="module")
def backend(shared_backend: Scripted) -> Scripted:
    return shared_backend


@pytest.fixture(scope="module")
def url(shared_url: str) -> str:
    return shared_url


def opening(url: str, **headers: str) -> int:
    """Ask for Streamlit's websocket as a browser does; return the status."""
    place = urlsplit(url)
    said = {
        "Host": place.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **{name.title().replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    with socket.create_connection((place.hostname, place.port), 30) as one:
        one.settimeout(30)
        one.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
        return int(one.makefile("rb").readline().split()[1])


def test_no_page_elsewhere_opens_a_websocket(url: str) -> None:
    assert opening(url, origin=url) == 101
    assert opening(url) == 101  # a program
    for origin in (EVIL, "null", "http://127.0.0.1:1", url.replace("http", "https") + ".evil"):
        assert opening(url, origin=origin) == 403
    # By a name that leads here, its own origin is no help to a page.
    assert opening(url, host="evil.example", origin="http://evil.example") == 403


@pytest.mark.parametrize(("method", "path"), ACTS)
@pytest.mark.parametrize(
    "headers", [{"origin": EVIL}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_no_page_elsewhere_acts(
    url: str, backend: Scripted, headers: dict[str, str], method: str, path: str
) -> None:
    before = len(backend.asked)
    sent = {**headers, "content-type": "text/plain"}
    answer = httpx.request(method, url + path, content=b"{}", headers=sent, timeout=30)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert len(backend.asked) == before


def test_the_cookie_is_for_this_site_and_no_script(url: str) -> None:
    cookie = httpx.get(url, timeout=30).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    # Streamlit's own pages may act with nothing but what they were given.
    assert "access-control-allow-origin" not in httpx.get(url, headers={"origin": EVIL}).headers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "Or stay on this machine: --server.address 127.0.0.1"),
        ({"LITELLM_MASTER_KEY": "sk-1234"}, "python -m core --new-key"),
    ],
)
def test_it_does_not_start_where_others_could_come_in_without_a_key(
    tmp_path: Path, keys: dict[str, str], said: str
) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0",
               "--server.port", str(free_port())]  # fmt: skip
    config = tmp_path / "config.yaml"
    config.write_text("diglot: {}")
    environ = {"DIGLOT_CONFIG": str(config), "LITELLM_MASTER_KEY": "", "DIGLOT_KEYS": "", **keys}
    app = Program(command, log=tmp_path / "log", environ=environ)
    app.start()
    try:
        assert app.wait(120) != 0
    finally:
        app.kill()
    log = app.log.read_text("utf-8")
    assert said in log
    assert "Traceback" not in log


@pytest.fixture(scope="module")
def exposed(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app at an address that other machines can reach."""
    folder = tmp_path_factory.mktemp("exposed")
    extra = {"OLLAMA_HOST": backend.url, "LITELLM_MASTER_KEY": ""}
    with running_app(
        folder, config=CONFIG, extra=extra, key=MASTER, flags=("--server.address", "0.0.0.0")
    ) as address:
        yield address


def test_where_others_can_come_the_pages_ask_for_a_key(chromium: Browser, exposed: str) -> None:
    from playwright.sync_api import expect

    page = visit(chromium, exposed)
    field = page.get_by_label("Key", exact=True)
    expect(field).to_be_visible()
    expect(page.get_by_test_id("composer")).to_have_count(0)
    expect(page.get_by_text("Ollama at")).to_have_count(0)
    shoot(page, "entry-en")
    for wrong in (MASTER[:-1], LIMITED, f"{PLAIN}old", ""):
        field.fill(wrong)
        page.get_by_role("button", name="Enter", exact=True).click()
        expect(page.get_by_text("This key does not open the pages")).to_be_visible()
        expect(page.get_by_test_id("composer")).to_have_count(0)
    field.fill(PLAIN)
    page.get_by_role("button", name="Enter", exact=True).click()
    ready(page)
    ask(page, "hello")
    answered(page)
    # The browser is known from then on, and no other one.
    link = address(page)
    page.reload()
    ready(page)
    assert PLAIN not in page.content()
    other = visit(chromium, link, locale="zh-CN", scheme="dark")
    expect(other.get_by_label("密钥", exact=True)).to_be_visible()
    expect(other.get_by_text("hello")).to_have_count(0)
    shoot(other, "entry-zh-dark")
    for name in ("tools", "requests", "models", "operator"):
        other.goto(f"{exposed}/{name}")
        expect(other.get_by_label("密钥", exact=True)).to_be_visible()
        expect(other.get_by_role("tab")).to_have_count(0)


SAYING = f"""
import asyncio, logging, app

async def main():
    async with app.lifespan(None):
        try:
            raise ValueError("no such key: {PLAIN}")
        except ValueError:
            logging.getLogger("some.library").exception("asked with %s", "{MASTER}")

asyncio.run(main())
"""


@pytest.mark.slow
def test_the_logs_of_the_app_itself_are_masked(tmp_path: Path) -> None:
    environ = {
        **environment(),
        "OLLAMA_HOST": "127.0.0.1:9",
        "DIGLOT_DATABASE": f"sqlite:///{tmp_path / 'chats.db'}",
        "XDG_DATA_HOME": str(tmp_path),
    }
    command = [sys.executable, "-c", SAYING]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True,
                          timeout=100, check=True)  # fmt: skip
    assert "asked with" in done.stderr and "ValueError: no such key" in done.stderr
    assert MASTER not in done.stderr and PLAIN not in done.stderr
