"""The gateway as processes: several on one port, with HTTPS, and where it must not start."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE
from tests.support.programs import ROOT, GatewayProgram, free_port, listens, serving
from tests.support.scripted_backend import running

# Each starts a process or more; tests/test_starting.py starts some in the everyday loop.
pytestmark = pytest.mark.slow


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
            time.sleep(1.5)  # they write down what they have counted every second
            os.kill(first[0], signal.SIGKILL)
            until_two(parent, first[:1])
            assert [ask(url) for _ in range(10)] == ["hello"] * 10
            # Whichever of them answers counts for both, the dead one's requests among them.
            end = time.monotonic() + 60
            while set(found := [counted(url) for _ in range(10)]) != {11}:
                assert time.monotonic() < end, found


def counted(url: str) -> int:
    """Return how many answers /metrics has counted, by a connection of its own."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    name = 'litellm_proxy_total_requests_metric_total{api_key_alias="",requested_model="m"'
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))


def until_two(parent: int, gone: list[int]) -> list[int]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = workers(parent)
        if len(found) == 2 and not set(found) & set(gone):
            return found
        time.sleep(0.05)
    raise AssertionError("there are no two workers")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback, and its key, as PEM files."""
    files = folder / "cert.pem", folder / "key.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -out {files[0]} -keyout {files[1]}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return files


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here to make a certificate")
def test_https_by_the_files_that_litellms_flags_name(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text("model_list: [{model_name: m, litellm_params: {model: ollama/m}}]")
    flags = ("--ssl_certfile_path", str(cert), "--ssl_keyfile_path", str(key))
    gateway = GatewayProgram(file, *flags, log=tmp_path / "log")
    trust = ssl.create_default_context(cafile=str(cert))
    gateway.start()
    try:
        gateway.ready(lambda: listens(gateway.port))
        answer = httpx.get(f"https://127.0.0.1:{gateway.port}/api/version", verify=trust)
        assert answer.status_code == 200
    finally:
        gateway.stop()


def test_a_server_for_others_says_how_to_start_it(tmp_path: Path) -> None:
    keys = ("DIGLOT_KEYS", "LITELLM_MASTER_KEY")
    environ = {name: value for name, value in os.environ.items() if name not in keys}
    command = [sys.executable, "-m", "core", "--host", "0.0.0.0", "--port", str(free_port())]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert "LITELLM_MASTER_KEY" in done.stderr
    weak = {**environ, "LITELLM_MASTER_KEY": "sk-1234"}
    done = subprocess.run(command, cwd=ROOT, env=weak, capture_output=True, text=True)
    assert (done.returncode, "--new-key" in done.stderr) == (2, True)
