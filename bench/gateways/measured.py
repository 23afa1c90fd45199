"""All that was measured of one server."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from bench.gateways.load import Figures, Paced
from bench.gateways.routes import RouteFigures

# Kilobytes of prompt, streamed or not, connections.
Case = tuple[int, bool, int]


class Measured(Struct):
    """All figures of one server; memory is in MB, ``start`` in s.

    Only Diglot has ``routes`` and ``workers`` (by their number), only it and the floor
    ``connections`` (by theirs).
    """

    name: str
    figures: dict[Case, Figures]
    paced: list[Paced]
    start: float
    rest: float
    peak: float
    after: float
    routes: list[RouteFigures] = msgspec.field(default_factory=list)
    curve: list[Figures] = msgspec.field(default_factory=list)
    connections: dict[int, Figures] = msgspec.field(default_factory=dict)
    workers: dict[int, Figures] = msgspec.field(default_factory=dict)
