"""Programs that a test starts, waits for, ends, and starts again."""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CLOSED = "http://127.0.0.1:9"
"""An address at which nothing listens: the port is reserved for a service that nobody runs."""


def free_port(preferred: int = 0) -> int:
    """Return ``preferred`` where nothing listens there on loopback, else any free port."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        preferred = 0  # tests that run beside these may take it at the same moment
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


def until(
    true: Callable[[], bool], seconds: float = 60, *, every: float = 0.02, what: str = "it"
) -> None:
    """Wait until a condition holds, looking ``every`` seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not come to pass within {seconds:g} s"
        time.sleep(every)


def answers(url: str, headers: Mapping[str, str] | None = None) -> bool:
    """Tell whether an HTTP server answers at ``url``, whatever it says."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=60)
    except urllib.error.HTTPError as exc:
        exc.close()
    except OSError:
        return False
    return True


def listens(port: int) -> bool:
    """Tell whether something accepts connections at ``port`` of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


class Program:
    """A server in a process of its own. What it prints is appended to ``log``.

    Its children end with it, and on Linux it ends also when the tests are killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        user: str | None = None,
    ) -> None:
        self.log = log
        self._command = command
        self._environ = environ
        self._folder = folder
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, without waiting for anything."""
        assert self._process is None, "it runs"
        tied = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*tied, *self._command],
                cwd=self._folder,
                env=environment(self._environ),
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a process group of its own, to end whole
            )

    def ready(self, true: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until a condition holds. It must not end before."""

        end = time.monotonic() + seconds
        while not true():
            assert self.ended is None, f"it ended:\n{self.log.read_text('utf-8')}"
            assert time.monotonic() < end, f"it is not ready:\n{self.log.read_text('utf-8')}"
            time.sleep(0.02)

    @property
    def started(self) -> bool:
        """Whether it was started, and neither killed nor stopped since."""
        return self._process is not None

    def terminate(self) -> None:
        """Ask it to end."""
        self.signal(signal.SIGTERM)

    @property
    def ended(self) -> int | None:
        """The status that it ended with, or None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def hold(self) -> None:
        """Stop it as a machine that hangs does."""
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def wait(self, seconds: float = 30) -> int:
        """Wait until it has ended and return its status. Raises subprocess.TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(seconds)

    def kill(self) -> None:
        """Kill it and its children at once, as a power failure would."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self, seconds: float = 20) -> None:
        """End it normally if it still runs, or by force if it does not react."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            self.kill()


@contextmanager
def serving(
    command: Sequence[str],
    url: str,
    *,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    seconds: float = 60,
) -> Iterator[Path]:
    """Run a server until the block ends, from when ``url`` answers; yield its log."""
    program = Program(command, log=folder / f"{Path(command[0]).name}.log", environ=environ)
    program.start()
    try:
        program.ready(lambda: answers(url), seconds)
        yield program.log
    finally:
        program.stop()


class GatewayProgram(Program):
    """``python -m core`` at ``url``, with a config or without one."""

    def __init__(
        self,
        config: Path | None,
        *more: str,
        log: Path,
        port: int = 0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port(port)
        self.url = f"http://localhost:{self.port}"
        command = [sys.executable, "-m", "core", "--port", str(self.port), *more]
        if config is not None:
            command += ["--config", str(config)]
        super().__init__(command, log=log, environ=environ)

    def up(self) -> None:
        """Wait until it answers."""
        self.ready(lambda: answers(f"{self.url}/health/liveliness"))


@contextmanager
def gateway(
    config: str | None,
    *more: str,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    port: int = 0,
) -> Iterator[str]:
    """Run ``python -m core`` until the block ends and yield its address.

    ``config`` is the text of a config.yaml, None for a start without one. ``port`` is preferred,
    not promised. Its output goes to ``gateway.log``.
    """
    path = None
    if config is not None:
        path = folder / "config.yaml"
        path.write_text(config, encoding="utf-8")
    program = GatewayProgram(path, *more, log=folder / "gateway.log", port=port, environ=environ)
    program.start()
    try:
        program.up()
        yield program.url
    finally:
        program.stop()
