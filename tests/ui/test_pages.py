"""The pages' logic without a browser: Streamlit's AppTest over the scripted Ollama."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.chats.feed.shown import SHOWN
from core.chats.service import Service
from core.error_kinds import KINDS
from core.words import languages, words
from tests.support.acted_service import backend
from tests.support.scripted_backend import Scripted
from tests.support.whole_service import whole_service
from ui.chat.routes import chat_routes

__all__ = ["backend"]

ROOT = Path(__file__).parents[2]
ME = "me"


@pytest.fixture
def service(
    backend: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    # AppTest has no browser, hence no cookie.
    monkeypatch.setattr("ui.session.account.browser_owner", lambda: ME)
    with whole_service(tmp_path) as made:
        yield made


@pytest.fixture
def page(service: Service) -> AppTest:
    return opened({})


def opened(query: dict[str, str], language: str = "en") -> AppTest:
    page = AppTest.from_file(str(ROOT / "ui/main.py"), default_timeout=30)
    page.query_params.update({"lang": language, **query})
    page.run()
    assert not page.exception
    return page


def given(page: AppTest) -> Any:
    """What the page gives its component."""
    found = [one.proto for one in page.get("bidi_component")]
    (surface,) = [one for one in found if one.component_name == "diglot.chat"]
    return json.loads(surface.json)


def ask(page: AppTest, text: str) -> dict[str, Any]:
    """Ask as the component does, with what the page gave it; return the chat once it is over."""
    data = given(page)
    asked = {"do": "ask", "text": text, "options": data["options"]}
    with TestClient(Starlette(routes=chat_routes())) as client:
        answer = client.post(
            f"{data['home']}/chats/{data['chat'] or 'new'}",
            json=asked,
            headers={"x-diglot-ticket": data["ticket"], "x-diglot-language": data["language"]},
        )
    assert answer.status_code == 200, answer.text
    said = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    views: list[dict[str, Any]] = [one for one in map(json.loads, said) if "messages" in one]
    page.query_params["c"] = views[-1]["id"]
    page.run()
    assert not page.exception
    return views[-1]


def settings(page: AppTest, *, opened: bool = True) -> None:
    """Open what is behind the button beside the model, or close it."""
    page.session_state["settings_open"] = opened
    page.run()
    assert not page.exception


def sent(backend: Scripted) -> dict[str, Any]:
    """The last question that the backend was asked, titles aside."""
    bodies = backend.bodies("/api/chat")
    return [b for b in bodies if "Give this conversation" not in str(b["messages"][-1])][-1]


def said(page: AppTest) -> str:
    return "\n".join(str(one.value) for one in (*page.markdown, *page.caption, *page.warning))


@pytest.mark.parametrize("language", languages())
def test_the_empty_page_says_what_was_found_and_offers_examples(
    service: Service, language: str
) -> None:
    page = opened({}, language)
    known = words(language)
    data = given(page)
    assert known["empty.found_server"].format(count=2) == data["found"]
    texts = [one["text"] for one in data["examples"]]
    assert texts == [known[f"empty.example_{n}"] for n in ("weather", "riddle", "image", "story")]
    assert data["words"]["empty.title"] == known["empty.title"]
    assert data["words"]["chat.send"] == known["chat.send"]


def test_a_question_is_stored_with_its_answer_and_the_address_names_the_chat(
    page: AppTest, service: Service, backend: Scripted
) -> None:
    shown = ask(page, "hello there")
    (chat,) = service.store.chats(ME)
    question, answer = service.store.path(ME, chat.id)
    assert (question.message.role, answer.state) == ("user", "complete")
    assert shown["messages"][-1]["text"].startswith("You said: hello there")
    assert given(page)["chat"] == chat.id
    assert page.query_params["c"] == chat.id
    assert sent(backend)["messages"] == [{"role": "user", "content": "hello there"}]
    assert "options" not in sent(backend)
    assert "tools" not in sent(backend)


LEVELS = {"values": [False, "low", "xhigh"], "default": "low"}
THINKER = {"capabilities": ["completion", "thinking"], "thinking": LEVELS}


@pytest.mark.parametrize("language", languages())
def test_the_levels_of_thinking_that_the_model_has_are_offered(
    service: Service, backend: Scripted, language: str
) -> None:
    backend.json("/api/show", THINKER)
    page = opened({}, language)
    settings(page)
    known = words(language)
    (field,) = [one for one in page.button_group if one.key == "parameter_thinking"]
    names = [known[f"parameters.thinking_{name}"] for name in ("off", "low", "xhigh")]
    assert [option.content for option in field.proto.options] == names
    said = known["parameters.thinking_default"].format(level=known["parameters.thinking_low"])
    assert field.proto.help == said


def test_a_level_that_was_chosen_is_sent_to_a_model_that_has_it(
    service: Service, backend: Scripted
) -> None:
    backend.json("/api/show", THINKER)
    page = opened({})
    # Chosen for another model.
    page.session_state["parameter_thinking"] = "high"
    settings(page)
    assert page.session_state["parameter_thinking"] is None
    page.session_state["parameter_thinking"] = "xhigh"
    settings(page)
    ask(page, "hello there")
    # Natively there is no word for more than high but max.
    assert sent(backend)["think"] == "max"


def test_only_what_was_set_is_sent(page: AppTest, backend: Scripted) -> None:
    settings(page)
    page.number_input(key="parameter_temperature").set_value(0.3).run()
    page.text_input(key="parameter_stop").set_value("END | STOP").run()
    settings(page, opened=False)
    assert not page.number_input
    ask(page, "hello")
    assert sent(backend)["options"] == {"temperature": 0.3, "stop": ["END", "STOP"]}


def test_a_schema_that_is_none_is_said_and_not_sent(page: AppTest, backend: Scripted) -> None:
    settings(page)
    page.text_area(key="parameter_schema").set_value("{broken").run()
    assert page.error
    ask(page, "hello")
    assert "format" not in sent(backend)


def test_a_link_to_nothing_says_so_and_shows_nothing(service: Service) -> None:
    theirs = service.store.create_chat("somebody else", title="secret plans")
    for named in (theirs.id, "0" * 32, "../../etc"):
        page = opened({"c": named})
        assert words("en")["chat.not_found"] in said(page)
        assert "secret" not in said(page)
        assert "c" not in page.query_params


def test_a_failed_answer_is_a_card_and_the_chat_goes_on(page: AppTest, service: Service) -> None:
    card = ask(page, "fault oom")["messages"][-1]["error"]
    assert card["title"] == words("en")["error.out_of_memory.title"]
    assert "You said: and now?" in ask(page, "and now?")["messages"][-1]["text"]


def test_what_is_given_does_not_grow_with_the_chat(page: AppTest, service: Service) -> None:
    ask(page, "first")
    before = len(json.dumps(given(page)))
    (chat,) = service.store.chats(ME)
    for _ in range(60):
        leaf = service.store.chat(ME, chat.id).leaf
        message = service.store.message(ME, leaf or "").message
        service.store.add_message(ME, chat.id, message, parent_id=leaf)
    page.run()
    assert len(json.dumps(given(page))) < before + 200
    assert given(page)["reach"] == SHOWN


def _cards(kinds: list[str], language: str) -> None:
    from ui.widgets import cards
    from ui.words import set_language

    set_language("zh" if language == "zh" else "en")
    for kind in kinds:
        cards.error_card(
            {"code": kind, "message": f"the server's words on {kind}"}, model="qwen3:4b", key=kind
        )


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_trouble_is_a_card_with_its_cause(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.widgets.cards.fault_kind", lambda facts: str(facts["code"]))
    page = AppTest.from_function(_cards, default_timeout=30, args=(sorted(KINDS), language)).run()
    assert not page.exception
    text, known = said(page), words(language)
    for kind in KINDS:
        assert known[f"error.{kind}.title"] in text
        assert known[f"error.{kind}.cause"] in text
    assert len({known[f"error.{kind}.cause"] for kind in KINDS}) == len(KINDS)
    shown = [code.value for code in page.code]
    for kind in KINDS:
        assert f"the server's words on {kind}" in shown
        command = known[f"error.{kind}.command"].replace("{model}", "qwen3:4b")
        assert not command or command in shown
