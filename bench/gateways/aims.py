"""What Diglot's gateway aims at, held against what was measured."""

from __future__ import annotations

from bench.gateways.many import CONNECTIONS
from bench.gateways.measured import Case, Measured
from bench.gateways.turns import CASES, PACED, Rounds

_AIMS: tuple[tuple[str, Case, float], ...] = (
    ("LiteLLM", (1, False, 16), 250),
    ("LiteLLM", (1, True, 16), 500),
    ("Portkey", (1, False, 16), 10),
    ("Portkey", (1, True, 16), 10),
)
_OF_FLOOR: dict[Case, float] = {(1, False, 16): 0.7, (1, True, 16): 0.4, (100, False, 16): 0.6}
_OF_PACED = 0.9

Row = tuple[str, str, bool]


def aims(servers: list[Measured], turns: dict[str, Rounds]) -> str:
    """Return a table of all aims that this run can judge."""
    own, direct = (_of(servers, name) for name in ("Diglot", "direct"))
    if own is None or direct is None:
        return ""
    rows: list[Row] = []
    for name, case, least in _AIMS:
        ratio = _ratio(own, _of(servers, name), case)
        if ratio is not None:
            aim = f"at least {least:g} × the requests/s of {name}: {CASES[case]}"
            said = f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×"
            rows.append((aim, said, ratio >= least))
    rows += _turns(turns)
    rows += _paced(own, direct)
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


def _turns(turns: dict[str, Rounds]) -> list[Row]:
    """Return the rows about what was measured by turns with the floor."""
    rows: list[Row] = []
    if turns:
        for case, least in _OF_FLOOR.items():
            share = turns[CASES[case]].share
            aim = f"at least {least:g} × the requests/s of floor: {CASES[case]}"
            rows.append((aim, f"{share:.2f} ×", share >= least))
        share = turns[PACED].share
        aim = f"at least {_OF_PACED:g} × the floor: CPU of {PACED}"
        rows.append((aim, f"{share:.2f} ×", share >= _OF_PACED))
    return rows


def _paced(own: Measured, direct: Measured) -> list[Row]:
    """Return the rows about paced streams."""
    rows: list[Row] = []
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


def _under(name: str, value: float, most: float) -> Row:
    return f"{name}: under {most:g}", f"{value:.2f}", value < most


def _of(servers: list[Measured], name: str) -> Measured | None:
    return next((one for one in servers if one.name.startswith(name)), None)


def _ratio(own: Measured, other: Measured | None, case: Case) -> float | None:
    if other is None or case not in other.figures or not other.figures[case].rate:
        return None
    return own.figures[case].rate / other.figures[case].rate
