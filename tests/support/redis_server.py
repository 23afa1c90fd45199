"""A real Redis of a test's own, which can be stopped and started again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.programs import Program, free_port, listens


class Redis:
    """Debian's Redis at a port of loopback. It keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            assert not os.environ.get("CI"), "CI must not pass by skipping"
            pytest.skip("no redis-server here: apt-get install redis-server")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                   "--appendonly", "no", "--dir", str(folder)]  # fmt: skip
        self._program = Program(command, log=folder / "redis.log")

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._program.start()
        self._program.ready(lambda: listens(self.port))

    def stop(self) -> None:
        """Stop at once; its data is lost."""
        self._program.kill()

    def end(self) -> None:
        """Stop it as an operator does; its data is lost."""
        self._program.stop()

    def hold(self) -> None:
        """Stop it as a machine that hangs does."""
        self._program.hold()

    def go_on(self) -> None:
        """Let it go on."""
        self._program.go_on()

    def listeners(self) -> int:
        """Return the number of connections to it."""
        with redis.Redis.from_url(self.url) as client:
            clients: Any = client.info("clients")
        return int(clients["connected_clients"]) - 1

    def cooled(self) -> int:
        """Return how many cooldowns were told."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.zcard("diglot:cooldowns"))  # type: ignore[arg-type]


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that runs until the test ends."""
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()
