"""Answers of two page processes while their PostgreSQL is away, and once it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from core.chats.jobs.journal import Journal
from core.chats.jobs.lost import LostAnswers
from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.translation.messages import text_of
from tests.cluster.slow_answer import WHOLE, words
from tests.support.frozen_socket import network
from tests.support.programs import until

pytestmark = pytest.mark.slow

AWAY = 6.0
"""Seconds: longer than the tries of a job ever were, and than a process may be silent."""

ANSWERS = 20


def test_every_character_is_stored_once_the_database_is_back(
    tmp_path: Path, postgresql: Callable[[str], str]
) -> None:
    name = f"away_{time.monotonic_ns()}"
    url = postgresql(name)
    admin = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    journal = Journal(tmp_path / "unsaved")
    stores = [Store(url), Store(url)]
    runners = [JobRunner(store, journal=journal) for store in stores]
    watching = LostAnswers(stores[0].growing, journal)
    try:
        jobs = [
            runner.start("ann", store.create_chat("ann").id, words)
            for store, runner in zip(stores, runners, strict=True)
            for _ in range(ANSWERS // 2)
        ]
        time.sleep(1)
        with admin.connect() as db:
            db.execute(text(f"alter database {name} allow_connections false"))
            db.execute(
                text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :n"),
                {"n": name},
            )
        time.sleep(AWAY)
        assert {job.snapshot().phase for job in jobs} == {"saving"}
        assert {job.snapshot().text for job in jobs} == {WHOLE}
        with admin.connect() as db:
            db.execute(text(f"alter database {name} allow_connections true"))
        until(lambda: all(job.done for job in jobs), seconds=20)
        assert watching.look() == 0
        for job in jobs:
            row = stores[0].message("ann", job.message_id)
            assert (row.state, text_of(row.message)) == ("complete", WHOLE)
        assert list((tmp_path / "unsaved").iterdir()) == []
    finally:
        for runner, store in zip(runners, stores, strict=True):
            runner.close()
            store.close()
        admin.dispose()


def test_a_network_that_stands_still_for_a_while_loses_nothing(
    tmp_path: Path, postgresql: Callable[[str], str]
) -> None:
    journal = Journal(tmp_path / "unsaved")
    with network(tmp_path, postgresql(f"cut_{time.monotonic_ns()}")) as (
        between,
        through,
    ):
        store = Store(through)
        runner = JobRunner(store, journal=journal)
        try:
            jobs = [runner.start("ann", store.create_chat("ann").id, words) for _ in range(ANSWERS)]
            until(lambda: all(job.snapshot().text for job in jobs))
            between.cut()
            # Nobody is told of it: what is not answered for three seconds counts as away.
            until(lambda: {job.snapshot().phase for job in jobs} == {"saving"})
            assert {job.snapshot().text for job in jobs} == {WHOLE}
            assert len(list((tmp_path / "unsaved").iterdir())) == ANSWERS
            between.mend()
            until(lambda: all(job.done for job in jobs))
            for job in jobs:
                row = store.message("ann", job.message_id)
                assert (row.state, text_of(row.message)) == ("complete", WHOLE)
            assert list((tmp_path / "unsaved").iterdir()) == []
        finally:
            runner.close()
            store.close()
