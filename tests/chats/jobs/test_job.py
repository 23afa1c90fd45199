"""One job on a real SQLite file, with scripted runs in the place of a model."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.chats.jobs.answer import NO_RESULT, RunValue, conversation
from core.chats.jobs.job import Job
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.errors import BackendUnavailable
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from core.tools.loop import run_tools
from core.tools.toolbox import Toolbox
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.messages import ChatRequest, Message, Text, Timings, Usage, text_of
from tests.chats.runs import QUESTION, Gate, Held, finished, script, stored_text, until


def test_an_answer_is_folded_and_stored(store: Store, runner: JobRunner, chat_id: str) -> None:
    usage = Usage(prompt_tokens=12, completion_tokens=5, reasoning_tokens=2)
    timings = Timings(load=1_000, prompt=2_000, completion=3_000, total=7_000)

    async def run(job: Job) -> AsyncIterator[RunValue]:
        job.note_exchange(Exchange("e1", Wire("ollama", "/api/chat", b""), owner="", started=0))
        yield MessageStart("qwen3:4b")
        yield ThinkingDelta("想")
        yield ThinkingDelta("想")
        await asyncio.sleep(0.03)
        yield TextDelta("25")
        yield TextDelta("°C")
        yield Finish(usage=usage, timings=timings)

    job = runner.start("ann", chat_id, run, ask=QUESTION, model="qwen3:4b", dialect="ollama")
    seen = finished(job)
    assert (seen.state, seen.phase, seen.error) == ("complete", "done", None)
    assert (seen.text, seen.thinking, seen.finish_reason) == ("25°C", "想想", "stop")

    asked, answer = store.path("ann", chat_id)
    assert asked.message == QUESTION
    assert answer.id == job.message_id
    assert answer.message == Message(role="assistant", parts=(Text("25°C"),), thinking="想想")
    assert (answer.state, answer.model, answer.dialect) == ("complete", "qwen3:4b", "ollama")
    assert (answer.finish_reason, answer.exchanges, answer.steps) == ("stop", ("e1",), ())
    numbers = dict(answer.numbers)
    assert numbers == seen.numbers
    measured = {
        n: numbers.pop(n) for n in ("first_token_ns", "thinking_ns", "stream_ns", "total_ns")
    }
    assert numbers == {
        "turns": 1,
        "prompt_tokens": 12,
        "completion_tokens": 5,
        "reasoning_tokens": 2,
        "context_tokens": 17,
        "load_ns": 1_000,
        "prompt_ns": 2_000,
        "completion_ns": 3_000,
    }
    assert 0 < measured["first_token_ns"] < measured["total_ns"]
    assert 30e6 <= measured["thinking_ns"] <= measured["stream_ns"] <= measured["total_ns"]


def test_phases_follow_what_the_backend_says(runner: JobRunner, chat_id: str) -> None:
    steps: list[tuple[RunValue, str]] = [
        (MessageStart(), "reading"),
        (TextDelta(""), "reading"),
        (ThinkingDelta("hm"), "thinking"),
        (TextDelta("so"), "writing"),
        (ToolCallDelta(index=0, id="c", name="f"), "calling"),
    ]
    gates = [Gate() for _ in steps]

    async def run(job: Job) -> AsyncIterator[RunValue]:
        for (value, _), gate in zip(steps, gates, strict=True):
            await gate
            yield value
        yield Finish(reason="tool_calls")

    job = runner.start("ann", chat_id, run)
    seen = until(job, lambda s: s.phase == "loading")
    for (_, phase), gate in zip(steps, gates, strict=True):
        gate.open()
        seen = until(job, lambda s, v=seen.version: s.version > v)  # type: ignore[misc]
        assert seen.phase == phase
    assert finished(job).phase == "done"


def test_a_run_can_say_that_the_model_is_loaded(runner: JobRunner, chat_id: str) -> None:
    held = Held()

    async def run(job: Job) -> AsyncIterator[RunValue]:
        job.note_phase("reading")
        async for value in held(job):
            yield value

    job = runner.start("ann", chat_id, run)
    assert until(job, lambda s: s.phase == "reading").text == ""
    job.cancel()


def test_a_snapshot_costs_nothing_while_nothing_changes(runner: JobRunner, chat_id: str) -> None:
    held = Held(MessageStart(), TextDelta("a" * 100_000))
    job = runner.start("ann", chat_id, held)
    seen = until(job, lambda s: len(s.text) == 100_000)
    assert job.snapshot() is seen
    began = time.monotonic()
    assert job.wait(seen.version, 0.05) is seen
    assert time.monotonic() - began >= 0.05
    woken: list[float] = []

    def tail() -> None:
        job.wait(seen.version, 5)
        woken.append(time.monotonic())

    page = threading.Thread(target=tail)
    page.start()
    changed = time.monotonic()
    job.note_phase("writing")
    page.join(5)
    assert woken[0] - changed < 0.2
    held.go.open()
    assert finished(job).text == seen.text


def test_stop_takes_milliseconds_keeps_the_text_and_closes_the_run(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    took = []
    for _ in range(5):
        held = Held(MessageStart(), ThinkingDelta("th"), TextDelta("part"))
        job = runner.start("ann", chat_id, held)
        until(job, lambda s: s.text == "part")
        began = time.perf_counter()
        job.cancel()
        assert held.closed.wait(5)
        seen = finished(job)
        took.append(time.perf_counter() - began)
        assert (seen.state, seen.text, seen.error) == ("stopped", "part", None)
        row = store.message("ann", job.message_id)
        assert (row.state, text_of(row.message), row.message.thinking) == ("stopped", "part", "th")
        assert runner.running("ann", chat_id) == []
    # The median, for a machine that is busy with something else.
    assert sorted(took)[2] < 0.1
    job.cancel()
    assert job.snapshot() is seen


def test_stop_reaches_a_job_before_it_has_begun(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    entered, leave = threading.Event(), threading.Event()
    started = []

    async def blocks_the_loop(_job: Job) -> AsyncIterator[RunValue]:
        entered.set()
        leave.wait(10)
        yield Finish()

    async def run(job: Job) -> AsyncIterator[RunValue]:
        started.append(job)
        yield TextDelta("too late")

    runner.start("ann", store.create_chat("ann").id, blocks_the_loop)
    assert entered.wait(5)
    job = runner.start("ann", chat_id, run)
    assert job.snapshot().phase == "queued"
    job.cancel()
    leave.set()
    seen = finished(job)
    assert (seen.state, seen.text, started) == ("stopped", "", [])


def test_a_run_that_will_not_close_does_not_hold_up_the_page(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    leave = Gate()

    async def run(_job: Job) -> AsyncIterator[RunValue]:
        try:
            yield TextDelta("part")
            await asyncio.sleep(60)
        finally:
            await leave
            yield TextDelta(" and more")  # type: ignore[misc]  # what a bad run may do

    job = runner.start("ann", chat_id, run)
    until(job, lambda s: s.text == "part")
    job.cancel()
    assert finished(job).state == "stopped"
    assert stored_text(store, job) == "part"
    assert runner.start("ann", chat_id, script(TextDelta("b"), Finish()))
    leave.open()


def test_a_run_that_never_waits_can_be_stopped(runner: JobRunner, chat_id: str) -> None:
    async def run(_job: Job) -> AsyncIterator[RunValue]:
        yield MessageStart()
        while True:
            yield TextDelta("x")

    job = runner.start("ann", chat_id, run)
    until(job, lambda s: len(s.text) > 1_000)
    began = time.monotonic()
    job.cancel()
    assert finished(job).state == "stopped"
    assert time.monotonic() - began < 2


def test_a_growing_answer_is_in_the_store_within_half_a_second(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    held = Held(MessageStart(), TextDelta("first"))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "first")
    began = time.monotonic()
    while stored_text(store, job) != "first":
        assert time.monotonic() - began < 1
        time.sleep(0.01)
    row = store.message("ann", job.message_id)
    assert (row.state, row.numbers["first_token_ns"] > 0) == ("running", True)
    held.go.open()
    finished(job)


def test_the_row_is_written_before_the_job_is_done(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    for n in range(20):
        job = runner.start("ann", chat_id, script(TextDelta(f"answer {n}"), Finish()))
        finished(job)
        row = store.message("ann", job.message_id)
        assert (row.state, text_of(row.message)) == ("complete", f"answer {n}")


def test_a_locked_database_does_not_stop_the_stream(
    tmp_path: Path, store: Store, runner: JobRunner, chat_id: str
) -> None:
    held = Held(MessageStart(), TextDelta("a"), after=(TextDelta("b"), Finish()))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "a")
    with sqlite3.connect(tmp_path / "chats.db", isolation_level=None) as other:
        other.execute("begin immediate")
        time.sleep(0.6)  # past the time at which the job wants to write
        held.go.open()
        assert until(job, lambda s: s.text == "ab").done is False
        other.execute("commit")
    other.close()
    assert finished(job).state == "complete"
    assert stored_text(store, job) == "ab"


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (
            StreamError(message="model crashed", status=500, code="backend_error"),
            {"code": "backend_error", "message": "model crashed", "status": 500},
        ),
        (
            BackendUnavailable("nothing answers", code="backend_refused"),
            {"code": "backend_refused", "message": "nothing answers", "status": 503},
        ),
        (
            None,
            {
                "code": "invalid_response",
                "message": "the stream ended before the answer was finished",
                "status": 502,
            },
        ),
    ],
)
def test_an_error_is_kept_with_what_came_before_it(
    store: Store,
    runner: JobRunner,
    chat_id: str,
    last: StreamError | BackendUnavailable | None,
    error: dict[str, object],
) -> None:
    async def run(_job: Job) -> AsyncIterator[RunValue]:
        yield MessageStart()
        yield TextDelta("part")
        if isinstance(last, Exception):
            raise last
        if last is not None:
            yield last

    seen = finished(runner.start("ann", chat_id, run))
    assert (seen.state, seen.text, seen.error) == ("failed", "part", error)
    (row,) = store.path("ann", chat_id)
    assert (row.state, text_of(row.message), row.error) == ("failed", "part", error)


@pytest.mark.parametrize("where", ["at once", "later"])
def test_a_bug_in_a_run_ends_the_job_and_is_logged(
    runner: JobRunner, chat_id: str, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    def at_once(_job: Job) -> AsyncIterator[RunValue]:
        raise ZeroDivisionError("a bug")

    async def later(_job: Job) -> AsyncIterator[RunValue]:
        yield TextDelta("part")
        raise ZeroDivisionError("a bug")

    seen = finished(runner.start("ann", chat_id, at_once if where == "at once" else later))
    assert seen.state == "failed"
    assert seen.error == {
        "code": "internal_error",
        "message": "the answer failed: ZeroDivisionError: a bug",
        "status": 500,
    }
    assert caplog.record_tuples[0][1] == logging.ERROR


def test_a_tool_loop_stopped_in_a_tool_can_be_talked_on_after(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    box = Toolbox()
    entered, cancelled = threading.Event(), threading.Event()

    @box.add
    async def slow(n: int) -> str:
        """Take long, the second time."""
        if n == 2:
            entered.set()
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()
        return f"result {n}"

    async def model(request: ChatRequest) -> AsyncIterator[Event]:
        n = 1 + sum(message.role == "tool" for message in request.messages)
        yield MessageStart("m")
        yield TextDelta(f"turn {n}")
        yield ToolCallDelta(index=0, id=f"c{n}", name="slow", arguments=f'{{"n": {n}}}')
        yield Finish(reason="tool_calls")

    request = ChatRequest(model="m", messages=(QUESTION,), tools=box.tools)
    job = runner.start("ann", chat_id, lambda _job: run_tools(model, request, box), ask=QUESTION)
    assert entered.wait(5)
    seen = until(job, lambda s: len(s.steps) == 2)
    assert seen.phase == "calling"
    assert [step.calls[0].result for step in seen.steps] == ["result 1", None]
    job.cancel()
    assert cancelled.wait(5)
    assert finished(job).state == "stopped"

    path = store.path("ann", chat_id)
    assert path[1].steps == seen.steps
    assert [(m.role, text_of(m), m.tool_call_id) for m in conversation(path)] == [
        ("user", "今天天气如何?", ""),
        ("assistant", "turn 1", ""),
        ("tool", "result 1", "c1"),
        ("assistant", "turn 2", ""),
        ("tool", NO_RESULT, "c2"),
    ]
