"""Load on one server: wrk for requests, an own client for paced streams, /proc for the cost."""

from __future__ import annotations

import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from bench.gateways.contestants import Contestant
from tests.support.programs import ROOT, environment

# The first request on each of so many connections waits for a second, the others not at all.
_OPEN_FIRST = """
local first = %d
function delay()
    if first == 0 then return 0 end
    first = first - 1
    return 1000
end
"""


class Figures(Struct, frozen=True, kw_only=True):
    """One measurement with wrk: requests a second, latencies in ms, errors, µs of CPU a request.

    ``busy`` is the share of a core that the server took, ``generator`` and ``backend`` those of
    wrk and of the fake backend: what is near 1 was at its limit.
    """

    rate: float
    median: float
    p99: float
    errors: int
    cpu: float
    busy: float
    generator: float
    backend: float


class Paced(Struct, frozen=True, kw_only=True):
    """One measurement of paced streams; delays are in ms, from the backend's write."""

    streams: int
    chunks: int
    late: int
    median: float
    p99: float
    worst: float
    first: float
    errors: int
    busy: float
    cpu: float


class Server(Struct, frozen=True, kw_only=True):
    """A running server; ``start`` is the seconds to its first answer to a chat."""

    contestant: Contestant
    pid: int
    start: float

    def memory(self) -> float:
        """Return its resident memory with that of its children, in MB."""
        return sum(_resident(pid, "VmRSS") for pid in _family(self.pid))

    def peak(self) -> float:
        """Return the most that it has had."""
        return sum(_resident(pid, "VmHWM") for pid in _family(self.pid))

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used."""
        return sum(_cpu(pid) for pid in _family(self.pid))


@contextmanager
def running(contestant: Contestant, body: bytes) -> Iterator[Server]:
    """Start a server and yield it once it has answered a chat; end it after the block."""
    base = f"http://127.0.0.1:{contestant.port}"
    began = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            contestant.command,
            cwd=ROOT,
            env=environment(contestant.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, base + contestant.ready, log)
            ask(contestant, body)
            yield Server(contestant=contestant, pid=process.pid, start=time.perf_counter() - began)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask(contestant: Contestant, body: bytes) -> bytes:
    """Ask once. Raises OSError where the answer is an error."""
    url = f"http://127.0.0.1:{contestant.port}{contestant.path}"
    headers = {"content-type": "application/json", **contestant.headers}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        return bytes(answer.read())


def load(
    server: Server, backend: Server | None, body: bytes, connections: int, seconds: float
) -> Figures:
    """Run wrk for ``seconds`` after a short warm-up."""
    with _wrk(server.contestant, body, connections) as wrk:
        _run(wrk(1))
        before = _spent(server, backend, _children())
        out = _run(wrk(seconds))
        after = _spent(server, backend, _children())
    rate = float(_found(r"Requests/sec:\s+([\d.]+)", out))
    return _figures(out, before, after, int(_found(r"(\d+) requests in", out)), rate)


def steady(
    server: Server, backend: Server, body: bytes, connections: int, seconds: float
) -> Figures:
    """Measure in the midst of a load: to open and to close a thousand connections costs, too.

    All are opened before the first request. Later than that a busy server is slow to take them:
    libuv 1.52 takes one each time that it has looked after all those that it has.
    """
    with (
        _wrk(server.contestant, body, connections, _OPEN_FIRST % connections) as wrk,
        subprocess.Popen(wrk(math.ceil(seconds + 1.5)), stdout=subprocess.PIPE, text=True) as run,
    ):
        time.sleep(1.3)
        begun, before = _answered(backend), _spent(server, backend, _cpu(run.pid))
        time.sleep(seconds)
        count, after = _answered(backend) - begun, _spent(server, backend, _cpu(run.pid))
        out, _ = run.communicate()
    return _figures(out, before, after, count, count / (after[3] - before[3]))


def _answered(backend: Server) -> int:
    """Return how many requests the fake backend has answered."""
    url = f"http://127.0.0.1:{backend.contestant.port}/count"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return int(answer.read())


def _spent(server: Server, backend: Server | None, wrk: float) -> tuple[float, ...]:
    """Return the seconds of CPU of all three up to now, and the time."""
    return server.cpu(), backend.cpu() if backend else 0.0, wrk, time.monotonic()


@contextmanager
def _wrk(
    one: Contestant, body: bytes, connections: int, more: str = ""
) -> Iterator[Callable[[float], list[str]]]:
    """Yield what returns the command for so many whole seconds."""
    headers = {"content-type": "application/json", **one.headers}
    lines = [more, *(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join(['wrk.method = "POST"', *lines, f"wrk.body = [[{body.decode()}]]"]))
        script.flush()
        yield lambda seconds: [
            "wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "30s", "-s", script.name,
            f"-d{seconds:g}", f"http://127.0.0.1:{one.port}{one.path}",
        ]  # fmt: skip


def _figures(
    out: str, before: tuple[float, ...], after: tuple[float, ...], count: int, rate: float
) -> Figures:
    used, served, generated, lasted = (b - a for a, b in zip(before, after, strict=True))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    lost = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    return Figures(
        rate=rate,
        median=_milliseconds(_found(r"^ +50% +(\S+)", out)),
        p99=_milliseconds(_found(r"^ +99% +(\S+)", out)),
        errors=(int(bad[1]) if bad else 0) + (sum(map(int, lost.groups())) if lost else 0),
        cpu=used / max(count, 1) * 1e6,
        busy=used / lasted,
        generator=generated / lasted,
        backend=served / lasted,
    )


def _run(wrk: list[str]) -> str:
    done = subprocess.run(wrk, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"wrk failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def paced(server: Server, body: bytes, streams: int) -> Paced:
    """Open paced streams in a process of its own."""
    command = [sys.executable, "-m", "bench.gateways.paced", "--port", str(server.contestant.port),
               "--streams", str(streams)]  # fmt: skip
    before = server.cpu()
    done = subprocess.run(
        command, cwd=ROOT, input=server.contestant.request(body), check=True, capture_output=True
    )
    found = json.loads(done.stdout)
    cpu = (server.cpu() - before) / max(found["chunks"], 1) * 1e6
    return Paced(streams=streams, cpu=cpu, **found)


def _wait(process: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    for _ in range(6000):
        if process.poll() is not None:
            log.seek(0)
            text = log.read().decode("utf-8", "replace")
            raise SystemExit(f"{process.args!r} ended:\n{text[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=30).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"nothing answers at {url}")


def _family(pid: int) -> list[int]:
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _family(int(child))
    return found


def _resident(pid: int, name: str) -> float:
    with suppress(OSError):
        return int(_found(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())) / 1024
    return 0.0


def _cpu(pid: int) -> float:
    # The clock of another process (clock_getcpuclockid(3)) is exact; /proc counts in 10 ms.
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | 2)
    return 0.0


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise SystemExit(f"this should hold {pattern}:\n{text}")
    return match[1]


def _milliseconds(text: str) -> float:
    """Read wrk's durations: 63.77us, 1.20ms, 2.03s."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}[unit]
