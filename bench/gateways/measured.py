"""All that was measured of one server."""

from __future__ import annotations

from msgspec import Struct

from bench.gateways.load import Figures, Paced

# Kilobytes of prompt, streamed or not, connections.
Case = tuple[int, bool, int]


class Measured(Struct):
    """All figures of one server; memory is in MB, ``start`` in seconds."""

    name: str
    figures: dict[Case, Figures]
    paced: list[Paced]
    start: float
    rest: float
    peak: float
    after: float
