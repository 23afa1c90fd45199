"""Programs that a test starts, waits for and ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["CLOSED", "ROOT", "free_port", "gateway", "run", "serving"]

ROOT = Path(__file__).parent.parent
CLOSED = "http://127.0.0.1:9"
"""An address at which nothing listens: the port is reserved for a service that nobody runs."""


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` where nothing listens there on loopback, else any free port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, seconds: float = 300
) -> str:
    """Run a program to its end and return what it printed. It must succeed."""
    done = subprocess.run(
        command,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment with ``more``, fit for UTF-8 and loopback."""
    fit = {"PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "NO_PROXY": "localhost,127.0.0.1"}
    return {**os.environ, **fit, **(more or {})}


@contextmanager
def serving(
    command: Sequence[str],
    url: str,
    *,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> Iterator[Path]:
    """Run a server until the block ends, from when ``url`` answers; yield its log.

    Its children end with it, and on Linux it ends also when the tests are killed.
    """
    log = folder / f"{Path(command[0]).name}.log"
    tied = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tied, *command],
            cwd=ROOT,
            env=environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a process group of its own, to end whole
        )
    try:
        _wait_for(url, process, log, seconds)
        yield log
    finally:
        process.terminate()
        try:
            process.wait(15)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=seconds).close()
            return
        except urllib.error.HTTPError as exc:
            exc.close()
            return
        except OSError:
            # Nothing tells when another process begins to listen.
            assert process.poll() is None, f"it ended:\n{log.read_text('utf-8')}"
            assert time.monotonic() < end, f"no answer at {url}:\n{log.read_text('utf-8')}"
            time.sleep(0.02)


@contextmanager
def gateway(
    config: str | None, *, folder: Path, environ: Mapping[str, str], port: int = 0
) -> Iterator[str]:
    """Run ``python -m core`` until the block ends and yield its address.

    ``config`` is the text of a config.yaml, None for a start without one. ``port`` is
    preferred, not promised.
    """
    port = free_port(port)
    command = [sys.executable, "-m", "core", "--port", str(port)]
    if config is not None:
        path = folder / "config.yaml"
        path.write_text(config, encoding="utf-8")
        command += ["--config", str(path)]
    url = f"http://localhost:{port}"
    with serving(command, f"{url}/health/liveliness", folder=folder, environ=environ):
        yield url
