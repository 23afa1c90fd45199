"""Answers while the database does not take them, and once it does again."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.chats.jobs.journal import Journal
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.translation.events import Finish, MessageStart, TextDelta
from core.translation.messages import text_of
from tests.chats.runs import Held, finished, script, stored_text, until


@contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Let the database take no change of a message, as a full disk does."""

    def run(statement: str) -> None:
        with sqlite3.connect(folder / "chats.db", timeout=20) as other:
            other.execute(statement)
        other.close()

    run("create trigger full before update on messages begin select raise(abort, 'disk full'); end")
    yield
    run("drop trigger if exists full")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "unsaved")


@pytest.fixture
def runner(store: Store, journal: Journal) -> Iterator[JobRunner]:
    runner = JobRunner(store, journal=journal)
    yield runner
    runner.close()


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "unsaved").glob("*"))


def test_an_answer_waits_for_the_database_and_is_saved_whole(
    tmp_path: Path,
    store: Store,
    runner: JobRunner,
    chat_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    held = Held(MessageStart(), TextDelta("pre"), after=(TextDelta("cious"), Finish()))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "pre")
    with refusing(tmp_path):
        assert until(job, lambda s: not s.saved).phase == "writing"
        held.go.open()
        seen = until(job, lambda s: s.phase == "saving")
        assert (seen.text, seen.done, seen.saved) == ("precious", False, False)
        # It is on disk, readable by its user only, and still in the page's hands.
        (file,) = kept(tmp_path)
        assert "precious" in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
        assert runner.running("ann", chat_id) == [job]
    seen = finished(job)
    assert (seen.state, seen.text, seen.error) == ("complete", "precious", None)
    assert stored_text(store, job) == "precious"
    assert kept(tmp_path) == []
    assert "disk full" in caplog.text
    assert "precious" not in caplog.text


def test_a_growing_answer_that_could_not_be_written_is_written_on(
    tmp_path: Path, store: Store, runner: JobRunner, chat_id: str
) -> None:
    held = Held(MessageStart(), TextDelta("a"), after=(TextDelta("b"), Finish()))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "a")
    with refusing(tmp_path):
        until(job, lambda s: not s.saved)
    until(job, lambda s: s.saved)
    assert stored_text(store, job) == "a"
    assert kept(tmp_path) == []
    held.go.open()
    assert finished(job).state == "complete"


def test_what_a_program_could_not_save_is_saved_by_the_next(
    tmp_path: Path, store: Store, journal: Journal, chat_id: str
) -> None:
    first = JobRunner(store, journal=journal)
    with refusing(tmp_path):
        job = first.start("ann", chat_id, script(TextDelta("all of it"), Finish()))
        until(job, lambda s: s.phase == "saving")
        first.close()
        assert stored_text(store, job) == ""
    # A file that lies here only for a moment belongs to a job that lives.
    assert journal.write_back(store.growing, idle=60) == 0
    assert journal.write_back(store.growing) == 1
    row = store.message("ann", job.message_id)
    assert (row.state, text_of(row.message)) == ("complete", "all of it")
    assert kept(tmp_path) == []
    assert journal.write_back(store.growing) == 0


def test_a_cut_answer_in_the_journal_is_interrupted(
    tmp_path: Path, store: Store, journal: Journal, chat_id: str
) -> None:
    runner = JobRunner(store, journal=journal)
    with refusing(tmp_path):
        job = runner.start("ann", chat_id, Held(TextDelta("half \ud83d of it")))
        until(job, lambda s: not s.saved)
        time.sleep(0.1)
        (file,) = kept(tmp_path)
        of_a_killed_process = file.read_bytes()
        job.cancel()
        runner.close()
    file.write_bytes(of_a_killed_process)
    assert journal.write_back(store.growing) == 1
    row = store.message("ann", job.message_id)
    assert (row.state, text_of(row.message)) == ("interrupted", "half � of it")


def test_an_older_answer_never_replaces_a_newer_one(
    tmp_path: Path, store: Store, journal: Journal, chat_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    runner = JobRunner(store, journal=journal)
    with refusing(tmp_path):
        job = runner.start("ann", chat_id, script(TextDelta("old"), Finish()))
        until(job, lambda s: s.phase == "saving")
        runner.close()
    later = JobRunner(store, journal=journal)
    more = script(TextDelta("new"), Finish())
    store.growing.stop("ann", job.message_id)
    finished(later.start("ann", chat_id, more, continues=job.message_id))
    later.close()
    with caplog.at_level(logging.WARNING):
        assert journal.write_back(store.growing) == 0
    assert "no longer wanted" in caplog.text
    assert stored_text(store, job) == "new"


def test_a_file_that_cannot_be_read_is_left_and_said(
    tmp_path: Path, store: Store, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "unsaved"
    folder.mkdir()
    (folder / "broken.json").write_bytes(b'{"owner": "ann"')
    assert journal.write_back(store.growing) == 0
    assert "broken.json cannot be read" in caplog.text
    assert (folder / "broken.json").exists()


def test_a_disk_that_takes_nothing_leaves_the_job_in_memory(
    tmp_path: Path, store: Store, chat_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file in the folder's place")
    runner = JobRunner(store, journal=Journal(tmp_path / "taken" / "unsaved"))
    with refusing(tmp_path):
        job = runner.start("ann", chat_id, script(TextDelta("text"), Finish()))
        until(job, lambda s: s.phase == "saving")
    finished(job)
    assert stored_text(store, job) == "text"
    assert "could not be kept on disk" in caplog.text
    runner.close()


def test_an_answer_is_on_disk_while_the_database_hangs(
    tmp_path: Path, store: Store, runner: JobRunner, chat_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.chats.jobs.saving._PATIENCE", 0.3)
    held = Held(MessageStart(), TextDelta("pre"), after=(TextDelta("cious"), Finish()))
    job = runner.start("ann", chat_id, held)
    until(job, lambda s: s.text == "pre")
    other = sqlite3.connect(tmp_path / "chats.db", isolation_level=None)
    other.execute("begin immediate")
    held.go.open()
    seen = until(job, lambda s: s.phase == "saving")
    assert (seen.text, seen.saved) == ("precious", False)
    (file,) = kept(tmp_path)
    assert "precious" in file.read_text()
    other.execute("commit")
    other.close()
    assert finished(job).state == "complete"
    assert stored_text(store, job) == "precious"
    assert kept(tmp_path) == []
