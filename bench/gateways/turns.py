"""Diglot and the floor by turns: how many times the one's the other's speed is.

A machine that others use, too, is a tenth or two quicker in one minute than in the next. So what
is held against the floor is measured in turns within seconds, and the median of the rounds counts.
"""

from __future__ import annotations

import statistics
from functools import partial

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bench.gateways.contestants import Contestant
from bench.gateways.load import Server, load, paced, running
from bench.gateways.measured import Case

ROUNDS = 9
PACED_STREAMS = 64

CASES: dict[Case, str] = {
    (1, False, 16): "whole answers, 16 connections",
    (1, True, 16): "streams, 16 connections",
    (100, False, 16): "prompts of 100 KB, 16 connections",
}
CLOSING = "whole answers, a connection for each"
PACED = f"a paced chunk, {PACED_STREAMS} streams"


class Rounds(Struct):
    """What one case took, round by round: µs of CPU of both, and Diglot's share of the floor's
    speed: of its requests a second, or for paced chunks the floor's CPU over Diglot's.
    """

    floor: list[float] = msgspec.field(default_factory=list)
    own: list[float] = msgspec.field(default_factory=list)
    shares: list[float] = msgspec.field(default_factory=list)

    @property
    def share(self) -> float:
        """The median of the shares."""
        return statistics.median(self.shares)


def measure_turns(
    floor: Contestant, own: Contestant, backend: Server, bodies: dict[Case, bytes], small: bytes,
    slow: bytes, seconds: float,
) -> dict[str, Rounds]:  # fmt: skip
    """Measure both by turns, and return what each case took by its name.

    ``bodies`` are the requests of the cases, ``small`` is asked to see who is there, and ``slow``
    gives a paced stream.
    """
    found = {name: Rounds() for name in (*CASES.values(), CLOSING, PACED)}
    asked = [*((name, case) for case, name in CASES.items()), (CLOSING, next(iter(CASES)))]
    with running(floor, small) as least, running(own, small) as server:
        for turn in range(ROUNDS):
            # Who comes first changes: the one before leaves the caches to the next.
            order = (least, server) if turn % 2 else (server, least)
            for name, (number, stream, connections) in asked:
                ask = partial(load, backend=backend, body=bodies[number, stream, connections],
                              connections=connections, seconds=seconds)  # fmt: skip
                figures = {one.pid: ask(_closing(one) if name is CLOSING else one) for one in order}
                _note(found[name], figures[least.pid].cpu, figures[server.pid].cpu,
                      figures[server.pid].rate / figures[least.pid].rate)  # fmt: skip
            cpu = {one.pid: paced(one, slow, PACED_STREAMS).cpu for one in order}
            _note(found[PACED], cpu[least.pid], cpu[server.pid], cpu[least.pid] / cpu[server.pid])
    return found


def _closing(server: Server) -> Server:
    """Return a server that is asked to close the connection after each answer."""
    one = server.contestant
    return replace(server, contestant=replace(one, headers={**one.headers, "connection": "close"}))


def _note(rounds: Rounds, floor: float, own: float, share: float) -> None:
    rounds.floor.append(floor)
    rounds.own.append(own)
    rounds.shares.append(share)


def turns_table(found: dict[str, Rounds]) -> str:
    """Return a table of what was measured by turns."""
    lines = [
        "### Beside the floor, by turns",
        "",
        f"Both run at once and are asked by turns, {ROUNDS} rounds; the medians. Of the floor: "
        "requests a second, or for paced chunks the floor's CPU over Diglot's.",
        "",
        "| what | floor, CPU µs | Diglot, CPU µs | of the floor | from, to |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, rounds in found.items():
        floor, own = statistics.median(rounds.floor), statistics.median(rounds.own)
        lines.append(
            f"| {name} | {floor:,.0f} | {own:,.0f} | {rounds.share:.2f} "
            f"| {min(rounds.shares):.2f}, {max(rounds.shares):.2f} |"
        )
    return "\n".join(lines)
