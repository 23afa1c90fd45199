"""The gateway as several processes that share one port."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE
from tests.programs import free_port, serving
from tests.scripted import running


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    """Return the workers of a gateway; Python's resource tracker is no worker."""
    return [
        child
        for child in children(pid)
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def ask(url: str) -> str:
    body = json.dumps({"model": "m", "messages": HELLO}).encode()
    request = urllib.request.Request(url + COMPAT, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.loads(answer.read())["choices"][0]["message"]["content"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_share_a_port_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "core", "--config", str(config), "--port", str(port),
               "--num_workers", "2"]  # fmt: skip
    with running() as backend:
        backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
        config.write_text(
            f"model_list: [{{model_name: m, litellm_params: {{model: ollama/m, "
            f"api_base: '{backend.url}'}}}}]"
        )
        with serving(command, f"{url}/health/liveliness", folder=tmp_path):
            (parent,) = [child for child in children(os.getpid()) if str(port).encode() in
                         Path(f"/proc/{child}/cmdline").read_bytes()]  # fmt: skip
            assert ask(url) == "hello"
            first = until_two(parent, [])
            os.kill(first[0], signal.SIGKILL)
            until_two(parent, first[:1])
            assert [ask(url) for _ in range(10)] == ["hello"] * 10


def until_two(parent: int, gone: list[int]) -> list[int]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = workers(parent)
        if len(found) == 2 and not set(found) & set(gone):
            return found
        time.sleep(0.05)
    raise AssertionError("there are no two workers")
