"""An answer that one process writes, followed and stopped in another on the same database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.chats.jobs.elsewhere import AnswerElsewhere
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.errors import InvalidRequest
from core.translation.events import Finish, MessageStart, TextDelta
from tests.chats.runs import QUESTION, Held, finished, script, until
from tests.support.programs import until as wait_until


@pytest.fixture
def other(url: str) -> Iterator[tuple[Store, JobRunner]]:
    """Another process's store and jobs, on the same database as ``here``."""
    store = Store(url)
    runner = JobRunner(store)
    yield store, runner
    runner.close()
    store.close()


@pytest.fixture
def here(url: str) -> Iterator[tuple[Store, JobRunner]]:
    store = Store(url)
    runner = JobRunner(store)
    yield store, runner
    runner.close()
    store.close()


def followed(here: tuple[Store, JobRunner], chat_id: str) -> AnswerElsewhere:
    store, runner = here
    (row,) = runner.elsewhere("ann", chat_id)
    return AnswerElsewhere(store, "ann", row)


def test_an_answer_is_followed_to_its_end(
    here: tuple[Store, JobRunner], other: tuple[Store, JobRunner]
) -> None:
    chat = other[0].create_chat("ann")
    held = Held(MessageStart(), TextDelta("one"), after=(TextDelta(" two"), Finish()))
    job = other[1].start("ann", chat.id, held, ask=QUESTION)
    assert other[1].elsewhere("ann", chat.id) == []
    answer = followed(here, chat.id)
    deadline = time.monotonic() + 10
    seen = answer.wait(-1, 0.1)
    while seen.text != "one":
        assert time.monotonic() < deadline
        seen = answer.wait(seen.version, 0.1)
    assert (seen.phase, seen.state, seen.done) == ("writing", "running", False)
    assert answer.snapshot() is seen
    with pytest.raises(InvalidRequest, match="still being answered"):
        here[1].start("ann", chat.id, script(Finish()))
    held.go.open()
    while not (seen := answer.wait(seen.version, 1)).done:
        assert time.monotonic() < deadline
    assert (seen.text, seen.state, seen.phase) == ("one two", "complete", "done")
    assert finished(job).text == "one two"
    assert here[1].elsewhere("ann", chat.id) == []


def test_an_answer_is_stopped_from_another_process(
    here: tuple[Store, JobRunner], other: tuple[Store, JobRunner]
) -> None:
    chat = other[0].create_chat("ann")
    held = Held(MessageStart(), TextDelta("all that came"))
    job = other[1].start("ann", chat.id, held)
    until(job, lambda s: s.text != "")
    began = time.monotonic()
    followed(here, chat.id).cancel()
    assert held.closed.wait(10)
    assert finished(job).state == "stopped"
    assert time.monotonic() - began < 5
    (row,) = here[0].path("ann", chat.id)
    assert (row.state, job.snapshot().text) == ("stopped", "all that came")


def test_whoever_follows_is_told_of_changes_and_reads_them_at_once(
    postgresql: Callable[[str], str],
) -> None:
    url = postgresql("told")
    stores = [Store(url), Store(url)]
    here, other = ((store, JobRunner(store)) for store in stores)
    chat, told = other[0].create_chat("ann"), threading.Event()
    held = Held(MessageStart(), TextDelta("one"), after=(TextDelta(" two"), Finish()))
    job = other[1].start("ann", chat.id, held)
    answer = followed(here, chat.id)
    with answer.telling(told.set):
        wait_until(lambda: stores[0].growing.news.heard)
        wait_until(lambda: answer.snapshot().text == "one")
        told.clear()
        held.go.open()
        finished(job)
        assert told.wait(10)
        # No pause is over yet: it is the news that has it read again.
        wait_until(lambda: answer.snapshot().done)
        assert answer.snapshot().text == "one two"
    for store, runner in (here, other):
        runner.close()
        store.close()


def test_nobody_else_sees_it(here: tuple[Store, JobRunner], other: tuple[Store, JobRunner]) -> None:
    chat = other[0].create_chat("ann")
    job = other[1].start("ann", chat.id, Held(TextDelta("hers")))
    assert here[1].elsewhere("ben", chat.id) == []
    job.cancel()
    finished(job)
