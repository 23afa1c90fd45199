"""What the pages work with, over a backend that speaks both dialects."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.backends.fleet import Fleet
from core.chats.job import Job
from core.chats.jobs import JobRunner
from core.chats.service import Service
from core.chats.store import Store
from core.chats.values import ChatOptions
from core.errors import InvalidRequest
from core.tools.examples import example_toolbox
from core.translation.messages import text_of
from tests.brain import SENTENCE, thinking
from tests.programs import CLOSED
from tests.scripted import Scripted

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
        yield Service(fleet, store, jobs, example_toolbox())
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
    chat = service.store.create_chat(ME)
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


def test_an_answer_through_the_other_api_is_a_sibling(service: Service, backend: Scripted) -> None:
    chat = service.store.create_chat(ME)
    ended(service.ask(ME, chat.id, "one", ChatOptions(model="native")))
    answer = service.store.path(ME, chat.id)[-1]
    ended(service.regenerate(ME, chat.id, answer.id, ChatOptions(model="open", dialect="openai")))
    assert len(service.store.siblings(ME, answer.id)) == 2
    assert [m["role"] for m in backend.bodies("/v1/chat/completions")[-1]["messages"]] == ["user"]


def test_only_what_was_set_is_sent(service: Service, backend: Scripted) -> None:
    chat = service.store.create_chat(ME)
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
    assert lost[0].note.zh and lost[0].note.en
    assert service.lost(ChatOptions(model="native", settings=settings)) == ()
    assert service.lost(ChatOptions(model="native", dialect="openai", settings=settings)) == ()
    assert backend.bodies("/v1/chat/completions") == backend.bodies("/api/chat") == []
