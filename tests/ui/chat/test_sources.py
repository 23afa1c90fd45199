"""The forms for a file and a server on the first page: without a browser, and in a real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from streamlit.testing.v1 import AppTest

from core.chats.service import Service
from core.error_kinds import fault_kind
from core.words import languages, words
from tests.support.programs import CLOSED
from tests.support.scripted_backend import running
from tests.ui.actor import acting
from tests.ui.app_process import running_app, visit
from tests.ui.steps import answered, ask, ready, settled, shoot
from tests.ui.test_pages import backend, said, service

__all__ = ["backend", "service"]

# In a container localhost is another one, which is said instead.
REFUSED = fault_kind({"code": "backend_refused", "message": CLOSED})


def _page(language: str) -> None:
    from core.chats.service import current_service
    from ui.chat.sources import show_sources
    from ui.widgets.cards import show_fault
    from ui.words import set_language

    set_language(language)
    show_fault(current_service())
    show_sources(current_service())


@pytest.fixture
def operators(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether whoever looks is an operator."""
    found = [True]
    monkeypatch.setattr("ui.chat.sources.is_operator", lambda _: found[0])
    monkeypatch.setattr("ui.session.account.is_operator", lambda _: found[0])
    return found


def opened(language: str = "en") -> AppTest:
    page = AppTest.from_function(_page, default_timeout=60, args=(language,)).run()
    assert not page.exception
    return page


def send(page: AppTest, field: str, typed: str, button: str) -> str:
    """Fill a field, send its form, and return what the page says then."""
    page.text_input(key=field).set_value(typed)
    next(one for one in page.button if one.label == button).click()
    page.run()
    assert not page.exception
    return said(page)


@pytest.mark.parametrize("language", languages())
def test_what_cannot_be_used_is_a_sentence_in_the_readers_language(
    service: Service, operators: list[bool], tmp_path: Path, language: str
) -> None:
    known, page = words(language), opened(language)
    (tmp_path / "text.gguf").write_text("PK")
    for typed, kind in (("text.gguf", "gguf_missing"), (f"{tmp_path}/none.gguf", "gguf_missing"),
                        (f"{tmp_path}/text.gguf", "gguf_other")):  # fmt: skip
        text = send(page, "source_model", typed, known["sources.use_file"])
        assert known[f"error.{kind}.title"] in text and known[f"error.{kind}.cause"] in text
    for typed, kind in (("http://169.254.169.254", "address_refused"), (CLOSED, REFUSED),
                        ("ftp://host", "address_refused")):  # fmt: skip
        text = send(page, "source_address", typed, known["sources.use_server"])
        assert known[f"error.{kind}.title"] in text and known[f"error.{kind}.cause"] in text
    assert service.fleet.chosen is None and service.status().kind == "server"


def test_a_server_is_used_at_once_with_the_lines_to_keep_it_and_taken_back(
    service: Service, operators: list[bool]
) -> None:
    known, page = words("en"), opened()
    with running() as other:
        del other.answers["/api/version"]
        other.json("/v1/models", {"object": "list", "data": [{"id": "brain"}]})
        send(page, "source_address", other.url, known["sources.use_server"])
        assert service.status().kind == "chosen" and service.talkers() == ["brain"]
        (lines,) = page.code
        assert f"api_base: {other.url}/v1" in lines.value
        next(one for one in page.button if one.label == known["sources.back"]).click()
        page.run()
    assert service.fleet.chosen is None and service.status().kind == "server"
    assert not page.code and not page.exception


def test_only_operators_are_offered_it_and_only_they_can_do_it(
    service: Service, operators: list[bool]
) -> None:
    page = opened()
    with running() as other:
        # The page was drawn for an operator, who is one no more when the form is sent.
        operators[0] = False
        send(page, "source_address", other.url, words("en")["sources.use_server"])
        assert other.asked == [] and service.fleet.chosen is None
    assert words("en")["sources.denied"] in [one.value for one in page.code]
    assert not page.text_input and not opened().text_input


def test_a_config_that_names_models_is_not_overruled(
    service: Service, operators: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.fleet._live, "choosable", False)  # noqa: SLF001
    assert not opened().text_input


@pytest.fixture
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that found no Ollama: one for each test, since a choice stays."""
    with running_app(tmp_path_factory.mktemp("plain")) as address:
        yield address


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_the_first_page_a_wrong_address_is_said_and_a_right_one_answers(
    plain: str, chromium: Browser, language: str
) -> None:
    known = words(language)
    with acting() as other:
        page = visit(chromium, plain, locale="zh-CN" if language == "zh" else "en-US")
        ready(page)
        settled(page)
        page.get_by_role("button", name=known["sources.server"]).click()
        field = page.get_by_role("textbox", name=known["sources.address"])
        field.fill(CLOSED)
        shoot(page, f"source-server-{language}")
        field.press("Enter")
        expect(page.get_by_text(known[f"error.{REFUSED}.title"])).to_be_visible()
        shoot(page, f"source-refused-{language}")
        page.reload()
        ready(page)
        settled(page)
        page.get_by_role("button", name=known["sources.server"]).click()
        field.fill(other.url)
        field.press("Enter")
        found = known["empty.found_chosen"].partition("{")[0]
        expect(page.get_by_text(found)).to_be_visible()
        ask(page, "hello")
        answered(page)
        assert other.bodies("/api/chat")
        page.get_by_role("button", name=known["chat.new"]).first.click()
        expect(page.get_by_text(known["empty.title"])).to_be_visible()
        settled(page)
        page.get_by_text(known["sources.keep"]).click()
        expect(page.get_by_text(f"api_base: {other.url}")).to_be_visible()
        shoot(page, f"source-kept-{language}")
        page.get_by_role("button", name=known["sources.back"]).click()
        expect(page.get_by_text(known["empty.found_embedded"])).to_be_visible()


def test_a_file_on_the_disk_answers(
    plain: str, chromium: Browser, model_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own-model.gguf"
    own.symlink_to(model_file)
    page = visit(chromium, plain)
    ready(page)
    settled(page)
    page.get_by_role("button", name="Use a GGUF file").click()
    field = page.get_by_role("textbox", name="Path of the model's file")
    field.fill(str(own))
    shoot(page, "source-file-en")
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, "source-file-400-en")
    page.set_viewport_size({"width": 1280, "height": 860})
    field.press("Enter")
    expect(page.get_by_text("own-model answers, from a file on this machine.")).to_be_visible()
    ready(page)
    expect(page.get_by_test_id("model")).to_have_text("own-model")
