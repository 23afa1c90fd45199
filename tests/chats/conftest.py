"""Databases and a runner for the tests of chats."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from core.chats.jobs.runner import JobRunner
from core.chats.store.store import Store
from tests.support.programs import Program


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[str], str]]:
    """Start a PostgreSQL on a socket of its own; give a function from a name to a new URL."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    if not (initdb := shutil.which("initdb")):
        pytest.skip("PostgreSQL is not installed")
    # The server refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        command = [initdb, "-D", data, "-U", "diglot", "-A", "trust", "-E", "UTF8", "--locale=C",
                   "--no-sync"]  # fmt: skip
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        program = str(Path(initdb).resolve().parent / "postgres")
        command = [program, "-D", data, "-F", "-c", "listen_addresses=", "-c",
                   f"unix_socket_directories={folder}"]  # fmt: skip
        server = Program(command, log=Path(folder) / "log", folder=Path(folder), user=user)
        server.start()

        def url(database: str) -> str:
            return f"postgresql+psycopg://diglot@/{database}?host={quote(folder)}"

        admin = create_engine(url("postgres"), isolation_level="AUTOCOMMIT")

        def answers() -> bool:
            with suppress(OperationalError), admin.connect():
                return True
            return False

        def make(name: str) -> str:
            with admin.connect() as db:
                db.execute(text(f"create database {name}"))
            return url(name)

        try:
            server.ready(answers)
            yield make
        finally:
            admin.dispose()
            server.signal(signal.SIGQUIT)
            server.stop()


_PREFIX = "diglot-pg-"


def _sweep() -> None:
    """Remove what tests that were killed have left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        made_by = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{made_by}").exists():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/chats.db"
    make: Callable[[str], str] = request.getfixturevalue("postgresql")
    return make(f"chats_{time.monotonic_ns()}")


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
