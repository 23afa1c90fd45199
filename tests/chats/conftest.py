"""Databases and a runner for the tests of chats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from tests.support.postgresql_server import Postgresql, postgresql_server


@pytest.fixture(scope="session")
def running_postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL on a socket of its own."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql(running_postgresql: Postgresql) -> Callable[[str], str]:
    """Give a function from a name to the URL of a new database."""
    return running_postgresql.make


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/chats.db"
    server: Postgresql = request.getfixturevalue("running_postgresql")
    return server.make_schema(f"chats_{time.monotonic_ns()}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/chats.db")
    yield store
    store.close()


@pytest.fixture
def runner(store: Store) -> Iterator[JobRunner]:
    runner = JobRunner(store)
    yield runner
    runner.close()


@pytest.fixture
def chat_id(store: Store) -> str:
    return store.create_chat("ann").id
