"""The results in Markdown, and their place in docs/*/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.gateways.aims import aims
from bench.gateways.contestants import versions
from bench.gateways.curve import curve_table
from bench.gateways.load import Figures
from bench.gateways.many import connections_table, workers_line
from bench.gateways.measured import Case, Measured
from bench.gateways.routes import routes_table
from bench.gateways.turns import Rounds, turns_table

_BEGIN, _END = "<!-- bench/gateway.py begins -->", "<!-- bench/gateway.py ends -->"


class Results(Struct):
    """All servers of one run."""

    seconds: float
    quick: bool
    servers: list[Measured] = msgspec.field(default_factory=list)
    turns: dict[str, Rounds] = msgspec.field(default_factory=dict)
    real: list[str] = msgspec.field(default_factory=list)
    load: float = msgspec.field(default_factory=lambda: os.getloadavg()[0])

    def add(self, measured: Measured) -> None:
        """Keep a server's figures."""
        self.servers.append(measured)

    def text(self) -> str:
        """Return what it was measured on and with, and all tables."""
        return f"{self._machine()}\n\n{self.tables()}\n"

    def tables(self) -> str:
        """Return all tables."""
        parts = [aims(self.servers, self.turns)]
        parts += [turns_table(self.turns)] if self.turns else []
        parts += [self._requests(), self._ratios()]
        parts += [self._routes(), self._curve(), *self._many(), self._paced(), self._memory()]
        if self.real:
            head = "| answered by | first text, ms | whole answer of 16 tokens, ms |\n|---|--:|--:|"
            parts.append("### The real Ollama 0.17.4, median of turns\n\n"
                         + "\n".join([head, *self.real]))  # fmt: skip
        return "\n\n".join(part for part in parts if part)

    def _machine(self) -> str:
        cores = os.cpu_count()
        wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout.split(" [")[0]
        return (
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {cores} cores of {_processor()}, "
            f"{platform.system()} · {versions()} · {wrk}, {self.seconds:g} s a figure "
            f"· load average {self.load:.1f} before and {os.getloadavg()[0]:.1f} after. "
            "One process each; the load generator, the backend and the gateway share the cores."
        )

    def _requests(self) -> str:
        lines = [
            "### Requests",
            "",
            "Whole answers, and streams of 64 chunks that the backend sends at once. CPU is what "
            "the gateway used for a request. The last column says what was at its limit.",
            "",
            "| gateway | stream | prompt | connections | requests/s | median ms | p99 ms "
            "| CPU µs | errors | at its limit |",
            "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
        ]
        for server in self.servers:
            for (size, stream, connections), f in server.figures.items():
                lines.append(
                    f"| {server.name} | {'yes' if stream else 'no'} | {size:,} KB | {connections} "
                    f"| {f.rate:,.0f} | {f.median:.2f} | {f.p99:.2f} | {f.cpu:,.0f} | {f.errors} "
                    f"| {_limit(f, server.name)} |"
                )
        return "\n".join(lines)

    def _ratios(self) -> str:
        own = self._of("Diglot")
        if own is None:
            return ""
        lines = [
            "### Diglot over the others",
            "",
            "Requests a second of Diglot divided by theirs; and what each adds to the backend's "
            "own latency at one connection with a prompt of 1 KB.",
            "",
            "| over | whole, 1 | whole, 16 | streams, 1 | streams, 16 | 100 KB, 16 "
            "| added median, p99 ms | of a stream |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
        ]
        direct = self.servers[0]
        for server in self.servers:
            cells = [
                _ratio(own, server, case)
                for case in ((1, False, 1), (1, False, 16), (1, True, 1), (1, True, 16),
                             (100, False, 16))
            ]  # fmt: skip
            cells += [_added(server, direct, (1, stream, 1)) for stream in (False, True)]
            lines.append(f"| {server.name} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def _routes(self) -> str:
        own, floor = self._of("Diglot"), self._of("floor")
        if own is None or floor is None or not own.routes:
            return ""
        return routes_table(own.routes, floor.figures[1, False, 16], floor.figures[1, True, 16])

    def _curve(self) -> str:
        return curve_table({one.name: one.curve for one in self.servers if one.curve})

    def _many(self) -> list[str]:
        found = {one.name: one.connections for one in self.servers if one.connections}
        lines = [workers_line(one.name, one.workers) for one in self.servers if one.workers]
        return [connections_table(found), *lines] if found else []

    def _paced(self) -> str:
        lines = [
            "### Paced streams",
            "",
            "Streams of 64 chunks, one each 20 ms. A chunk is late when it comes more than 5 ms "
            "after the backend wrote it; CPU is the gateway's, for a chunk. Of three runs, the one "
            "in the middle.",
            "",
            "| gateway | streams | late of all | median ms | p99 ms | worst ms | first chunk, ms "
            "| CPU µs | errors |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for server in self.servers:
            for p in server.paced:
                lines.append(
                    f"| {server.name} | {p.streams:,} | {p.late:,} of {p.chunks:,} "
                    f"| {p.median:.2f} | {p.p99:.2f} | {p.worst:.1f} | {p.first:.1f} "
                    f"| {p.cpu:.0f} | {p.errors} |"
                )
        return "\n".join(lines)

    def _memory(self) -> str:
        lines = [
            "### Start and memory",
            "",
            "From the start of the process to its first answer to a chat; resident memory before "
            "the load, at its peak, and three seconds after.",
            "",
            "| gateway | start, s | at rest, MB | at peak, MB | after, MB |",
            "|---|--:|--:|--:|--:|",
        ]
        for server in self.servers[1:]:
            lines.append(
                f"| {server.name} | {server.start:.2f} | {server.rest:.0f} | {server.peak:.0f} "
                f"| {server.after:.0f} |"
            )
        return "\n".join(lines)

    def _of(self, name: str) -> Measured | None:
        return next((one for one in self.servers if one.name.startswith(name)), None)


def write(path: Path, text: str) -> None:
    """Put the results into their place in a page; the rest of it stays."""
    page = path.read_text("utf-8")
    block = f"{_BEGIN}\n\n{text}\n{_END}"
    pattern = re.escape(_BEGIN) + r".*?" + re.escape(_END)
    path.write_text(re.sub(pattern, lambda _: block, page, flags=re.DOTALL), "utf-8")


def _limit(f: Figures, name: str) -> str:
    shares = {"the gateway": f.busy, "wrk": f.generator, "the backend": f.backend}
    if name == "direct":
        shares = {"wrk": f.generator, "the backend": f.busy}
    name, share = max(shares.items(), key=lambda item: item[1])
    return name if share > 0.9 else ""


def _ratio(own: Measured, other: Measured, case: Case) -> str:
    one, two = own.figures.get(case), other.figures.get(case)
    if one is None or two is None or not two.rate or two.errors:
        return "–"
    ratio = one.rate / two.rate
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _added(server: Measured, direct: Measured, case: Case) -> str:
    one, two = server.figures.get(case), direct.figures.get(case)
    if one is None or two is None or server is direct:
        return "–"
    return f"{one.median - two.median:.2f}, {one.p99 - two.p99:.2f}"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
