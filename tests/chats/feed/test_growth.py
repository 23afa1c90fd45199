"""Answers as they grow: nothing is missed and nothing comes twice, wherever one begins."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from core.chats.feed.growth import follow, places
from core.chats.feed.shown import show_chat
from core.chats.feed.view import Viewer
from core.chats.service import Service
from core.chats.values.chat import ChatOptions
from core.translation.messages import text_of
from tests.chats.feed.test_acting import ME
from tests.support.scripted_backend import Said, Scripted

VIEWER = Viewer(language="en", addresses=None)
OPTIONS = ChatOptions(model="actor:1b")
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def held(backend: Scripted) -> threading.Event:
    """The backend answers when this is set: without it an answer may end before it is followed."""
    free, mind = threading.Event(), backend.minds["/api/chat"]

    def wait(body: dict[str, Any]) -> Said:
        assert free.wait(60)
        return mind(body)

    backend.thinks("/api/chat", wait)
    return free


async def read(
    service: Service,
    chat: str,
    seen: dict[str, str] | None = None,
    *,
    most: int = 10_000,
    held: threading.Event | None = None,
) -> Events:
    """Return what a follower is told; ``held`` is set when it has been told something."""
    found: Events = []
    events = follow(service, ME, chat, VIEWER, seen or {})
    async for event in events:
        if held is not None:
            held.set()
        if not event.startswith(b":"):
            name, data = event.decode().removesuffix("\n\n").split("\ndata: ", 1)
            found.append((name.removeprefix("event: "), json.loads(data)))
        if len(found) >= most:
            break
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
    return found


def text(events: Events, message: str) -> str:
    said = ""
    for name, data in events:
        if name == "grow" and data["id"] == message:
            said = ("" if data.get("anew") else said) + data.get("text", "")
    return said


async def test_the_pieces_are_the_answer_and_the_chat_comes_last(
    service: Service, held: threading.Event
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = service.ask(ME, chat, "a long one 灯塔", OPTIONS)
    events = await read(service, chat, held=held)
    row = service.store.message(ME, job.message_id)
    assert text(events, row.id) == text_of(row.message)
    assert [name for name, _ in events[-2:]] == ["chat", "end"]
    last = events[-2][1]["messages"][-1]
    assert last["text"] == text_of(row.message) and "at" not in last
    assert not job.listeners


async def test_a_reader_who_comes_back_misses_nothing(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = service.ask(ME, chat, "slow", OPTIONS)
    first = await read(service, chat, most=6)
    seen = {job.message_id: first[-1][1]["at"]}
    begun = text(first, job.message_id)
    assert begun and not job.listeners
    await asyncio.sleep(0.3)
    second = await read(service, chat, seen, most=3)
    assert not any(data.get("anew") for _, data in second)
    await asyncio.to_thread(service.stop, ME, chat)
    third = await read(service, chat, {job.message_id: second[-1][1]["at"]})
    row = service.store.message(ME, job.message_id)
    whole = begun + text(second, row.id) + text(third, row.id)
    assert whole == text_of(row.message)


async def test_what_a_view_shows_is_not_told_again(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = service.ask(ME, chat, "slow", OPTIONS)
    while not job.snapshot().text:
        await asyncio.to_thread(job.wait, job.snapshot().version, 5)
    view = await asyncio.to_thread(show_chat, service, ME, chat, VIEWER)
    events = await read(service, chat, places(view), most=2)
    said = view.messages[-1].text + text(events, job.message_id)
    assert job.snapshot().text.startswith(said)
    await asyncio.to_thread(service.stop, ME, chat)


async def test_a_turn_that_calls_tools_takes_the_place_of_what_was_told(
    service: Service, held: threading.Event
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    options = ChatOptions(model="actor:1b", tools=("get_current_weather",))
    job = service.ask(ME, chat, "weather?", options)
    events = await read(service, chat, held=held)
    steps = [data["steps"] for name, data in events if name == "grow" and data.get("steps")]
    assert [call["name"] for call in steps[-1][0]["calls"]] == ["get_current_weather"] * 2
    assert all(call["state"] == "done" for call in steps[-1][0]["calls"])
    assert text(events, job.message_id) == text_of(
        service.store.message(ME, job.message_id).message
    )


async def test_several_answers_share_a_stream(service: Service, held: threading.Event) -> None:
    chat = service.store.create_chat(ME, title="t").id
    both = [OPTIONS, ChatOptions(model="second:3b", dialect="openai")]
    jobs = service.compare(ME, chat, "long", both)
    events = await read(service, chat, held=held)
    for job in jobs:
        assert text(events, job.message_id) == text_of(
            service.store.message(ME, job.message_id).message
        )
    assert len(events[-2][1]["messages"][-1]["together"]) == 2


async def test_nonsense_for_a_place_is_the_beginning(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t").id
    job = service.ask(ME, chat, "long", OPTIONS)
    for at in ("", "x", "1.2", "-1.0.0", "0.0.999999999999999999", "²..", "9.9.9"):
        events = await read(service, chat, {job.message_id: at})
        row = service.store.message(ME, job.message_id)
        assert not any(n == "grow" for n, _ in events) or text(events, row.id) == text_of(
            row.message
        )


async def test_nobody_follows_what_is_anothers_and_the_first_token_is_not_held_up(
    service: Service,
) -> None:
    chat = service.store.create_chat("them", title="t").id
    assert [name for name, _ in await read(service, chat)] == ["failed", "end"]
    mine = service.store.create_chat(ME, title="t").id
    began = time.monotonic()
    service.ask(ME, mine, "hello", OPTIONS)
    events = await read(service, mine)
    assert time.monotonic() - began < 5
    assert [name for name, _ in events[-2:]] == ["chat", "end"]


async def test_an_answer_that_has_ended_meanwhile_is_shown_at_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = service.store.create_chat(ME, title="t").id
    answer = service.ask(ME, chat, "hello", OPTIONS).message_id
    await read(service, chat)
    # A cut answer may be between two processes, and is looked for again after a while.
    monkeypatch.setattr("core.chats.feed.growth._LOOK", 3600)
    async with asyncio.timeout(60):
        events = await read(service, chat, {answer: "0.0.0"})
    assert [name for name, _ in events] == ["chat", "end"]
    assert events[0][1]["messages"][-1].get("state", "complete") == "complete"


async def test_calls_that_wait_are_told_and_taken_back(service: Service) -> None:
    chat = service.store.create_chat(ME, title="t").id
    tools = ("get_current_weather",)
    options = ChatOptions(model="actor:1b", tools=tools, asking="all")
    job = service.ask(ME, chat, "weather?", options)
    seen: list[int] = []
    decided: set[str] = set()
    async for event in follow(service, ME, chat, VIEWER, {}):
        if not event.startswith(b"event: grow"):
            continue
        waiting = json.loads(event.decode().split("\ndata: ", 1)[1]).get("waiting", [])
        if waiting:
            # Whoever opens the chat now sees them as well.
            shown = await asyncio.to_thread(show_chat, service, ME, chat, VIEWER)
            view = shown.messages[-1]
            # The event may be older than the last decision.
            told = {call["id"] for call in waiting}
            assert {call.id for call in view.waiting} >= told - decided
            call = waiting[0]["id"]
            decided.add(call)
            service.approvals.decide(job, call, "once")
        seen.append(len(waiting))
    assert max(seen) > 0 and seen[-1] == 0
    (done,) = [one for one in show_chat(service, ME, chat, VIEWER).messages if one.steps]
    assert not done.waiting and all(call.state == "done" for call in done.steps[0].calls)
