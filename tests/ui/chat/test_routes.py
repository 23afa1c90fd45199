"""The routes of the chat page: whose they are, and what they give to whom."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.chats.feed.tickets import Tickets
from core.chats.service import Service
from core.chats.values.chat import ChatOptions
from core.translation.messages import Image, Message, Text
from core.words import words
from tests.support.acted_service import backend, service
from tests.support.documents import word
from ui.chat.routes import ASSETS, chat_routes, tickets
from ui.session.identity import COOKIE, browser_mark

__all__ = ["backend", "service"]

ME = "me"
MINE = {COOKIE: "a" * 43}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAA"
    "AElFTkSuQmCC"
)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=chat_routes()), cookies=MINE) as made:
        made.headers["x-diglot-ticket"] = tickets.make(ME, browser_mark(MINE))
        yield made


def begun(client: TestClient, text: str = "hello", chat: str = "new") -> dict[str, Any]:
    deed = {"do": "ask", "text": text, "options": [{"model": "actor:1b"}]}
    return views(client.post(f"/ui/chats/{chat}", json=deed))[-1]


def views(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    said = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    return [one for one in map(json.loads, said) if "stamp" in one]


def test_without_a_good_ticket_nothing_is_given_and_nothing_done(
    service: Service, client: TestClient
) -> None:
    chat = begun(client)
    message = chat["messages"][-1]["id"]
    bad = [
        "",
        "x",
        tickets.make(ME, browser_mark({})),
        tickets.make(ME, browser_mark({COOKIE: "b" * 43})),
        tickets.make(ME, browser_mark(MINE), now=0.0),
        Tickets().make(ME, browser_mark(MINE)),
    ]
    deed = {"do": "hide", "message": message}
    for ticket in bad:
        head = {"x-diglot-ticket": ticket}
        for answer in (
            client.get(f"/ui/chats/{chat['id']}", headers=head),
            client.get(f"/ui/chats/{chat['id']}/answers", headers=head),
            client.post(f"/ui/chats/{chat['id']}", json=deed, headers=head),
            client.delete(f"/ui/chats/{chat['id']}", headers=head),
            client.get(f"/ui/messages/{message}/parts/0", headers=head),
            client.get(f"/ui/messages/{message}/images/0", headers=head),
        ):
            assert answer.status_code == 401
            assert answer.json()["code"] == "ticket"
    assert len(service.store.path(ME, chat["id"])) == 2


def test_a_ticket_is_not_good_after_signing_out_or_in_as_another(client: TestClient) -> None:
    signed = {**MINE, "_streamlit_user": "ann"}
    ticket = tickets.make("user:ann", browser_mark(signed))
    head = {"x-diglot-ticket": ticket}
    client.cookies.set("_streamlit_user", "ann")
    assert client.get("/ui/chats/x", headers=head).status_code == 404
    client.cookies.set("_streamlit_user", "bob")
    assert client.get("/ui/chats/x", headers=head).status_code == 401
    client.cookies.delete("_streamlit_user")
    assert client.get("/ui/chats/x", headers=head).status_code == 401


def test_a_question_is_answered_in_one_stream(service: Service, client: TestClient) -> None:
    chat = begun(client)
    assert [one["role"] for one in chat["messages"]] == ["user", "assistant"]
    assert chat["messages"][-1]["text"].startswith("You said: hello")
    again = client.get(f"/ui/chats/{chat['id']}").json()
    assert again["messages"] == chat["messages"] and again["stamp"] == chat["stamp"]
    assert views(client.get(f"/ui/chats/{chat['id']}/answers"))[-1] == again
    assert len(client.get(f"/ui/chats/{chat['id']}?limit=1").json()["messages"]) == 1


def test_what_is_anothers_is_not_there(service: Service, client: TestClient) -> None:
    theirs = service.store.create_chat("them", title="secret").id
    row = service.store.add_message(
        "them", theirs, Message(role="user", parts=(Text("secret"),)), parent_id=None
    )
    deed = {"do": "ask", "text": "x", "options": [{"model": "actor:1b"}]}
    for answer in (
        client.get(f"/ui/chats/{theirs}"),
        client.post(f"/ui/chats/{theirs}", json=deed),
        client.post(f"/ui/chats/{theirs}", json={"do": "hide", "message": row.id}),
        client.get(f"/ui/messages/{row.id}/parts/0"),
        client.get(f"/ui/chats/{theirs}/answers"),
        client.patch(f"/ui/chats/{theirs}", json={"title": "mine"}),
    ):
        assert answer.status_code == 404 and "secret" not in answer.text
    seen = client.get(f"/ui/chats/{theirs}/answers?{row.id}=0.0.0")
    assert "event: failed" in seen.text and "secret" not in seen.text
    assert client.delete(f"/ui/chats/{theirs}").status_code == 200
    assert len(service.store.path("them", theirs)) == 1


def test_the_pages_can_be_installed(service: Service) -> None:
    with TestClient(Starlette(routes=chat_routes())) as client:
        manifest = client.get("/ui/manifest.webmanifest")
        assert manifest.headers["content-type"] == "application/manifest+json"
        about = manifest.json()
        assert (about["name"], about["display"], about["start_url"]) == (
            "Diglot",
            "standalone",
            "/",
        )
        icon = client.get(about["icons"][0]["src"])
    assert icon.headers["content-type"] == "image/svg+xml"
    assert icon.content.startswith(b"<svg ") and b"script" not in icon.content


def test_the_list_is_read_searched_and_changed(service: Service, client: TestClient) -> None:
    service.store.create_chat("them", title="secret")
    chat = begun(client, "of a lighthouse")["id"]
    assert [one["id"] for one in client.get("/ui/chats").json()["chats"]] == [chat]
    changed = client.patch(f"/ui/chats/{chat}", json={"title": "A name"}).json()
    assert [one["title"] for one in changed["chats"]] == ["A name"]
    found = client.get("/ui/chats", params={"q": "lightho"}).json()
    assert {one["chat"] for one in found} == {chat}
    assert client.get("/ui/chats", params={"q": "secret"}).json() == []
    assert client.patch(f"/ui/chats/{chat}", json={"hidden": True}).json().get("chats") is None
    names = [one["name"] for one in client.get("/ui/models").json()]
    assert sorted(names) == ["actor:1b", "second:3b"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_error_is_a_card_in_the_readers_language(client: TestClient, language: str) -> None:
    head = {"x-diglot-language": language}
    answer = client.post("/ui/chats/new", content=b"{", headers=head)
    assert answer.status_code == 400
    assert answer.json()["fault"]["title"] == words(language)["error.other.title"]
    fault = client.get("/ui/chats/x", headers=head).json()["fault"]
    assert fault["title"] == words(language)["error.not_found.title"]


def test_a_stop_stops(service: Service, client: TestClient) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = service.ask(ME, chat, "slow", ChatOptions(model="actor:1b"))
    assert client.delete(f"/ui/chats/{chat}").status_code == 200
    while not job.done:
        job.wait(job.snapshot().version, 5)
    assert service.store.message(ME, job.message_id).state == "stopped"


def test_an_image_of_a_question_is_given_as_a_picture_alone(
    service: Service, client: TestClient
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    html = Image(data=base64.b64encode(b"<script>").decode(), media_type="text/html")
    picture = Image(data=base64.b64encode(PIXEL).decode(), media_type="image/png")
    message = Message(role="user", parts=(Text("x"), picture, html, Image(url="http://h/x")))
    row = service.store.add_message(ME, chat, message, parent_id=None)
    answer = client.get(f"/ui/messages/{row.id}/parts/1")
    assert answer.content == PIXEL and answer.headers["content-type"] == "image/png"
    other = client.get(f"/ui/messages/{row.id}/parts/2")
    assert other.headers["content-type"] == "image/png"
    assert other.headers["content-disposition"] == "attachment"
    for place in (0, 3, 9):
        assert client.get(f"/ui/messages/{row.id}/parts/{place}").status_code == 404


def test_an_imported_image_of_a_thousand_million_pixels_is_words(
    service: Service, client: TestClient
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    giant = PIXEL[:16] + (30_000).to_bytes(4, "big") * 2 + PIXEL[24:]
    picture = Image(data=base64.b64encode(giant).decode(), media_type="image/png")
    message = Message(role="user", parts=(picture,))
    row = service.store.add_message(ME, chat, message, parent_id=None)
    answer = client.get(f"/ui/messages/{row.id}/parts/0", headers={"x-diglot-language": "zh"})
    assert answer.status_code == 400
    assert "30,000 × 30,000 像素" in answer.json()["fault"]["said"]


def test_only_what_an_answer_names_is_fetched_and_within_the_config(
    service: Service, client: TestClient
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    said = Message(role="assistant", parts=(Text("![x](http://127.0.0.1:9/x.png)"),))
    row = service.store.add_message(ME, chat, said, parent_id=None)
    assert client.get(f"/ui/messages/{row.id}/images/1").status_code == 404
    refused = client.get(f"/ui/messages/{row.id}/images/0")
    assert refused.status_code >= 400 and "image" in refused.json()["fault"]["said"]


def test_the_files_of_the_script_are_given_for_good_and_nothing_beside_them(
    client: TestClient,
) -> None:
    entry = (ASSETS / "entry.txt").read_text().strip()
    answer = client.get(f"/ui/assets/{entry}", headers={"x-diglot-ticket": ""})
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    for name in ("nothing.js", "..%2froutes.py", "%2e%2e/routes.py", "routes.py", ".", "%00.js"):
        assert client.get(f"/ui/assets/{name}").status_code == 404


def test_the_addresses_have_the_base_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.chat.routes.st.get_option", lambda name: "/diglot/")
    assert {route.path.split("/")[1] for route in chat_routes()} == {"diglot"}


def test_a_backend_is_asked_with_what_was_given(service: Service, client: TestClient) -> None:
    deed = {
        "do": "ask",
        "text": "x",
        "options": [{"model": "actor:1b", "settings": {"temperature": 0.5}, "system": "pirate"}],
    }
    chat = views(client.post("/ui/chats/new", json=deed))[-1]
    assert chat["messages"][-1]["text"].startswith("You said: x")
    assert "2 messages" in chat["messages"][-1]["text"]


def test_a_file_is_read_before_it_is_sent(client: TestClient) -> None:
    told = client.post("/ui/files", params={"name": "a.docx"}, content=word()).json()
    assert told["about"].startswith("Word · about ") and "# Report 报告" in told["text"]
    client.headers["x-diglot-language"] = "zh"
    refused = client.post("/ui/files", params={"name": "a.docx"}, content=word()[:900])
    assert refused.status_code == 400
    assert refused.json()["fault"]["said"] == "a.docx 已损坏，无法读取。"
    del client.headers["x-diglot-ticket"]
    assert client.post("/ui/files", params={"name": "a"}, content=b"a").status_code == 401
