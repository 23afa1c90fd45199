"""How fast the gateway is, beside all that it could be compared with, in one run.

    python bench/gateway.py                          # print the tables
    python bench/gateway.py --write                  # and write docs/*/benchmarks.md
    python bench/gateway.py --only diglot,portkey    # of direct, floor, diglot, litellm, portkey
    python bench/gateway.py --quick                  # shorter figures, fewer streams

Needs wrk (Debian: ``apt-get install wrk``), Node.js for Portkey's gateway and a network for the
first run, which fetches the rivals. All answer the same OpenAI requests from the same fake Ollama
on this machine, one after the other, each with one process. The figures are good for ratios: the
load generator, the backend and the gateway share the machine's cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.gateways.chinese import chinese  # noqa: E402  # found through the line above
from bench.gateways.contestants import (  # noqa: E402  # found through the line above
    Contestant,
    contestants,
    fake_backend,
)
from bench.gateways.curve import measure_curve  # noqa: E402
from bench.gateways.interpreter import build, interpreter  # noqa: E402  # found through the line above
from bench.gateways.load import Figures, Paced, Server, load, paced, running  # noqa: E402
from bench.gateways.many import measure_connections, measure_workers  # noqa: E402
from bench.gateways.measured import Case, Measured  # noqa: E402
from bench.gateways.real import real_ollama  # noqa: E402
from bench.gateways.report import Results, write  # noqa: E402
from bench.gateways.routes import measure_routes  # noqa: E402
from bench.gateways.turns import CASES, Rounds, measure_turns  # noqa: E402
from core.gateway.protocols.uvicorn_protocol import allow_connections  # noqa: E402

WORD = "hello world, this is a prompt of some length. "


def body(*, stream: bool, size: int, model: str = "fake") -> bytes:
    """Return a request with a prompt of about ``size`` bytes."""
    text = (WORD * (size // len(WORD) + 1))[:size]
    asked = {"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]}
    return json.dumps(asked, separators=(",", ":")).encode()


SMALL = body(stream=False, size=1000)
PACED = body(stream=True, size=1000, model="paced")


def main() -> None:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description="Compare gateways on one fake backend.")
    parser.add_argument("--only", default="", help="names to measure, by commas")
    parser.add_argument("--quick", action="store_true", help="under thirteen minutes")
    parser.add_argument("--write", action="store_true", help="write docs/*/benchmarks.md")
    parser.add_argument("--seconds", type=float, help="seconds of load per figure")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed: apt-get install wrk")
    if build() == "not optimised":
        print(f"{interpreter()}: an optimised build is a fifth faster", file=sys.stderr)
    allow_connections()  # of a thousand clients; what is started here inherits it
    seconds = options.seconds or (3 if options.quick else 8)
    steps = (1, 64, 256, 512, 1024) if options.quick else (1, 16, 64, 128, 256, 384, 512, 768, 1024)
    only = {name for name in options.only.lower().split(",") if name}
    results = Results(seconds=seconds, quick=options.quick)
    with tempfile.TemporaryDirectory() as folder:
        chosen = contestants(Path(folder), only)
        with running(fake_backend(), SMALL) as fake:
            alone = Server(contestant=fake.contestant, pid=fake.pid, start=0)
            results.add(measure(alone, None, seconds, steps))
            for one in chosen:
                try:
                    results.add(compete(one, fake, seconds, steps, quick=options.quick))
                except SystemExit as exc:  # what the others have measured is worth keeping
                    print(f"{one.name} is not measured: {exc}", file=sys.stderr)
            results.turns = by_turns(chosen, fake)
    if not only or "ollama" in only:
        results.real = real_ollama(10 if options.quick else 30)
    text = results.text()
    print(text)
    if options.write:
        write(ROOT / "docs/en/benchmarks.md", text)
        write(ROOT / "docs/zh/benchmarks.md", chinese(text))


def by_turns(chosen: list[Contestant], fake: Server) -> dict[str, Rounds]:
    """Measure Diglot and the floor by turns, where both are wanted."""
    found = {one.name.split()[0]: one for one in chosen}
    if not {"floor", "Diglot"} <= found.keys():
        return {}
    print("measuring by turns", file=sys.stderr, flush=True)
    bodies = {case: body(stream=case[1], size=case[0] * 1000) for case in CASES}
    return measure_turns(found["floor"], found["Diglot"], fake, bodies, SMALL, PACED, 2)


def compete(
    one: Contestant, fake: Server, seconds: float, steps: tuple[int, ...], *, quick: bool
) -> Measured:
    """Start a server as often as its start is worth, and measure it once."""
    times = 3 if quick else 5
    starts = [start(one) for _ in range(min(times, one.starts) - 1)]
    with running(one, SMALL) as server:
        measured = measure(server, fake, seconds, steps)
        own = one.name.startswith("Diglot")
        if own:
            measured.routes = measure_routes(server, fake, seconds)
        if own or one.name == "floor":
            measured.figures |= requests(server, fake, seconds, ((1000, 16),))
            measured.connections = measure_connections(server, fake, SMALL, seconds)
        measured.start = statistics.median([*starts, server.start])
    if own:
        measured.workers = measure_workers(one, fake, SMALL, seconds)
    return measured


def start(one: Contestant) -> float:
    """Return the seconds that a server takes to its first answer."""
    with running(one, SMALL) as server:
        return server.start


def measure(
    server: Server, backend: Server | None, seconds: float, steps: tuple[int, ...]
) -> Measured:
    """Measure one server in every case."""
    print(f"measuring {server.contestant.name}", file=sys.stderr, flush=True)
    rest = server.memory()
    figures = requests(server, backend, seconds, ((1, 1), (1, 16), (100, 16)))
    time.sleep(2)  # what was put off until there is time for it is none of the streams'
    slow: list[Paced] = []
    for streams in steps:
        # What else runs on the machine may delay one run by more than a server does.
        runs = [paced(server, PACED, streams) for _ in range(3)]
        found = sorted(runs, key=lambda run: run.late)[1]
        slow.append(found)
        # One that cannot follow only piles up; the next step would show nothing new.
        if found.errors or found.late > found.chunks // 2:
            break
    curve = measure_curve(server, backend, SMALL, min(seconds, 3))
    peak = server.peak()
    time.sleep(3)
    return Measured(
        name=server.contestant.name,
        figures=figures,
        paced=slow,
        start=server.start,
        rest=rest,
        peak=peak,
        after=server.memory(),
        curve=curve,
    )


def requests(
    server: Server, backend: Server | None, seconds: float, cases: tuple[tuple[int, int], ...]
) -> dict[Case, Figures]:
    """Measure whole answers and streams, with so many KB of prompt and connections."""
    return {
        (size, stream, connections): load(
            server, backend, body(stream=stream, size=size * 1000), connections, seconds
        )
        for size, connections in cases
        for stream in (False, True)
    }


if __name__ == "__main__":
    main()
