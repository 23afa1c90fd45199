"""The runner of jobs on real SQLite files, with scripted runs in the place of a model."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.chats.jobs.answer import RunValue
from core.chats.jobs.job import Job
from core.chats.jobs.lost import LostAnswers
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.errors import BackendUnavailable, InvalidRequest
from core.translation.events import (
    Finish,
    MessageStart,
    TextDelta,
    ThinkingDelta,
)
from core.translation.messages import Usage, text_of
from tests.chats.runs import QUESTION, Held, finished, script, until


def test_only_one_of_two_tabs_may_start(store: Store, runner: JobRunner) -> None:
    for _ in range(10):
        chat = store.create_chat("ann")
        held = Held(MessageStart(), TextDelta("a"))
        together = threading.Barrier(2)
        results: list[Job | InvalidRequest] = []

        def tab(
            chat_id: str = chat.id, run: Held = held, gate: threading.Barrier = together
        ) -> None:
            gate.wait()
            try:
                results.append(runner.start("ann", chat_id, run, ask=QUESTION))  # noqa: B023
            except InvalidRequest as error:
                results.append(error)  # noqa: B023

        tabs = [threading.Thread(target=tab) for _ in range(2)]
        for one in tabs:
            one.start()
        for one in tabs:
            one.join()
        (job,) = (one for one in results if isinstance(one, Job))
        (error,) = (one for one in results if isinstance(one, InvalidRequest))
        assert (error.status, error.code) == (409, "busy")
        # The loser has left nothing behind.
        assert [len(children) for children in store.tree("ann", chat.id).values()] == [1, 1]
        held.go.open()
        finished(job)
        finished(runner.start("ann", chat.id, script(Finish())))


def test_a_start_that_fails_leaves_the_chat_free(runner: JobRunner, chat_id: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        runner.start("ann", chat_id, script(Finish()), parent_id="no such message")
    assert caught.value.code == "not_found"
    assert finished(runner.start("ann", chat_id, script(Finish()))).state == "complete"


def test_chats_are_answered_at_the_same_time(store: Store, runner: JobRunner) -> None:
    runs = [Held(TextDelta(str(n))) for n in range(8)]
    jobs = [runner.start("ann", store.create_chat("ann").id, run) for run in runs]
    for n, job in enumerate(jobs):
        assert until(job, lambda s: s.text != "").text == str(n)
    for run in runs:
        run.go.open()
    assert {finished(job).state for job in jobs} == {"complete"}


def test_the_jobs_of_others_are_invisible(store: Store, runner: JobRunner, chat_id: str) -> None:
    held = Held(TextDelta("secret"))
    job = runner.start("ann", chat_id, held)
    assert runner.get("ann", job.id) is job
    assert runner.running("ann", chat_id) == [job]
    assert runner.get("ben", job.id) is None
    assert runner.running("ben", chat_id) == []
    with pytest.raises(InvalidRequest) as caught:
        runner.start("ben", chat_id, script(Finish()))
    # Not "busy": that would tell that the chat exists.
    assert caught.value.code == "not_found"
    own = store.create_chat("ben")
    with pytest.raises(InvalidRequest):
        runner.start("ben", own.id, script(Finish()), continues=job.message_id)
    held.go.open()
    finished(job)
    assert runner.running("ann", chat_id) == []
    assert runner.get("ann", job.id) is job


def test_finished_jobs_are_forgotten_by_number_and_by_age(store: Store, chat_id: str) -> None:
    runner = JobRunner(store, keep_jobs=3, keep_seconds=0.2)
    held = Held()
    running = runner.start("ann", store.create_chat("ann").id, held)
    jobs = []
    for _ in range(6):
        jobs.append(runner.start("ann", chat_id, script(Finish())))
        finished(jobs[-1])
    assert [runner.get("ann", job.id) is job for job in jobs] == [False] * 3 + [True] * 3
    time.sleep(0.25)
    assert [runner.get("ann", job.id) for job in jobs] == [None] * 6
    assert runner.get("ann", running.id) is running
    runner.close()


def test_a_chat_deleted_under_its_job_ends_the_job(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    held = Held(TextDelta("a"))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "a")
    store.delete_chat("ann", chat_id)
    assert held.closed.wait(5)
    assert finished(job).state == "stopped"


def test_closing_marks_what_runs_as_interrupted(store: Store) -> None:
    runner = JobRunner(store)
    runs = [Held(TextDelta("part")) for _ in range(3)]
    jobs = [runner.start("ann", store.create_chat("ann").id, run) for run in runs]
    for job in jobs:
        until(job, lambda s: s.text == "part")
    runner.close()
    for job, run in zip(jobs, runs, strict=True):
        assert run.closed.is_set()
        assert job.snapshot().state == "interrupted"
        row = store.message("ann", job.message_id)
        assert (row.state, text_of(row.message)) == ("interrupted", "part")
    assert "chat-jobs" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(BackendUnavailable) as caught:
        runner.start("ann", store.create_chat("ann").id, script(Finish()))
    assert caught.value.code == "shutting_down"
    jobs[0].cancel()
    runner.close()


def test_jobs_run_in_a_loop_that_is_given(store: Store, chat_id: str) -> None:
    async def main() -> None:
        runner = JobRunner(store, asyncio.get_running_loop())
        threads = []

        async def run(_job: Job) -> AsyncIterator[RunValue]:
            threads.append(threading.current_thread())
            yield TextDelta("part")
            await asyncio.sleep(60)

        job = await asyncio.to_thread(runner.start, "ann", chat_id, run)
        await asyncio.to_thread(until, job, lambda s: s.text == "part")
        assert threads == [threading.current_thread()]
        with pytest.raises(RuntimeError, match="aclose"):
            runner.close()
        await runner.aclose()
        assert job.snapshot().state == "interrupted"

    asyncio.run(main())
    (row,) = store.path("ann", chat_id)
    assert (row.state, text_of(row.message)) == ("interrupted", "part")


def test_a_runner_with_its_own_thread_closes_from_any_loop(store: Store, chat_id: str) -> None:
    runner = JobRunner(store)
    job = runner.start("ann", chat_id, Held(TextDelta("part")))
    asyncio.run(runner.aclose())
    assert job.snapshot().state == "interrupted"


def test_an_answer_that_was_cut_is_continued_in_place(
    store: Store, runner: JobRunner, chat_id: str
) -> None:
    usage = Usage(prompt_tokens=10, completion_tokens=4)
    cut = Finish(reason="length", usage=usage)
    job = runner.start(
        "ann", chat_id, script(ThinkingDelta("hm"), TextDelta("one "), cut), ask=QUESTION
    )
    first = finished(job)
    assert first.finish_reason == "length"
    again = runner.start(
        "ann",
        chat_id,
        script(MessageStart(), TextDelta("two"), Finish(usage=usage)),
        continues=job.message_id,
    )
    assert again.message_id == job.message_id
    finished(again)
    _, row = store.path("ann", chat_id)
    assert (text_of(row.message), row.message.thinking) == ("one two", "hm")
    assert (row.state, row.finish_reason) == ("complete", "stop")
    assert row.numbers["completion_tokens"] == 8
    assert row.numbers["turns"] == 2
    assert row.numbers["context_tokens"] == 14
    assert row.numbers["first_token_ns"] == first.numbers["first_token_ns"]
    assert row.numbers["total_ns"] > first.numbers["total_ns"]


VICTIM = """
import asyncio, sys, time
from core.chats.jobs.lost import LostAnswers
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.translation.events import MessageStart, TextDelta

store = Store(sys.argv[1])
chat = store.create_chat("ann")

async def run(job):
    yield MessageStart()
    while True:
        yield TextDelta(f"{time.time_ns()}\\n")
        await asyncio.sleep(0.01)

job = JobRunner(store).start("ann", chat.id, run)
print(chat.id, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_a_killed_process_loses_less_than_a_second(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chats.db"
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, url], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        chat_id = victim.stdout.readline().strip()
        store = Store(url)
        deadline = time.monotonic() + 20
        while len(text_of(store.path("ann", chat_id)[0].message)) < 2_000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(victim.pid, signal.SIGKILL)
        killed = time.time_ns()
        victim.wait()
    lost = LostAnswers(store.growing, lost_after=0.1)
    assert lost.look() == 0
    time.sleep(0.2)
    assert lost.look() == 1
    (row,) = store.path("ann", chat_id)
    assert row.state == "interrupted"
    stamps = [int(line) for line in text_of(row.message).splitlines()]
    assert stamps == sorted(stamps)
    assert (killed - stamps[-1]) / 1e9 < 1
    # It can be written on.
    runner = JobRunner(store)
    finished(runner.start("ann", chat_id, script(TextDelta("the end"), Finish()), continues=row.id))
    assert text_of(store.path("ann", chat_id)[0].message) == text_of(row.message) + "the end"
    runner.close()
    store.close()
