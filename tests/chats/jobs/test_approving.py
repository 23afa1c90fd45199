"""Calls that wait for a person in a chat: nothing runs before the answer, and only what it says."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from core.chats.jobs.approving import Approvals, Verdict
from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.job import Job
from core.chats.service import Service
from core.chats.values.chat import Asking, ChatMessage, ChatOptions
from core.translation.messages import Tool, ToolCall, text_of
from tests.chats.feed.conftest import backend, service

__all__ = ["backend", "service"]

ME = "me"
WEATHER = Tool(name="get_current_weather", parameters={"type": "object"})


def until(there: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def ran(service: Service) -> list[str]:
    """Replace the example by a tool from outside; what it was called with, in order."""
    calls: list[str] = []

    async def run(call: ToolCall) -> str:
        calls.append(call.arguments)
        return "sunny"

    service.toolbox.discard(WEATHER.name)
    service.toolbox.add(WEATHER, run)
    return calls


def begun(service: Service, chat: str, asking: Asking = "outside") -> Job:
    options = ChatOptions(model="actor:1b", tools=(WEATHER.name,), asking=asking)
    return service.ask(ME, chat, "weather?", options)


def waiting(job: Job) -> list[str]:
    return [call.id for call in job.snapshot().waiting]


def decided(
    service: Service, owner: str, chat: str, message: str, call: str, verdict: Verdict
) -> bool:
    return service.approvals.settle(service.running(owner, chat), message, call, verdict)


def ended(service: Service, job: Job) -> ChatMessage:
    until(lambda: job.done)
    return service.store.message(ME, job.message_id)


def test_nothing_runs_before_the_answer_and_then_only_that(
    service: Service, ran: list[str]
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = begun(service, chat)
    until(lambda: len(waiting(job)) == 2)
    assert job.snapshot().phase == "deciding" and ran == []
    one, other = waiting(job)
    # Somebody else's word is no word, nor is one about another call.
    assert not decided(service, "eve", chat, job.message_id, one, "always")
    assert not decided(service, ME, chat, job.message_id, "another", "once")
    assert decided(service, ME, chat, job.message_id, one, "once")
    until(lambda: len(ran) == 1)
    assert waiting(job) == [other]
    assert decided(service, ME, chat, job.message_id, other, "no")
    calls = ended(service, job).steps[0].calls
    assert [(call.result == "sunny", call.how) for call in calls] == [
        (True, ""),
        (False, "refused"),
    ]
    assert "refused" in str(calls[1].result) and len(ran) == 1
    assert not decided(service, ME, chat, job.message_id, one, "once")
    # It was for once.
    again = begun(service, chat)
    until(lambda: len(waiting(again)) == 2)
    again.cancel()
    until(lambda: again.done)
    assert len(ran) == 1


def test_always_is_for_this_chat_and_this_tool(service: Service, ran: list[str]) -> None:
    chat = service.store.create_chat(ME, title="t", settings={"kept": 1}).id
    job = begun(service, chat)
    until(lambda: len(waiting(job)) == 2)
    assert decided(service, ME, chat, job.message_id, waiting(job)[0], "always")
    ended(service, job)
    assert len(ran) == 2
    assert service.store.chat(ME, chat).settings["kept"] == 1
    assert ended(service, begun(service, chat)).state == "complete" and len(ran) == 4
    other = begun(service, service.store.create_chat(ME, title="t").id)
    until(lambda: waiting(other))
    other.cancel()
    until(lambda: other.done)


@pytest.mark.parametrize(("asking", "asks"), [("none", False), ("outside", True), ("all", True)])
def test_who_wants_is_asked_always_or_never(
    service: Service, ran: list[str], asking: Asking, asks: bool
) -> None:
    job = begun(service, service.store.create_chat(ME, title="t").id, asking)
    until(lambda: job.done or waiting(job))
    assert bool(waiting(job)) == asks
    job.cancel()
    until(lambda: job.done)


def test_tools_that_come_with_diglot_run_at_once(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t").id
    assert text_of(ended(service, begun(service, chat)).message)
    all_of_them = begun(service, service.store.create_chat(ME, title="t").id, "all")
    until(lambda: len(waiting(all_of_them)) == 2)
    all_of_them.cancel()
    until(lambda: all_of_them.done)


def test_a_tool_that_nothing_runs_is_not_waited_for(service: Service) -> None:
    service.toolbox.discard(WEATHER.name)
    service.toolbox.add(WEATHER)
    job = begun(service, service.store.create_chat(ME, title="t").id)
    assert ended(service, job).steps[0].stopped == "abandoned"


def test_a_page_of_another_process_sees_and_decides(
    service: Service, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chats.jobs.approving._LOOK_EVERY", 0.05)
    chat = service.store.create_chat(ME, title="t").id
    job = begun(service, chat)
    until(lambda: len(waiting(job)) == 2)

    def seen() -> list[str]:
        # As a process sees it that has only the database.
        (row,) = service.store.growing.of_chat(ME, chat)
        return [call.id for call in AnswerElsewhere(service.store, ME, row).snapshot().waiting]

    until(lambda: len(seen()) == 2)
    (row,) = service.store.growing.of_chat(ME, chat)
    there = AnswerElsewhere(service.store, ME, row)
    approvals = Approvals(service.store, service.toolbox)
    assert there.snapshot().phase == "deciding"
    assert not approvals.decide(there, "another", "always")
    assert approvals.decide(there, seen()[0], "no")
    until(lambda: len(waiting(job)) == 1)
    until(lambda: len(seen()) == 1)
    assert ran == []
    (row,) = service.store.growing.of_chat(ME, chat)
    assert approvals.decide(AnswerElsewhere(service.store, ME, row), seen()[0], "always")
    ended(service, job)
    assert len(ran) == 1
    settings = service.store.chat(ME, chat).settings
    assert settings == {"allowed_tools": [WEATHER.name], "tool_decisions": {}}
    assert all(call.how != "waiting" for call in service.store.message(ME, row.id).steps[0].calls)
