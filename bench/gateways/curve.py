"""The curve that public boards show: requests a second while p99 stays under a limit."""

from __future__ import annotations

from bench.gateways.load import Figures, Server, load

CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128)
LIMITS = (1, 5, 10, 50)
"""Milliseconds of p99."""


def measure_curve(
    server: Server, backend: Server | None, body: bytes, seconds: float
) -> list[Figures]:
    """Return what ever more connections give, until p99 is over the last limit."""
    found: list[Figures] = []
    for connections in CONNECTIONS:
        found.append(load(server, backend, body, connections, seconds))
        if found[-1].p99 > LIMITS[-1]:
            break
    return found


def curve_table(curves: dict[str, list[Figures]]) -> str:
    """Return a table: the most requests a second of each server under each limit."""
    lines = [
        "### Requests a second under a limit of p99",
        "",
        f"Whole answers, the best of {CONNECTIONS[0]} to {CONNECTIONS[-1]} connections.",
        "",
        "| gateway | " + " | ".join(f"under {limit} ms" for limit in LIMITS) + " |",
        "|---|" + "--:|" * len(LIMITS),
    ]
    for name, figures in curves.items():
        cells = []
        for limit in LIMITS:
            best = max((f.rate for f in figures if f.p99 < limit and not f.errors), default=0)
            cells.append(f"{best:,.0f}" if best else "–")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
