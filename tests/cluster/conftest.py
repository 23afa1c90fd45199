"""A real Redis that can be stopped and started, and gateways that share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chats.conftest import postgresql, running_postgresql
from tests.support.programs import GatewayProgram, until
from tests.support.redis_server import Redis
from tests.support.scripted_backend import Scripted, running

__all__ = ["postgresql", "running_postgresql"]


class Cluster:
    """Three backends, one Redis, two gateways with the same config."""

    def __init__(
        self, backends: list[Scripted], redis: Redis, gateways: list[GatewayProgram]
    ) -> None:
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
def cluster(tmp_path: Path, redis_server: Redis) -> Iterator[Cluster]:
    """Start all of it anew for each test."""
    with ExitStack() as stack:
        backends = [stack.enter_context(running()) for _ in range(3)]
        config = tmp_path / "config.yaml"
        deployments = "".join(DEPLOYMENT.format(url=backend.url) for backend in backends)
        config.write_text(CONFIG.format(deployments=deployments, redis=redis_server.url))
        gateways = []
        for name in ("one", "two"):
            gateway = GatewayProgram(config, log=tmp_path / f"{name}.log")
            stack.callback(gateway.stop)
            gateway.start()
            gateways.append(gateway)
        for gateway in gateways:
            gateway.up()
        until(lambda: redis_server.listeners() >= 2)
        yield Cluster(backends, redis_server, gateways)
