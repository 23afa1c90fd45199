"""What Diglot's gateway aims at, held against what was measured."""

from __future__ import annotations

from bench.gateways.measured import Case, Measured

_CASES: tuple[tuple[str, Case], ...] = (
    ("whole answers, 16 connections", (1, False, 16)),
    ("streams, 16 connections", (1, True, 16)),
)


def aims(servers: list[Measured]) -> str:
    """Return a table of all aims that this run can judge."""
    own = _of(servers, "Diglot")
    direct = _of(servers, "direct")
    if own is None or direct is None:
        return ""
    rows: list[tuple[str, str, bool]] = []
    for name, least in (("LiteLLM", 100.0), ("Portkey", 4.0), ("floor", 0.8)):
        other = _of(servers, name)
        for label, case in _CASES:
            ratio = _ratio(own, other, case)
            if ratio is not None:
                aim = f"at least {least:g} × the requests/s of {name}: {label}"
                rows.append((aim, f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×",
                             ratio >= least))  # fmt: skip
    one, two = own.figures[1, False, 1], direct.figures[1, False, 1]
    rows.append(_under("added median latency, ms", one.median - two.median, 0.4))
    rows.append(_under("added p99 latency, ms", one.p99 - two.p99, 5))
    for found in own.paced:
        if found.streams == 512:
            alone = next((p for p in direct.paced if p.streams == 512), None)
            said = f"{found.late} of {found.chunks}"
            said += f" (of the backend alone: {alone.late})" if alone else ""
            rows.append(("512 paced streams with no chunk late", said, found.late == 0))
    busiest = own.paced[-1] if own.paced else None
    if busiest is not None:
        said = f"CPU a paced chunk, µs, at {busiest.streams} streams"
        rows.append(_under(said, busiest.cpu, 20))
    rows.append(_under("start, s", own.start, 0.7))
    rows.append(_under("memory at rest, MB", own.rest, 80))
    lines = ["### Aims", "", "| aim | measured | |", "|---|--:|---|"]
    lines += [f"| {aim} | {said} | {'met' if met else 'not met'} |" for aim, said, met in rows]
    return "\n".join(lines)


def _under(name: str, value: float, most: float) -> tuple[str, str, bool]:
    return f"{name}: under {most:g}", f"{value:.2f}", value < most


def _of(servers: list[Measured], name: str) -> Measured | None:
    return next((one for one in servers if one.name.startswith(name)), None)


def _ratio(own: Measured, other: Measured | None, case: Case) -> float | None:
    if other is None or case not in other.figures or not other.figures[case].rate:
        return None
    return own.figures[case].rate / other.figures[case].rate
