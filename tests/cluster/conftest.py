"""A real Redis that can be stopped and started, and gateways that share it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.chats.conftest import postgresql
from tests.programs import ROOT, environment, free_port
from tests.scripted import Scripted, running

__all__ = ["postgresql"]


class Redis:
    """A Redis server of the test's own, without a file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                   "--save", "", "--appendonly", "no"]  # fmt: skip
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        wait_for_port(self.port, self._process)

    def listeners(self) -> int:
        """Return how many connections gateways have to it."""
        with redis.Redis.from_url(self.url) as client:
            clients: Any = client.info("clients")
        return int(clients["connected_clients"]) - 1

    def cooled(self) -> int:
        """Return how many cooldowns were told."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.zcard("diglot:cooldowns"))  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop at once; what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Gateway:
    """``python -m core`` as a process of its own."""

    def __init__(self, config: Path, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "core", "--config", str(config), "--port",
                   str(self.port)]  # fmt: skip
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment(), stdout=output, stderr=output
            )

    def kill(self) -> None:
        """End it as a machine that loses its power does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in the ordinary way, if it has not ended."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()
        self.process.wait()


class Cluster:
    """Three backends, one Redis, two gateways with the same config."""

    def __init__(self, backends: list[Scripted], redis: Redis, gateways: list[Gateway]) -> None:
        self.backends = backends
        self.redis = redis
        self.gateways = gateways


CONFIG = """
model_list:
{deployments}
router_settings:
  redis_url: {redis}
  allowed_fails: 0
  cooldown_time: 60
diglot:
  keys:
    - {{name: ada, key: sk-ada-not-a-secret-0123456789, rpm: 6}}
    - {{name: bob, key: sk-bob-not-a-secret-0123456789}}
"""

DEPLOYMENT = """
  - model_name: m
    litellm_params: {{model: ollama_chat/m, api_base: "{url}"}}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Start all of it anew for each test."""
    if shutil.which("redis-server") is None:
        assert not os.environ.get("CI"), "CI must not pass by skipping"
        pytest.skip("Redis is not installed")
    with ExitStack() as stack:
        backends = [stack.enter_context(running()) for _ in range(3)]
        server = Redis(tmp_path)
        stack.callback(server.stop)
        server.start()
        config = tmp_path / "config.yaml"
        deployments = "".join(DEPLOYMENT.format(url=backend.url) for backend in backends)
        config.write_text(CONFIG.format(deployments=deployments, redis=server.url))
        gateways = []
        for name in ("one", "two"):
            gateway = Gateway(config, tmp_path / f"{name}.log")
            stack.callback(gateway.stop)
            gateways.append(gateway)
        for gateway in gateways:
            wait_for_port(gateway.port, gateway.process, gateway.log)
        until(lambda: server.listeners() >= 2)
        yield Cluster(backends, server, gateways)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something has come to pass."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    """Wait until something listens on ``port``."""
    end = time.monotonic() + 60
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, log.read_text() if log else "it ended"
        assert time.monotonic() < end, "it does not listen"
        time.sleep(0.02)
