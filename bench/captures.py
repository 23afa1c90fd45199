"""What keeping exchanges costs the gateway: the CPU time of an answer with and without.

    python bench/captures.py --requests 300 --rounds 40

Without: nothing is kept of bodies, headers and pieces, and nothing is added to the log. Both
gateways answer the same requests from the same fake Ollama, in turn, one connection each. Times
are of the gateway's own process, and of many short rounds the quickest quarter counts, so that a
busy machine changes little; the figure is the ratio.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.gateways.contestants import DIGLOT, Contestant, fake_backend  # noqa: E402
from bench.gateways.load import Server, running  # noqa: E402

BODY = '{"model":"fake","stream":%s,"messages":[{"role":"user","content":"hello there"}]}'

WITHOUT = """
import runpy, sys
from core.backends import exchange, exchange_log
exchange.Wire.came = lambda self, data, now: None
exchange.mask_headers = lambda pairs: ()
exchange_log.ExchangeLog.add = lambda self, one: None
sys.argv = ["core", *sys.argv[1:]]
runpy.run_module("core", run_name="__main__")
"""


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="Measure what keeping exchanges costs.")
    parser.add_argument("--requests", type=int, default=300, help="for each figure of a round")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(DIGLOT)
        arguments = ("--config", str(config), "--port")
        kept = Contestant(
            name="kept", port=14010, ready="/health/liveliness",
            command=(sys.executable, "-m", "core", *arguments, "14010"),
        )  # fmt: skip
        bare = Contestant(
            name="not kept", port=14011, ready="/health/liveliness",
            command=(sys.executable, "-c", WITHOUT, *arguments, "14011"),
        )  # fmt: skip
        first = (BODY % "false").encode()
        with (
            running(fake_backend(), first),
            running(kept, first) as with_it,
            running(bare, first) as without,
        ):
            compare(with_it, without, options.requests, options.rounds)


def compare(kept: Server, bare: Server, requests: int, rounds: int) -> None:
    """Load both in turn and print medians of the rounds."""
    print(
        f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {rounds} × {requests} requests\n"
    )
    print("| stream | µs of CPU an answer, kept | not kept | ratio |")
    print("|---|--:|--:|--:|")
    for stream in ("false", "true"):
        body = BODY % stream
        for server in (kept, bare):
            load(server, body, requests)  # warm up
        pairs = [(spent(kept, body, requests), spent(bare, body, requests)) for _ in range(rounds)]
        one, other = (statistics.quantiles(side, n=4)[0] for side in zip(*pairs, strict=True))
        ratio = one / other
        kind = "yes" if stream == "true" else "no"
        print(f"| {kind} | {one:.0f} | {other:.0f} | {ratio:.3f} |", flush=True)


def spent(server: Server, body: str, requests: int) -> float:
    """Return the µs of CPU time that a server spends on one request."""
    before = server.cpu()
    load(server, body, requests)
    return (server.cpu() - before) / requests * 1e6


def load(server: Server, body: str, requests: int) -> None:
    """Send requests one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.contestant.port, timeout=30)
    headers = {"content-type": "application/json"}
    for _ in range(requests):
        connection.request("POST", server.contestant.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {data[:200]!r}")
    connection.close()


if __name__ == "__main__":
    main()
