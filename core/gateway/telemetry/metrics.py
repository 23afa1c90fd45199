"""What is counted of requests, and how Prometheus reads it: by LiteLLM's names where it has one.

Counting costs a few microseconds, so it is done in plain numbers here; prometheus-client writes
them down once somebody asks. Names of models come from clients, so only so many are told apart.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from core.backends.balancing.load import Load
from core.exchanges.exchange import Exchange
from core.http.addresses import shown_address

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
           30.0, 60.0, 120.0, 300.0)  # fmt: skip
"""Upper bounds in seconds: a gateway's own work is far below a millisecond, an answer far above."""

_MOST = 500
_AT_ONCE = 512
_UNKNOWN, _OTHER = "unknown", "other"
_SECOND = 1_000_000_000

_BOUNDS = [round(bound * _SECOND) for bound in BUCKETS]

_LATENCIES = (
    ("litellm_request_total_latency_metric", "Seconds from a request to the end of its answer"),
    ("litellm_overhead_latency_metric", "Seconds of these that the gateway itself took"),
    ("litellm_llm_api_latency_metric", "Seconds that backends took"),
    ("litellm_llm_api_time_to_first_token_metric", "Seconds to a stream's first piece"),
)

_Place = tuple[tuple[str, str, str, str], tuple[int, int, int, int, int, int]]
"""Model, id, address and group of a deployment; state, cooldowns, requests, failures, in work,
waiting.
"""

_Counted = tuple[
    str, str, list[tuple[str, int, int]], list[tuple[int, int]], tuple[int, int],
    list[tuple[list[int], float]],
]  # fmt: skip
"""Model and key; requests by route and status; failures by status; tokens; times by buckets."""


class Counts(Struct, frozen=True, kw_only=True):
    """What one process has counted since its start."""

    pid: int
    in_flight: int
    rows: list[_Counted] = []
    refused: list[tuple[str, str, int]] = []
    deployments: list[_Place] = []


class Histogram:
    """How often a time was in which bucket. The last bucket has no bound."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, times: Iterable[int]) -> None:
        """Count times in ns."""
        ordered = sorted(times)
        below = 0
        for place, bound in enumerate(_BOUNDS):
            upto = bisect_right(ordered, bound, below)
            self.counts[place] += upto - below
            below = upto
        self.counts[-1] += len(ordered) - below
        self.total += sum(ordered) / _SECOND

    def buckets(self) -> list[tuple[str, float]]:
        """Return how many were at most so long, by bound, as Prometheus wants them."""
        found = []
        below = 0
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, float(below)))
        return found


class _Row:
    """The counts of one model and one key."""

    __slots__ = ("_first", "_histograms", "_times", "failed", "input", "output", "requests")

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.failed: dict[int, int] = {}
        self.input = self.output = 0
        self._histograms = tuple(Histogram() for _ in _LATENCIES)
        # Not sorted into these yet, in ns: to sort many at once takes a tenth of the time.
        self._times: list[tuple[int, int]] = []
        self._first: list[int] = []

    def took(self, whole: int, waited: int, first: int | None) -> None:
        """Note how many ns a request took, how many of them backends, and how many passed until
        the first piece of its stream.
        """
        self._times.append((whole, waited))
        if first is not None:
            self._first.append(first)
        if len(self._times) >= _AT_ONCE:
            self._sort()

    @property
    def latencies(self) -> tuple[Histogram, ...]:
        """The times by bucket, in the order of ``_LATENCIES``."""
        if self._times:
            self._sort()
        return self._histograms

    def _sort(self) -> None:
        times, first = self._times, self._first
        self._times, self._first = [], []
        total, overhead, backend, beginning = self._histograms
        total.observe([whole for whole, _ in times])
        overhead.observe([max(whole - waited, 0) for whole, waited in times])
        backend.observe([waited for _, waited in times])
        beginning.observe(first)


class Metrics:
    """The counts of one process since its start."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._rows: dict[tuple[str, str], _Row] = {}
        self._refused: dict[tuple[str, str], int] = {}

    def refused(self, code: str, key: str = "") -> None:
        """Count a request that was refused before it was looked at.

        ``key`` is the name of its key, "" where that is not one of the config's.
        """
        self._refused[code, key] = self._refused.get((code, key), 0) + 1

    def counts(self, loads: Iterable[Load], *, addresses: bool = True) -> Counts:
        """Return all counts as plain values, for another process of this host to add."""
        return Counts(
            pid=os.getpid(),
            in_flight=self.in_flight,
            rows=[
                (
                    *labels,
                    [(*at, count) for at, count in row.requests.items()],
                    list(row.failed.items()),
                    (row.input, row.output),
                    [(times.counts, times.total) for times in row.latencies],
                )
                for labels, row in self._rows.items()
            ],
            refused=[(*at, count) for at, count in self._refused.items()],
            deployments=_deployments(loads, addresses=addresses),
        )

    def add(self, counts: Counts) -> None:
        """Add what another process has counted."""
        for model, key, requests, failed, (put_in, put_out), latencies in counts.rows:
            row = self._row(model, key)
            for route, status, count in requests:
                row.requests[route, status] = row.requests.get((route, status), 0) + count
            for status, count in failed:
                row.failed[status] = row.failed.get(status, 0) + count
            row.input += put_in
            row.output += put_out
            for mine, (times, total) in zip(row.latencies, latencies, strict=True):
                mine.counts = [a + b for a, b in zip(mine.counts, times, strict=True)]
                mine.total += total
        for code, key, count in counts.refused:
            self._refused[code, key] = self._refused.get((code, key), 0) + count

    def count(
        self, route: str, key: str, status: int, started: int, exchange: Exchange | None
    ) -> None:
        """Count a request that is over. ``started`` is ns since the epoch.

        Without an exchange no model was asked for an answer.
        """
        row = self._row(_model(exchange, status) if exchange is not None else "", key)
        at = (route, status)
        row.requests[at] = row.requests.get(at, 0) + 1
        if status >= 400 or (exchange is not None and exchange.error):
            row.failed[status] = row.failed.get(status, 0) + 1
        if exchange is None or not exchange.backend:
            return
        last = exchange.backend[-1]
        first = last.began - last.sent if last.streamed and last.began else None
        row.took(time.time_ns() - started, exchange.waited(), first)
        usage = exchange.usage()
        if usage is not None:
            row.input += usage.prompt_tokens
            row.output += usage.completion_tokens

    def by_key(self) -> dict[str, dict[str, int]]:
        """Return what each key has asked since the start: requests, failed, and tokens."""
        found: dict[str, dict[str, int]] = {}
        for (_, key), row in self._rows.items():
            sums = found.setdefault(key, {"requests": 0, "failed": 0, "tokens": 0})
            sums["requests"] += sum(row.requests.values())
            sums["failed"] += sum(row.failed.values())
            sums["tokens"] += row.input + row.output
        return found

    def _row(self, model: str, key: str) -> _Row:
        row = self._rows.get((model, key))
        if row is None:
            if len(self._rows) >= _MOST:
                model = _OTHER
            row = self._rows.setdefault((model, key), _Row())
        return row

    def families(self) -> Iterator[Any]:
        """Yield the counts of requests as prometheus-client has them."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        names = ["requested_model", "api_key_alias"]
        requests = CounterMetricFamily(
            "litellm_proxy_total_requests_metric",
            "Requests",
            labels=[*names, "route", "status_code"],
        )
        failed = CounterMetricFamily(
            "litellm_proxy_failed_requests_metric",
            "Requests without a whole answer",
            labels=[*names, "exception_status"],
        )
        tokens = [
            CounterMetricFamily(f"litellm_{kind}_tokens_metric", f"Tokens: {kind}", labels=names)
            for kind in ("input", "output", "total")
        ]
        latencies = [HistogramMetricFamily(name, text, labels=names) for name, text in _LATENCIES]
        for labels, row in self._rows.items():
            for (route, status), count in row.requests.items():
                requests.add_metric([*labels, route, str(status)], count)
            for status, count in row.failed.items():
                failed.add_metric([*labels, str(status)], count)
            for family, count in zip(
                tokens, (row.input, row.output, row.input + row.output), strict=True
            ):
                family.add_metric(labels, count)
            for latency, times in zip(latencies, row.latencies, strict=True):
                latency.add_metric(labels, times.buckets(), times.total)
        refused = CounterMetricFamily(
            "diglot_refused_requests",
            "Requests refused at the door",
            labels=["reason", "api_key_alias"],
        )
        for (code, key), count in self._refused.items():
            refused.add_metric([code, key], count)
        flight = GaugeMetricFamily("litellm_in_flight_requests", "Requests in work")
        # Without the one that asks for this.
        flight.add_metric([], max(self.in_flight - 1, 0))
        yield from (requests, failed, *tokens, *latencies, refused, flight)


def _deployments(loads: Iterable[Load], *, addresses: bool) -> list[_Place]:
    now = time.monotonic()
    found: list[_Place] = []
    for load in loads:
        place = load.deployment
        where = shown_address(place.base_url) if addresses else ""
        labels = (place.model, place.id, where, place.model_name)
        state = 2 if load.cooled_until > now else int(load.failed > 0)
        counts = (load.cooled_total, load.asked_total, load.failed_total, load.in_flight,
                  load.waiting)  # fmt: skip
        found.append((labels, (state, *counts)))
    return found


def _model(exchange: Exchange, status: int) -> str:
    """Return the name to count under: names that nobody has are all one."""
    trail = exchange.trail
    if trail is None or not trail.group or status == 404:
        return _UNKNOWN
    return trail.group
