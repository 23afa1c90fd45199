"""What a person does to a chat, as the page's script sends it."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

import pytest

from core.chats.feed.acting import Asked, Deed, act, read_asked
from core.chats.service import Service
from core.chats.values.chat import ChatMessage
from core.errors import BackendUnavailable, InvalidRequest
from core.translation.messages import text_of
from core.words import words
from tests.support.scripted_backend import Scripted

ME = "me"
OPTIONS: list[dict[str, Any]] = [{"model": "actor:1b"}]


def asked(**deed: Any) -> Asked:
    return read_asked(json.dumps({"options": OPTIONS, **deed}).encode())


def done(service: Service, chat: str) -> list[ChatMessage]:
    for job in service.running(ME, chat):
        job.wait(job.snapshot().version, 0)
        while not job.done:
            job.wait(job.snapshot().version, 5)
    return service.store.path(ME, chat)


def begun(service: Service, text: str = "hello", **more: Any) -> str:
    chat = act(service, ME, "new", asked(do="ask", text=text, **more), "en")
    done(service, chat)
    return chat


def test_a_chat_begins_with_its_question(service: Service) -> None:
    chat = begun(service, "hello  ")
    question, answer = done(service, chat)
    assert text_of(question.message) == "hello  "
    assert answer.state == "complete"
    assert service.store.chat(ME, chat).temporary is False
    hidden = begun(service, "secret", temporary=True)
    assert service.store.chat(ME, hidden).temporary
    assert [one.id for one in service.store.chats(ME)] == [chat]


@pytest.mark.parametrize("deed", get_args(Deed))
def test_nobody_does_anything_to_the_chat_of_another(service: Service, deed: str) -> None:
    chat = begun(service)
    before = service.store.messages(ME, chat)
    for row in before:
        what = asked(do=deed, text="taken over", message=row.id, rating=1)
        for place in (chat, "new") if deed != "ask" else (chat,):
            with pytest.raises(InvalidRequest) as caught:
                act(service, "eve", place, what, "en")
            assert caught.value.status == 404
    assert service.store.messages(ME, chat) == before
    assert not service.store.chats("eve")


def test_a_question_that_cannot_be_asked_leaves_no_chat(service: Service) -> None:
    for deed in (
        {"text": "x", "files": [{"name": "a.pdf", "data": base64.b64encode(b"%PDF\0").decode()}]},
        {"text": "  "},
        {"text": "x", "options": []},
        {"text": "x", "options": [{"model": ""}]},
        {"text": "x", "files": [{"name": "a.png", "data": ""}] * 2, "options": []},
    ):
        with pytest.raises(InvalidRequest):
            act(service, ME, "new", asked(do="ask", **deed), "en")
    assert service.store.chats(ME) == []


def test_a_chat_that_could_not_be_begun_is_taken_back(
    service: Service,
) -> None:
    service.jobs.close()
    with pytest.raises(BackendUnavailable):
        act(service, ME, "new", asked(do="ask", text="x"), "en")
    assert service.store.chats(ME) == []


def test_files_alone_are_a_question_too(service: Service, backend: Scripted) -> None:
    file = {"name": "笔记.txt", "data": base64.b64encode("第一行".encode()).decode()}
    chat = begun(service, " ", files=[file])
    question = done(service, chat)[0]
    assert text_of(question.message).startswith(words("en")["chat.look"])
    assert "第一行" in backend.bodies("/api/chat")[0]["messages"][0]["content"]


def test_several_are_asked_side_by_side(service: Service) -> None:
    both = [{"model": "actor:1b"}, {"model": "second:3b", "dialect": "openai"}]
    chat = begun(service, "which?", options=both)
    (answers,) = [service.store.siblings(ME, row.id) for row in done(service, chat) if row.batch]
    assert [(row.model, row.dialect) for row in answers] == [
        ("actor:1b", "ollama"),
        ("second:3b", "openai"),
    ]


def test_answers_are_made_anew_rewritten_rated_and_shown(service: Service) -> None:
    chat = begun(service)
    first = done(service, chat)[-1]
    act(service, ME, chat, asked(do="again", message=first.id), "en")
    second = done(service, chat)[-1]
    assert second.id != first.id and second.parent_id == first.parent_id
    act(service, ME, chat, asked(do="show", message=first.id), "en")
    assert done(service, chat)[-1].id == first.id
    act(service, ME, chat, asked(do="rate", message=first.id, rating=-1), "en")
    assert done(service, chat)[-1].rating == -1
    act(service, ME, chat, asked(do="rewrite", message=first.id, text=" mine "), "en")
    assert text_of(done(service, chat)[-1].message) == "mine"


def test_questions_are_put_in_other_words_put_away_and_taken_back(service: Service) -> None:
    chat = begun(service)
    question = done(service, chat)[0]
    act(service, ME, chat, asked(do="edit", message=question.id, text="other words"), "en")
    other = done(service, chat)[0]
    assert text_of(other.message) == "other words"
    act(service, ME, chat, asked(do="hide", message=other.id), "en")
    assert done(service, chat)[0].id == question.id
    act(service, ME, chat, asked(do="restore", message=other.id), "en")
    assert done(service, chat)[0].id == other.id
    act(service, ME, chat, asked(do="hide", message=done(service, chat)[-1].id), "en")
    act(service, ME, chat, asked(do="answer"), "en")
    assert done(service, chat)[-1].message.role == "assistant"


def test_a_cut_answer_is_gone_on_with_and_a_branch_is_a_chat(service: Service) -> None:
    chat = begun(service, "cut this")
    cut = done(service, chat)[-1]
    act(service, ME, chat, asked(do="write_on", message=cut.id), "en")
    assert text_of(done(service, chat)[-1].message).endswith("and here is the rest.")
    branch = act(service, ME, chat, asked(do="branch", message=cut.id), "en")
    assert branch != chat and len(done(service, branch)) == 2


@pytest.mark.parametrize("do", ["again", "edit", "rewrite", "write_on", "show", "hide", "rate"])
def test_nobody_else_may_do_anything(service: Service, do: str) -> None:
    chat = begun(service)
    message = done(service, chat)[-1 if do not in ("edit",) else 0]
    before = service.store.messages(ME, chat)
    with pytest.raises(InvalidRequest) as caught:
        act(service, "them", chat, asked(do=do, message=message.id, text="x", rating=1), "en")
    assert caught.value.status == 404
    assert service.store.messages(ME, chat) == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"do":"drop"}', b'{"do":"ask","owner":"you"}', b"\xff",
        b'{"do":"rate","rating":2}', b'{"do":"ask","options":[{"model":"m","dialect":"x"}]}',
        b'{"do":"ask","options":[{"model":"m","settings":{"no_such":1}}]}',
        b'{"do":"ask","options":[' + b'{"model":"m"},' * 4 + b'{"model":"m"}]}',
        b'{"do":"ask","files":[{"name":"x","data":"?"}]}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_deed_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_asked(body)
