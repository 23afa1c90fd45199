"""A real PostgreSQL on a socket of its own that can be stopped, killed, held and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.support.programs import Program

_PREFIX = "diglot-pg-"


class Postgresql:
    """Debian's PostgreSQL. It keeps its data in ``folder`` as long as that is there."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        initdb = _initdb()
        # The server refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        command = [initdb, "-D", data, "-U", "diglot", "-A", "trust", "-E", "UTF8", "--locale=C",
                   "--no-sync"]  # fmt: skip
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)
        program = str(Path(initdb).resolve().parent / "postgres")
        command = [program, "-D", data, "-F", "-c", "listen_addresses=", "-c",
                   f"unix_socket_directories={folder}", *more]  # fmt: skip
        self._program = Program(command, log=folder / "log", folder=folder, user=user)
        # Without a pool: a connection of before a restart would be taken for an answer.
        self._admin = create_engine(
            self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql+psycopg://diglot@/{database}?host={quote(str(self.folder))}"

    def make(self, name: str) -> str:
        """Make an empty database and return its address."""
        with self._admin.connect() as db:
            db.execute(text(f"create database {name}"))
        return self.url(name)

    def make_schema(self, name: str) -> str:
        """Make an empty schema and return the address of a database that has nothing else to show.

        A database of its own takes a server a hundred times as long to make.
        """
        with self._admin.connect() as db:
            db.execute(text(f"create schema {name}"))
        return f"{self.url('postgres')}&options={quote(f'-csearch_path={name}')}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._program.start()
        self._program.ready(self._answers)

    def _answers(self) -> bool:
        with suppress(OperationalError), self._admin.connect():
            return True
        return False

    def stop(self) -> None:
        """Stop it as an operator does who does not wait for its clients."""
        self._program.signal(signal.SIGINT)
        self._program.wait(60)
        self._program.kill()

    def kill(self) -> None:
        """Kill it and all that serve its clients at once, as a power failure would."""
        self._signal_all(signal.SIGKILL)
        self._program.kill()

    def hold(self) -> None:
        """Stop all of it as a machine that hangs does."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End it for good."""
        self._admin.dispose()
        if self._program.started:
            self._program.signal(signal.SIGQUIT)
        self._program.stop()

    def _signal_all(self, number: int) -> None:
        pid = self._program.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        # Each child has a process group of its own.
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)


@contextmanager
def postgresql_server(*more: str) -> Iterator[Postgresql]:
    """Run one until the block ends, with more options. Skips where PostgreSQL is not installed."""
    pytest.importorskip("psycopg", reason="PostgreSQL's driver psycopg is not installed")
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        server = Postgresql(Path(folder), *more)
        try:
            server.start()
            yield server
        finally:
            server.close()


def _initdb() -> str:
    found = shutil.which("initdb")
    if not found:
        pytest.skip("PostgreSQL is not installed")
    return found


def _sweep() -> None:
    """Remove what tests that were killed have left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        made_by = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{made_by}").exists():
            shutil.rmtree(folder, ignore_errors=True)
