"""Two hundred answers at once in one process on one PostgreSQL: what they take of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from core.translation.messages import text_of
from tests.cluster.slow_answer import WHOLE, words
from tests.support.programs import until

pytestmark = pytest.mark.slow

ANSWERS = 200
POOL = 15
"""Connections of one process at most: SQLAlchemy's pool of five, and ten more for a moment."""


def test_two_hundred_writers_need_few_connections_and_lose_nothing(
    postgresql: Callable[[str], str],
) -> None:
    name = f"writers_{time.monotonic_ns()}"
    url = postgresql(name)
    admin = create_engine(make_url(url).set(database="postgres"))
    store = Store(url)
    runner = JobRunner(store)
    count = text("select count(*) from pg_stat_activity where datname = :name")
    most = 0
    try:
        chats = [store.create_chat("ann").id for _ in range(ANSWERS)]
        jobs = [runner.start("ann", chat, words) for chat in chats]
        while not all(job.done for job in jobs):
            with admin.connect() as db:
                most = max(most, int(db.scalar(count, {"name": name}) or 0))
            time.sleep(0.1)
        # What a slow database did not take in time lies in the journal for a moment.
        rows = [lambda job=job: store.message("ann", job.message_id) for job in jobs]
        until(lambda: all(row().state == "complete" for row in rows))
        assert all(text_of(row().message) == WHOLE for row in rows)
        assert 1 <= most <= POOL
    finally:
        runner.close()
        store.close()
        admin.dispose()
