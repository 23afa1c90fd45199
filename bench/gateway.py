"""How fast the gateway is, beside the backend alone and LiteLLM's proxy, in one run.

    python bench/gateway.py                       # direct and Diglot
    python bench/gateway.py --litellm PATH        # and LiteLLM: its `litellm` command

Needs wrk (Debian: ``apt-get install wrk``). All three answer the same OpenAI request from the
same fake Ollama on this machine, one after the other, each with one process. The figures are
good for ratios: the load generator, the backend and the gateway share the machine's cores.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BACKEND = "http://127.0.0.1:11999"
CONFIG = f"""
model_list:
  - model_name: fake
    litellm_params:
      model: ollama_chat/fake
      api_base: {BACKEND}
general_settings:
  master_key: sk-bench-not-a-secret-0123456789
"""
KEY = "sk-bench-not-a-secret-0123456789"
BODY = '{"model":"fake","stream":%s,"messages":[{"role":"user","content":"hello"}]}'


class Figures(NamedTuple):
    """One measurement: requests a second, latencies in ms, answers that were errors."""

    rate: float
    median: float
    p99: float
    errors: int


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="Compare gateways on one fake backend.")
    parser.add_argument("--litellm", type=Path, help="path of LiteLLM's `litellm` command")
    parser.add_argument("--seconds", type=int, default=5, help="seconds of load per figure")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(CONFIG)
        fake = [sys.executable, str(ROOT / "bench/fake_ollama.py"), "--port", "11999"]
        with serve(fake, BACKEND + "/api/version"):
            run_all(options, config)


def run_all(options: argparse.Namespace, config: Path) -> None:
    """Measure each gateway in turn."""
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.seconds} s a figure\n")
    print("| gateway | stream | connections | requests/s | median ms | p99 ms | errors |")
    print("|---|---|--:|--:|--:|--:|--:|")
    show("direct", BACKEND + "/api/chat", options.seconds)
    facts = []
    diglot = [sys.executable, "-m", "core", "--config", str(config), "--port", "14000"]
    facts.append(measure("Diglot", diglot, 14000, options.seconds))
    if options.litellm is not None:
        litellm = [str(options.litellm), "--config", str(config), "--port", "14001",
                   "--host", "127.0.0.1"]  # fmt: skip
        facts.append(measure("LiteLLM", litellm, 14001, options.seconds))
    print("\n| gateway | start to first answer, s | resident MB before | after |")
    print("|---|--:|--:|--:|")
    for line in facts:
        print(line)


def measure(name: str, command: list[str], port: int, seconds: int) -> str:
    """Start one gateway, load it, stop it; return its row of start time and memory."""
    base = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    with serve(command, base + "/v1/models") as process:
        request(base + "/v1/chat/completions", BODY % "false")
        start = time.perf_counter() - began
        before = resident(process.pid)
        show(name, base + "/v1/chat/completions", seconds)
        return f"| {name} | {start:.2f} | {before:.0f} | {resident(process.pid):.0f} |"


def show(name: str, url: str, seconds: int) -> None:
    """Load one URL in four ways and print the rows."""
    for stream in ("false", "true"):
        for connections in (1, 16):
            f = load(url, BODY % stream, connections, seconds)
            kind = "yes" if stream == "true" else "no"
            row = f"| {name} | {kind} | {connections} | {f.rate:,.0f} | {f.median:.2f} "
            print(f"{row}| {f.p99:.2f} | {f.errors} |", flush=True)


def load(url: str, body: str, connections: int, seconds: int) -> Figures:
    """Run wrk once after a short warm-up."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            'wrk.method = "POST"\n'
            'wrk.headers["content-type"] = "application/json"\n'
            f'wrk.headers["authorization"] = "Bearer {KEY}"\n'
            f"wrk.body = [[{body}]]\n"
        )
        script.flush()
        wrk = ["wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "30s", "-s",
               script.name]  # fmt: skip
        subprocess.run([*wrk, "-d1", url], check=True, capture_output=True)
        out = subprocess.run(
            [*wrk, f"-d{seconds}", url], check=True, capture_output=True, text=True
        ).stdout
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return Figures(
        rate=float(found(r"Requests/sec:\s+([\d.]+)", out)),
        median=milliseconds(found(r"^ +50% +(\S+)", out)),
        p99=milliseconds(found(r"^ +99% +(\S+)", out)),
        errors=int(errors[1]) if errors else 0,
    )


def found(pattern: str, text: str) -> str:
    """Return what the pattern's group matched."""
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise SystemExit(f"wrk said something unexpected:\n{text}")
    return match[1]


def milliseconds(text: str) -> float:
    """Read wrk's durations: 63.77us, 1.20ms, 2.03s."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


@contextmanager
def serve(command: list[str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; wait until ``url`` answers."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            for _ in range(6000):
                if process.poll() is not None:
                    log.seek(0)
                    raise SystemExit(f"{command[0]} ended:\n{log.read().decode()[-2000:]}")
                try:
                    request(url)
                    break
                except OSError:
                    time.sleep(0.01)
            yield process
        finally:
            process.terminate()
            process.wait(10)


def request(url: str, body: str | None = None) -> None:
    """Ask once; an HTTP error status counts as an answer only on GET."""
    data = body.encode() if body else None
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    try:
        urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30).read()
    except urllib.error.HTTPError:
        if body:
            raise


def resident(pid: int) -> float:
    """Return the resident memory of a process and its children, in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(found(r"VmRSS:\s+(\d+) kB", status)) / 1024
    return own + sum(resident(int(child)) for child in children)


if __name__ == "__main__":
    main()
