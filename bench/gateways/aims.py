"""What Diglot's gateway aims at, held against what was measured."""

from __future__ import annotations

from bench.gateways.many import CONNECTIONS
from bench.gateways.measured import Case, Measured

_LABELS: dict[Case, str] = {
    (1, False, 16): "whole answers, 16 connections",
    (1, True, 16): "streams, 16 connections",
    (100, False, 16): "prompts of 100 KB, 16 connections",
}
_AIMS: tuple[tuple[str, Case, float], ...] = (
    ("LiteLLM", (1, False, 16), 250),
    ("LiteLLM", (1, True, 16), 500),
    ("Portkey", (1, False, 16), 10),
    ("Portkey", (1, True, 16), 10),
    ("floor", (1, False, 16), 0.7),
    ("floor", (1, True, 16), 0.4),
    ("floor", (100, False, 16), 0.6),
)
# Streams at which the CPU of a paced chunk is held against the floor's.
_PACED = 64

Row = tuple[str, str, bool]


def aims(servers: list[Measured]) -> str:
    """Return a table of all aims that this run can judge."""
    own, direct, floor = (_of(servers, name) for name in ("Diglot", "direct", "floor"))
    if own is None or direct is None:
        return ""
    rows: list[Row] = []
    for name, case, least in _AIMS:
        ratio = _ratio(own, _of(servers, name), case)
        if ratio is not None:
            aim = f"at least {least:g} × the requests/s of {name}: {_LABELS[case]}"
            said = f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×"
            rows.append((aim, said, ratio >= least))
    rows += _paced(own, direct, floor)
    rows += _connections(own)
    one, two = own.figures[1, False, 1], direct.figures[1, False, 1]
    rows.append(_under("added median latency, ms", one.median - two.median, 0.4))
    rows.append(_under("p99 at 16 connections, ms", own.figures[1, False, 16].p99, 5))
    rows.append(_under("start, s", own.start, 0.45))
    rows.append(_under("memory at rest, MB", own.rest, 45))
    rows.append(_under("memory after the load, MB", own.after, 90))
    lines = ["### Aims", "", "| aim | measured | |", "|---|--:|---|"]
    lines += [f"| {aim} | {said} | {'met' if met else 'not met'} |" for aim, said, met in rows]
    return "\n".join(lines)


def _paced(own: Measured, direct: Measured, floor: Measured | None) -> list[Row]:
    """Return the rows about paced streams."""
    rows: list[Row] = []
    ours, least = _cpu(own), _cpu(floor) if floor is not None else None
    if ours and least:
        aim = f"at least 0.9 × the floor: CPU of a paced chunk, {_PACED} streams"
        rows.append((aim, f"{least / ours:.2f} ×", least / ours >= 0.9))
    for found in own.paced:
        if found.streams == 512:
            alone = next((p for p in direct.paced if p.streams == 512), None)
            said = f"{found.late} of {found.chunks}"
            said += f" (of the backend alone: {alone.late})" if alone else ""
            rows.append(("512 paced streams with no chunk late", said, found.late == 0))
    return rows


def _connections(own: Measured) -> list[Row]:
    """Return the rows about many connections, which should cost a request nothing."""
    rows: list[Row] = []
    few, *others = CONNECTIONS
    for many in others if own.connections else ():
        more = own.connections[many].cpu / own.connections[few].cpu
        aim = f"CPU of a request at {many:,} connections: within 10 % of that at {few}"
        rows.append((aim, f"{(more - 1) * 100:+.0f} %", more <= 1.1))
    return rows


def _cpu(server: Measured) -> float | None:
    return next((found.cpu for found in server.paced if found.streams == _PACED), None)


def _under(name: str, value: float, most: float) -> Row:
    return f"{name}: under {most:g}", f"{value:.2f}", value < most


def _of(servers: list[Measured], name: str) -> Measured | None:
    return next((one for one in servers if one.name.startswith(name)), None)


def _ratio(own: Measured, other: Measured | None, case: Case) -> float | None:
    if other is None or case not in other.figures or not other.figures[case].rate:
        return None
    return own.figures[case].rate / other.figures[case].rate
