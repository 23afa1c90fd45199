"""Every page, every fragment and every dialog raises: nobody ever sees a raw exception."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.programs import ROOT, Program, answers, free_port
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import visit

pytestmark = pytest.mark.browser

SECRET = "the-secret-of-the-lighthouse"
PAGES = ("", "tools", "requests", "models", "operator")
CARD = {"en": "Something went wrong in Diglot itself", "zh": "Diglot 自己出错了"}

# Put before all of the app's own code.
BREAK = f"""
import functools
import streamlit

def _breaking(real):
    def make(*given, **more):
        if given and callable(given[0]):
            @functools.wraps(given[0])
            def broken(*_, **__):
                raise RuntimeError("{SECRET}")
            return real(broken, **more)
        inner = real(*given, **more)
        return lambda function: inner(_raising(function))
    return make

def _raising(function):
    @functools.wraps(function)
    def broken(*_, **__):
        raise RuntimeError("{SECRET}")
    return broken

streamlit.fragment = _breaking(streamlit.fragment)
streamlit.dialog = _breaking(streamlit.dialog)
"""


@contextmanager
def broken_app(folder: Path, backend: str, *, what: str) -> Iterator[str]:
    """Run a copy of the app whose pages, or fragments and dialogs, all raise."""
    here = folder / "app"
    here.mkdir()
    for name in ("core", "pages", "ui", "words", ".streamlit"):
        shutil.copytree(ROOT / name, here / name)  # with what is compiled of it
    code = (ROOT / "app.py").read_text()
    future = "from __future__ import annotations\n"
    if what == "pages":
        for page in (here / "pages").glob("*.py"):
            page.write_text(f'{page.read_text()}\nraise RuntimeError("{SECRET}")\n')
    else:
        assert future in code
        code = code.replace(future, future + BREAK)
    (here / "app.py").write_text(code)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {"OLLAMA_HOST": backend, "DIGLOT_DATABASE": f"sqlite:///{folder / 'chats.db'}",
               "XDG_DATA_HOME": str(folder)}  # fmt: skip
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
               "--server.address", "127.0.0.1"]  # fmt: skip
    app = Program(command, log=folder / "app.log", environ=environ, folder=here)
    app.start()
    try:
        app.ready(lambda: answers(f"{url}/v1/models"), 120)
        yield url
    finally:
        app.stop()


def no_raw_exception(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(re.compile("Ask Google|Ask ChatGPT|Traceback"))).to_have_count(0)
    assert SECRET not in page.content()


def visited(chromium: Browser, url: str, places: tuple[str, ...]) -> Iterator[Page]:
    """Yield each of the places, and the last in Chinese too, once its card is there."""
    for language, locale in (("en", "en-US"), ("zh", "zh-CN")):
        page = visit(chromium, "about:blank", locale=locale)
        for place in places if language == "en" else places[-1:]:
            page.goto(f"{url}/{place}?lang={language}")
            expect(page.get_by_text(CARD[language]).first).to_be_visible(timeout=60_000)
            no_raw_exception(page)
            yield page
        page.context.close()


def test_a_card_in_the_readers_language_takes_the_place_of_each_page(
    tmp_path: Path, backend: Scripted, chromium: Browser
) -> None:
    with broken_app(tmp_path, backend.url, what="pages") as url:
        assert sum(1 for _ in visited(chromium, url, PAGES)) == 6
    assert SECRET in (tmp_path / "app.log").read_text()


def test_a_fragment_and_a_dialog_that_fail_are_a_card_too(
    tmp_path: Path, backend: Scripted, chromium: Browser
) -> None:
    with broken_app(tmp_path, backend.url, what="fragments") as url:
        for page in visited(chromium, url, ("operator",)):
            expect(page.get_by_test_id("stSidebar")).to_be_visible()
        page = visit(chromium, f"{url}/?lang=en")
        page.get_by_role("button", name="Keyboard").last.click()
        expect(page.get_by_text(CARD["en"]).first).to_be_visible()
        no_raw_exception(page)
