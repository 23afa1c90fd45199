"""A copy of the database that is made while answers are written, and put back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from core.chats.jobs.lost import LostAnswers
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.translation.events import TextDelta
from core.translation.messages import text_of
from tests.chats.runs import QUESTION, Held, finished, script, until
from tests.support.programs import until as until_true
from tests.test_docs import ROOT


def copied_sqlite(folder: Path) -> tuple[str, Callable[[], str]]:
    """Return a database, and what copies it as the docs say and returns the copy."""
    here = folder / "chats.db"

    def copy() -> str:
        page = (ROOT / "docs/en/sharing.md").read_text()
        (line,) = [one for one in page.splitlines() if one.startswith("python -c ")]
        code = line.split('"')[1]
        subprocess.run([sys.executable, "-c", code, str(here), str(folder / "copy.db")], check=True)
        return f"sqlite:///{folder / 'copy.db'}"

    return f"sqlite:///{here}", copy


def copied_postgresql(
    folder: Path, make: Callable[[str], str], name: str
) -> tuple[str, Callable[[], str]]:
    here, there = make(name), make(f"{name}_copy")
    if not (dump := shutil.which("pg_dump")) or not (restore := shutil.which("pg_restore")):
        pytest.skip("PostgreSQL's programs are not installed")

    def place(url: str) -> list[str]:
        parts = make_url(url)
        return ["-h", str(parts.query["host"]), "-U", "diglot", "-d", str(parts.database)]

    def copy() -> str:
        file = str(folder / "chats.dump")
        subprocess.run([dump, "-Fc", "-f", file, *place(here)], check=True)
        subprocess.run([restore, "--no-owner", *place(there), file], check=True)
        return there

    return here, copy


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_copy_made_while_running_has_all_that_was_said(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        url, copy = copied_sqlite(tmp_path)
    else:
        url, copy = copied_postgresql(
            tmp_path, request.getfixturevalue("postgresql"), "backup_while_running"
        )
    store = Store(url)
    runner = JobRunner(store)
    chat = store.create_chat("ann", title="kept")
    finished(runner.start("ann", chat.id, script(TextDelta("a whole answer")), ask=QUESTION))
    other = store.create_chat("ann")
    job = runner.start("ann", other.id, Held(TextDelta("a blue wha")), ask=QUESTION)
    until(job, lambda s: s.text == "a blue wha")
    until_true(lambda: text_of(store.message("ann", job.message_id).message) == "a blue wha")
    there = Store(copy())
    runner.close()
    store.close()
    try:
        _, answer = there.path("ann", chat.id)
        assert text_of(answer.message) == "a whole answer"
        # What was being written does not look whole, and can be gone on with.
        lost = LostAnswers(there.growing, lost_after=0.0)
        assert lost.look() == 1
        row = there.message("ann", job.message_id)
        assert (row.state, text_of(row.message)) == ("interrupted", "a blue wha")
        assert {found.message_id for found in there.search.find("ann", "blue")} == {row.id}
        there.create_chat("ann", title="new")
    finally:
        there.close()
