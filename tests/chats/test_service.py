"""What the pages work with, over a backend that speaks both dialects."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.backends.fleet import Fleet
from core.chats.jobs.job import Job
from core.chats.jobs.runner import JobRunner
from core.chats.jobs.titles import clean_title
from core.chats.service import Service
from core.chats.store.store import Store
from core.chats.transfer.attachments import read_file
from core.chats.values.chat import ChatOptions, PageDialect
from core.errors import InvalidRequest
from core.tools.examples import example_toolbox
from core.translation.messages import Image, Text, text_of
from core.words import languages
from tests.support.programs import CLOSED
from tests.support.rule_based_model import SENTENCE, thinking
from tests.support.scripted_backend import Scripted
from ui.chat.parameters import NUMBERS

CONFIG = """
model_list:
  - model_name: native
    litellm_params: {{model: ollama_chat/brain, api_base: "{url}"}}
  - model_name: open
    litellm_params: {{model: openai/brain, api_base: "{url}/v1"}}
"""
ME = "me"


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with thinking() as scripted:
        yield scripted


@pytest.fixture
def service(backend: Scripted, tmp_path: Path) -> Iterator[Service]:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(url=backend.url), "utf-8")
    fleet = Fleet(config, environ={"OLLAMA_HOST": CLOSED})
    store = Store(f"sqlite:///{tmp_path / 'chats.db'}")
    with loop_thread() as loop:
        asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(10)
        jobs = JobRunner(store, loop)
        made = Service(fleet, store, jobs, example_toolbox())
        yield made
        made.runners.tool_runtime.sandbox.close()
        jobs.close()
        asyncio.run_coroutine_threadsafe(fleet.__aexit__(None, None, None), loop).result(10)
    store.close()


@contextmanager
def loop_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def ended(job: Job) -> Job:
    seen = -1
    for _ in range(1000):
        snapshot = job.wait(seen, 0.05)
        seen = snapshot.version
        if snapshot.done:
            return job
    raise AssertionError("the answer did not end")


def texts(service: Service, chat_id: str) -> list[str]:
    return [text_of(m.message) for m in service.store.path(ME, chat_id)]


def test_a_question_in_other_words_is_a_branch(service: Service, backend: Scripted) -> None:
    options = ChatOptions(model="native")
    chat = service.store.create_chat(ME, titled="person")
    ended(service.ask(ME, chat.id, "one", options))
    ended(service.ask(ME, chat.id, "two", options))
    first, _, second, answer = service.store.path(ME, chat.id)
    ended(service.edit(ME, chat.id, second.id, "three", options))
    assert texts(service, chat.id) == ["one", SENTENCE, "three", SENTENCE]
    asked = backend.bodies("/api/chat")[-1]["messages"]
    assert [m["content"] for m in asked] == ["one", SENTENCE, "three"]
    ended(service.edit(ME, chat.id, first.id, "zero", options))
    assert texts(service, chat.id) == ["zero", SENTENCE]
    service.store.set_leaf(ME, chat.id, answer.id)
    assert texts(service, chat.id) == ["one", SENTENCE, "two", SENTENCE]
    with pytest.raises(InvalidRequest):
        service.edit(ME, chat.id, answer.id, "no question", options)
    with pytest.raises(InvalidRequest):
        service.regenerate(ME, chat.id, first.id, options)


def test_an_answer_in_other_words_is_what_the_model_is_told(
    service: Service, backend: Scripted
) -> None:
    chat = service.store.create_chat(ME, titled="person")
    first = ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    own = service.store.message(ME, first.message_id)
    mine = service.rewrite(ME, chat.id, own.id, "In my words.")
    assert mine.parent_id == own.parent_id and mine.finish_reason == "edited"
    ended(service.ask(ME, chat.id, "two", ChatOptions(model="native")))
    said = [m["content"] for m in backend.bodies("/api/chat")[-1]["messages"]]
    assert said == ["one", "In my words.", "two"]
    assert text_of(service.store.message(ME, own.id).message) == text_of(own.message)
    with pytest.raises(InvalidRequest):
        service.rewrite(ME, chat.id, own.parent_id or "", "no")


def test_a_branch_is_a_chat_of_its_own(service: Service) -> None:
    chat = service.store.create_chat(ME, title="Harbour", titled="person")
    first = ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    ended(service.ask(ME, chat.id, "two", ChatOptions(model="native")))
    branch = service.branch(ME, chat.id, first.message_id)
    texts = [text_of(row.message) for row in service.store.path(ME, branch.id)]
    assert len(texts) == 2 and texts[0] == "one" and branch.title == "Harbour"
    assert len(service.store.path(ME, chat.id)) == 4
    with pytest.raises(InvalidRequest):
        service.branch("somebody else", chat.id, first.message_id)


def test_an_answer_through_the_other_api_is_a_sibling(service: Service, backend: Scripted) -> None:
    chat = service.store.create_chat(ME, titled="person")
    ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    answer = service.store.path(ME, chat.id)[-1]
    ended(service.regenerate(ME, chat.id, answer.id, ChatOptions(model="open", dialect="openai")))
    assert len(service.store.siblings(ME, answer.id)) == 2
    assert [m["role"] for m in backend.bodies("/v1/chat/completions")[-1]["messages"]] == ["user"]


def test_only_what_was_set_is_sent(service: Service, backend: Scripted) -> None:
    chat = service.store.create_chat(ME, titled="person")
    ended(service.ask(ME, chat.id, "plain", ChatOptions(model="native")))
    assert backend.bodies("/api/chat")[-1].get("options", {}) == {}
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    settings = {"temperature": 0.0, "num_ctx": 4096}
    options = ChatOptions(model="native", settings=settings, thinking=False, schema=schema)
    ended(service.ask(ME, chat.id, "set", options))
    sent = backend.bodies("/api/chat")[-1]
    assert (sent["options"], sent["think"], sent["format"]) == (settings, False, schema)


def test_what_a_server_cannot_be_told_is_known_before(service: Service, backend: Scripted) -> None:
    settings = {"temperature": 0.5, "num_ctx": 4096}
    lost = service.lost(ChatOptions(model="open", settings=settings))
    assert [row.path for row in lost] == ["options.num_ctx"]
    assert all(map(lost[0].note.text, languages()))
    assert service.lost(ChatOptions(model="native", settings=settings)) == ()
    assert service.lost(ChatOptions(model="native", dialect="openai", settings=settings)) == ()
    assert backend.bodies("/v1/chat/completions") == backend.bodies("/api/chat") == []


def test_settings_that_a_server_cannot_be_told_are_known_one_by_one(service: Service) -> None:
    settings = {"temperature": 0.1, "num_ctx": 1280, "top_k": 1}
    assert not service.ignored(ChatOptions(model="native", dialect="openai"), settings)
    lost = service.ignored(ChatOptions(model="open", dialect="ollama"), settings)
    assert "temperature" not in lost and all(map(lost["num_ctx"].text, languages()))


@pytest.mark.parametrize("model", ["native", "open"])
@pytest.mark.parametrize("dialect", ["ollama", "openai"])
def test_all_settings_at_once_lose_what_each_loses_by_itself(
    service: Service, model: str, dialect: PageDialect
) -> None:
    settings = {name: least + step for name, least, _, step in NUMBERS} | {"stop": ["x"]}
    options = ChatOptions(model=model, dialect=dialect)
    alone = {
        name: rows[0].note
        for name, value in settings.items()
        if (rows := service.lost(replace(options, settings={name: value})))
    }
    assert service.ignored(options, settings) == alone
    assert bool(alone) is ((dialect, model) == ("ollama", "open"))


def test_two_are_asked_at_once_and_their_answers_stand_side_by_side(
    service: Service, backend: Scripted
) -> None:
    chat = service.store.create_chat(ME, titled="person")
    both = [ChatOptions(model="native"), ChatOptions(model="open", dialect="openai")]
    jobs = service.compare(ME, chat.id, "one", both)
    assert [ended(job).snapshot().text for job in jobs] == [SENTENCE, SENTENCE]
    question, answer = service.store.path(ME, chat.id)
    siblings = service.store.siblings(ME, answer.id)
    assert [(row.model, row.dialect) for row in siblings] == [
        ("native", "ollama"),
        ("open", "openai"),
    ]
    assert len({row.batch for row in siblings}) == 1 and answer.batch
    assert answer.id == siblings[0].id == jobs[0].message_id
    ended(service.ask(ME, chat.id, "two", both[0]))
    assert service.store.path(ME, chat.id)[-1].batch == ""
    assert len(backend.bodies("/v1/chat/completions")) == 1
    assert question.batch == ""


def test_while_two_are_asked_the_chat_is_busy_and_one_stop_stops_both(
    service: Service, backend: Scripted
) -> None:
    chat = service.store.create_chat(ME, titled="person")
    line = {"model": "m", "message": {"role": "assistant", "content": "word "}, "done": False}
    del backend.minds["/api/chat"]
    backend.lines("/api/chat", [line] * 200, pause=0.05)
    options = ChatOptions(model="native")
    jobs = service.compare(ME, chat.id, "one", [options, options])
    with pytest.raises(InvalidRequest, match="still being answered"):
        service.ask(ME, chat.id, "two", options)
    assert service.jobs.running(ME, chat.id) == jobs
    service.stop(ME, chat.id)
    assert {ended(job).snapshot().state for job in jobs} == {"stopped"}


@pytest.mark.parametrize("prefills", [True, False])
def test_a_cut_answer_is_gone_on_with(service: Service, backend: Scripted, prefills: bool) -> None:
    template = "{{ $last := eq (len (slice $.Messages $i)) 1 }}" if prefills else "{{ .Prompt }}"
    backend.json("/api/show", {"capabilities": ["completion"], "template": template})
    chat = service.store.create_chat(ME, titled="person")
    mind = backend.minds.pop("/api/chat")
    head = {"model": "m", "created_at": "2026-01-01T00:00:00Z"}
    cut = [
        {**head, "message": {"role": "assistant", "content": "Half a "}, "done": False},
        {**head, "message": {"role": "assistant", "content": ""}, "done": True,
         "done_reason": "length", "eval_count": 2, "prompt_eval_count": 3},
    ]  # fmt: skip
    backend.lines("/api/chat", cut)
    ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    answer = service.store.path(ME, chat.id)[-1]
    assert answer.finish_reason == "length"
    backend.minds["/api/chat"] = mind
    ended(service.write_on(ME, chat.id, answer.id, ChatOptions(model="open", dialect="openai")))
    whole = service.store.path(ME, chat.id)[-1]
    assert whole.id == answer.id
    assert text_of(whole.message) == f"Half a {SENTENCE}"
    assert whole.finish_reason == "stop"
    assert whole.numbers["completion_tokens"] == 2 + 5
    asked = backend.bodies("/api/chat")[-1]["messages"]
    assert [m["role"] for m in asked][:2] == ["user", "assistant"]
    assert len(asked) == (2 if prefills else 3)


def test_a_question_without_an_answer_can_be_answered(service: Service) -> None:
    chat = service.store.create_chat(ME, titled="person")
    options = ChatOptions(model="native")
    with pytest.raises(InvalidRequest):
        service.answer(ME, chat.id, options)
    ended(service.ask(ME, chat.id, "one", options))
    service.hide_message(ME, service.store.path(ME, chat.id)[-1].id)
    assert texts(service, chat.id) == ["one"]
    ended(service.answer(ME, chat.id, options))
    assert texts(service, chat.id) == ["one", SENTENCE]


def test_files_go_with_the_question_and_with_its_other_words(
    service: Service, backend: Scripted
) -> None:
    chat = service.store.create_chat(ME, titled="person")
    backend.json("/api/show", {"capabilities": ["completion", "vision"]})
    png = b"\x89PNG\r\n\x1a\n" + bytes(20)
    files = [read_file("a.png", png).part, read_file("notes.txt", "第一行".encode()).part]
    options = ChatOptions(model="native")
    ended(service.ask(ME, chat.id, "What is in these?", options, files=files))
    question = service.store.path(ME, chat.id)[0]
    assert [type(part) for part in question.message.parts] == [Text, Image, Text]
    ended(service.edit(ME, chat.id, question.id, "And now?", options))
    assert len(backend.bodies("/api/chat")) == 2
    for sent in backend.bodies("/api/chat"):
        assert len(sent["messages"][0]["images"]) == 1
        assert "第一行" in sent["messages"][0]["content"]
    assert backend.bodies("/api/chat")[-1]["messages"][0]["content"].startswith("And now?")


def titled(service: Service, chat_id: str, *, within: float = 5) -> str:
    for _ in range(int(within / 0.02)):
        chat = service.store.chat(ME, chat_id)
        if chat.titled == "model":
            return chat.title
        time.sleep(0.02)
    return ""


def test_the_model_gives_a_new_chat_its_title(service: Service, backend: Scripted) -> None:
    chat = service.store.create_chat(ME, title="one")
    options = ChatOptions(model="native", tools=("calculate",), thinking=True)
    ended(service.ask(ME, chat.id, "one", options))
    assert titled(service, chat.id) == SENTENCE.rstrip("?.") + "?"
    asked = backend.bodies("/api/chat")[-1]
    assert "tools" not in asked
    assert asked["options"]["temperature"] == 0 and asked["options"]["num_predict"] == 40
    assert asked["think"] is False
    count = len(backend.asked)
    ended(service.ask(ME, chat.id, "two", ChatOptions(model="native")))
    time.sleep(0.2)
    assert len([path for path, _ in backend.asked[count:] if path == "/api/chat"]) == 1


@pytest.mark.parametrize("kind", ["renamed", "temporary"])
def test_some_chats_are_given_no_title(service: Service, backend: Scripted, kind: str) -> None:
    chat = service.store.create_chat(ME, title="mine", temporary=kind == "temporary")
    if kind == "renamed":
        service.store.rename(ME, chat.id, "My own")
    ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    time.sleep(0.2)
    assert service.store.chat(ME, chat.id).title == ("My own" if kind == "renamed" else "mine")
    assert len(backend.bodies("/api/chat")) == 1


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Weather in Shanghai", "Weather in Shanghai"),
        ('**Title: "Weather in Shanghai."**', "Weather in Shanghai"),
        ("\n\n标题：《上海天气》\n\n希望有帮助", "上海天气"),
        ("# A quiet week", "A quiet week"),
        ("", ""),
        ("...", ""),
        ("Sure! Here is a title for the conversation that we have just been having today:", ""),
    ],
)
def test_a_title_is_taken_out_of_what_a_model_says(said: str, title: str) -> None:
    assert clean_title(said) == title
