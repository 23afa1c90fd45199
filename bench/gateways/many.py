"""Many connections, and two workers: a request should cost the same CPU with either.

Both are measured in the midst of a load, in two rounds by turns, of which the cheaper one counts.
"""

from __future__ import annotations

import os
import time

from msgspec.structs import replace

from bench.gateways.contestants import Contestant
from bench.gateways.load import Figures, Server, running, steady

CONNECTIONS = (16, 256, 1024)
WORKERS = (1, 2)
OF_WORKERS = 64
"""Connections to one worker, and to two."""


def measure_connections(
    server: Server, backend: Server, body: bytes, seconds: float
) -> dict[int, Figures]:
    """Return what ever more connections cost, by their number."""
    rounds = [
        {many: steady(server, backend, body, many, seconds / 2) for many in CONNECTIONS}
        for _ in range(2)
    ]
    return _cheaper(*rounds)


def measure_workers(
    one: Contestant, backend: Server, body: bytes, seconds: float
) -> dict[int, Figures]:
    """Return what one process and several cost, by the number of workers."""
    rounds: list[dict[int, Figures]] = [{}, {}]
    for found in rounds:
        for workers in WORKERS:
            command = (*one.command, "--num_workers", str(workers))
            with running(replace(one, command=command), body) as server:
                time.sleep(1)  # the first answer may come before the second worker listens
                found[workers] = steady(server, backend, body, OF_WORKERS, seconds / 2)
    return _cheaper(*rounds)


def _cheaper(first: dict[int, Figures], second: dict[int, Figures]) -> dict[int, Figures]:
    return {many: min(first[many], second[many], key=lambda f: f.cpu) for many in first}


def connections_table(found: dict[str, dict[int, Figures]]) -> str:
    """Return a table of the servers' figures, by their names."""
    lines = [
        "### Many connections",
        "",
        "Whole answers to a prompt of 1 KB; the CPU of a request while all connections are open.",
        "",
        "| gateway | connections | requests/s | p99 ms | CPU µs | of that at 16 | errors |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, figures in found.items():
        for many, f in figures.items():
            lines.append(
                f"| {name} | {many:,} | {f.rate:,.0f} | {f.p99:.2f} | {f.cpu:,.0f} "
                f"| {f.cpu / figures[CONNECTIONS[0]].cpu:.2f} | {f.errors} |"
            )
    return "\n".join(lines)


def workers_line(name: str, found: dict[int, Figures]) -> str:
    """Return a sentence about one worker and two."""
    one, two = (found[workers] for workers in WORKERS)
    return (
        f"{name} at {OF_WORKERS} connections: one worker {one.rate:,.0f} requests/s and "
        f"{one.cpu:,.0f} µs of CPU a request, two workers {two.rate:,.0f} and {two.cpu:,.0f}, all "
        f"processes together. The load generator and the backend share the {os.cpu_count()} cores "
        "with them."
    )
