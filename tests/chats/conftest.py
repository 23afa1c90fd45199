"""Databases and a runner for the tests of chats."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text

from core.chats.jobs import JobRunner
from core.chats.store import Store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[str], str]]:
    """Start a PostgreSQL on a socket of its own; give a function from a name to a new URL."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    if not (initdb := shutil.which("initdb")):
        pytest.skip("PostgreSQL is not installed")
    programs = Path(initdb).resolve().parent
    # The server refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="diglot-pg-") as folder:
        if user:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            command = [str(programs / program), "-D", f"{folder}/data", *arguments]
            subprocess.run(
                command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=60
            )

        run("initdb", "-U", "diglot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{folder}'"
        run("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", options)

        def url(database: str) -> str:
            return f"postgresql+psycopg://diglot@/{database}?host={quote(folder)}"

        admin = create_engine(url("postgres"), isolation_level="AUTOCOMMIT")

        def make(name: str) -> str:
            with admin.connect() as db:
                db.execute(text(f"create database {name}"))
            return url(name)

        try:
            yield make
        finally:
            admin.dispose()
            run("pg_ctl", "stop", "-m", "immediate")


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
