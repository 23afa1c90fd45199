"""Answers that a process which stops leaves to another one on the same database."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from core.chats.feed.growth import follow
from core.chats.feed.view import Viewer
from core.chats.jobs.runner import JobRunner
from core.chats.service import Service
from core.chats.taking_over import TakingOver
from core.chats.values.chat import ChatOptions
from core.translation.events import Finish, TextDelta
from core.translation.messages import text_of
from tests.chats.runs import QUESTION, Held, finished, until
from tests.support.acted_service import backend, service

__all__ = ["backend", "service"]

OPTIONS = ChatOptions(model="actor:1b")


def left_behind(service: Service, *, options: ChatOptions | None = OPTIONS) -> tuple[str, str]:
    """Let another process stop in the middle of an answer; return the chat and the answer."""
    chat = service.store.create_chat("ann")
    other = JobRunner(service.store)
    job = other.start("ann", chat.id, Held(TextDelta("to be ")), ask=QUESTION)
    job.options = options
    until(job, lambda s: s.text == "to be ")
    other.close()
    return chat.id, job.message_id


def test_another_process_goes_on_with_it(service: Service) -> None:
    chat, message = left_behind(service)
    assert service.store.message("ann", message).state == "interrupted"
    assert service.is_handed_over("ann", chat) and not service.is_handed_over("ben", chat)
    # Whoever stops itself takes nothing, and who is quicker takes it alone.
    assert TakingOver(service, lambda: True).look() == 0
    taking = TakingOver(service, lambda: False)
    assert [taking.look(), taking.look()] == [1, 0]
    (job,) = service.jobs.running("ann", chat)
    assert finished(job).state == "complete"
    text = text_of(service.store.message("ann", message).message)
    assert text.startswith("to be ") and text != "to be "


async def test_a_reader_who_comes_between_two_processes_gets_the_rest(service: Service) -> None:
    chat, message = await asyncio.to_thread(left_behind, service)
    viewer = Viewer(language="en", addresses=None)

    async def read() -> list[bytes]:
        return [one async for one in follow(service, "ann", chat, viewer, {message: "0.0.6"})]

    reading = asyncio.ensure_future(read())
    await asyncio.wait({reading}, timeout=1)
    assert not reading.done(), "told that it was over, while it was on offer"
    await asyncio.to_thread(TakingOver(service, lambda: False).look)
    *_, chat_event, end = await reading
    assert end.startswith(b"event: end")
    shown = json.loads(chat_event.split(b"data: ")[1])["messages"][-1]
    row = service.store.message("ann", message)
    assert row.state == "complete" and shown["text"] == text_of(row.message) != "to be "


def test_what_nobody_waits_for_any_more_stays_as_it_is(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chats.taking_over.GOOD_FOR", 0.01)
    chat, message = left_behind(service)
    time.sleep(0.02)
    assert TakingOver(service, lambda: False).look() == 0
    assert not service.is_handed_over("ann", chat)
    assert service.store.message("ann", message).state == "interrupted"


def test_what_its_owner_has_gone_on_with_or_deleted_is_left_alone(service: Service) -> None:
    chat, message = left_behind(service)
    finished(service.write_on("ann", chat, message, OPTIONS))
    gone, _ = left_behind(service)
    service.store.delete_chat("ann", gone)
    assert TakingOver(service, lambda: False).look() == 0
    assert service.store.handovers.offers() == []


def test_a_run_of_the_tool_page_is_not_handed_over(service: Service) -> None:
    left_behind(service, options=None)
    assert service.store.handovers.offers() == []


def test_answers_have_their_time_before_they_are_cut(service: Service) -> None:

    chat = service.store.create_chat("ann")
    other = JobRunner(service.store)
    held = Held(TextDelta("one"), after=(TextDelta(" two"), Finish()))
    job = other.start("ann", chat.id, held)
    until(job, lambda s: s.text == "one")

    async def stop() -> None:
        closing = asyncio.create_task(other.aclose(drain=30))
        await asyncio.to_thread(until, job, lambda _: other.closed)
        held.go.open()
        await closing

    asyncio.run(stop())
    assert finished(job).state == "complete"
    assert text_of(service.store.message("ann", job.message_id).message) == "one two"
