"""What a person sees where a page fails, and where the database is away for a while."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from streamlit.testing.v1 import AppTest

from tests.chats.conftest import postgresql, running_postgresql
from tests.support.scripted_backend import Scripted
from tests.ui.app_process import running_app, visit
from tests.ui.steps import answered, ask, ready, shoot

__all__ = ["postgresql", "running_postgresql"]

QUESTION = "What does the lighthouse keeper eat?"


class Database:
    """A PostgreSQL database that can be away for a while."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self._name = name
        self._admin: Engine = create_engine(
            make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
        )

    def close(self) -> None:
        self._admin.dispose()

    def away(self) -> None:
        with self._admin.connect() as db:
            db.execute(text(f"alter database {self._name} allow_connections false"))
            db.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :n"),
                {"n": self._name},
            )

    def back(self) -> None:
        with self._admin.connect() as db:
            db.execute(text(f"alter database {self._name} allow_connections true"))


@pytest.fixture(scope="module")
def database(postgresql: Callable[[str], str]) -> Iterator[Database]:
    name = f"pages_{time.monotonic_ns()}"
    database = Database(postgresql(name), name)
    yield database
    database.close()


@pytest.fixture(scope="module")
def url(
    backend: Scripted, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("app")
    extra = {
        "OLLAMA_HOST": backend.url,
        "DIGLOT_DATABASE": database.url,
        "XDG_DATA_HOME": str(folder),
    }
    with running_app(folder, extra=extra, may_fail=True) as address:
        yield address


def no_raw_exception(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(re.compile("Ask Google|Ask ChatGPT|Traceback"))).to_have_count(0)


def test_what_was_typed_is_kept_while_the_database_is_away_and_sent_afterwards(
    url: str, chromium: Browser, database: Database
) -> None:
    page = visit(chromium, url)
    ready(page)
    try:
        database.away()
        ask(page, QUESTION)
        expect(page.get_by_text("Your chats cannot be reached").first).to_be_visible()
        no_raw_exception(page)
        shoot(page, "database-away-en")
    finally:
        database.back()
    # Nothing is clicked: the page comes back by itself, with the question.
    expect(page.get_by_text("Not sent: it is kept here")).to_be_visible()
    expect(page.get_by_text(QUESTION)).to_be_visible()
    expect(page.get_by_text("Your chats cannot be reached")).to_have_count(0)
    shoot(page, "database-back-en")
    page.get_by_role("button", name="Send again").click()
    answered(page)
    expect(page.get_by_text("Not sent: it is kept here")).to_have_count(0)
    no_raw_exception(page)


@pytest.mark.parametrize("path", ["/?c=0123456789abcdef", "/tools", "/requests", "/models"])
def test_every_page_says_it_in_the_readers_language_and_comes_back(
    url: str, chromium: Browser, database: Database, path: str
) -> None:
    page = visit(chromium, f"{url}/?lang=zh", locale="zh-CN")
    ready(page)
    try:
        database.away()
        page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang=zh")
        if path.startswith("/?"):  # the others can do without the chats
            expect(page.get_by_text("对话存不进去").first).to_be_visible()
        no_raw_exception(page)
        shoot(page, f"database-away-zh-{path.strip('/?')[:5]}")
    finally:
        database.back()
    expect(page.get_by_text("对话存不进去")).to_have_count(0)
    no_raw_exception(page)


def test_an_error_of_our_own_tells_nothing_of_its_words() -> None:
    def script() -> None:
        from ui.widgets.failure import show_failure

        show_failure(ValueError("the secret is 42"))

    page = AppTest.from_function(script, default_timeout=60).run()
    said = " ".join(part.value for part in (*page.markdown, *page.code))
    assert "Something went wrong in Diglot itself" in said or "Diglot 自己出错了" in said
    assert "ValueError" in said
    assert "42" not in said
    assert not page.exception
