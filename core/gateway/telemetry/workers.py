"""/metrics of all processes that share a port: each writes its counts down, any adds them up.

Where there is one process it is just that one's counts. Those of a process that has died stay, as
Prometheus takes a counter that falls for a restart; its gauges go.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from core.backends.balancing.load import Load
from core.gateway.telemetry.metrics import Counts, Metrics

FOLDER = "DIGLOT_WORKER_METRICS"
"""The variable that names the folder that the processes share."""

_EVERY = 1.0

_log = logging.getLogger(__name__)

_DEPLOYMENT = ("litellm_model_name", "model_id", "api_base", "model_group")
_FAMILIES = (
    ("gauge", "litellm_deployment_state", "0 healthy, 1 failing, 2 in a cooldown"),
    ("counter", "litellm_deployment_cooled_down", "Cooldowns begun"),
    ("counter", "litellm_deployment_total_requests", "Requests to a deployment"),
    ("counter", "litellm_deployment_failure_responses", "Those that failed"),
    ("gauge", "diglot_deployment_in_flight", "Requests in work"),
    ("gauge", "diglot_deployment_waiting", "Requests that wait"),
)


class Exposition:
    """The counts of this process, and of those beside it where ``folder`` is shared with some."""

    def __init__(self, metrics: Metrics, folder: Path | None = None) -> None:
        self._metrics = metrics
        self._folder = folder

    async def share(self, loads: Callable[[], Iterable[Load]]) -> None:
        """Write this process's counts down every second, until cancelled."""
        while self._folder is not None:
            self._write(self._metrics.counts(loads()))
            await asyncio.sleep(_EVERY)

    def text(self, loads: Iterable[Load], *, addresses: bool = True) -> tuple[bytes, str]:
        """Return everything in Prometheus' text format, and its content type.

        ``addresses`` says whether backends are told apart by where they are, too.
        """
        # Half as long to load as all of Diglot: only where somebody asks.
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        mine = self._metrics.counts(loads, addresses=addresses)
        if self._folder is not None:
            self._write(mine)
        every = [mine, *self._others(addresses=addresses)]
        together = Metrics()
        for counts in every:
            together.add(counts)
        alive = [counts for counts in every if _lives(counts.pid)]
        together.in_flight = sum(counts.in_flight for counts in alive)
        registry = CollectorRegistry()
        families = [*_processes(alive), *together.families(), *_deployments(every, alive)]
        registry.register(_Families(families))
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def _write(self, counts: Counts) -> None:
        folder = self._folder or Path()
        try:
            part = folder / f"{counts.pid}.part"
            part.write_bytes(msgspec.json.encode(counts))
            part.replace(folder / f"{counts.pid}.json")
        except OSError as error:
            _log.warning("the counts for /metrics cannot be shared: %s", error.strerror)

    def _others(self, *, addresses: bool) -> Iterator[Counts]:
        for file in sorted(self._folder.glob("*.json")) if self._folder else ():
            if file.stem == str(os.getpid()):
                continue
            with suppress(OSError, msgspec.DecodeError):
                counts = msgspec.json.decode(file.read_bytes(), type=Counts)
                if not addresses:
                    hidden = [((a, b, "", d), n) for (a, b, _, d), n in counts.deployments]
                    counts = msgspec.structs.replace(counts, deployments=hidden)
                yield counts


class _Families:
    """What prometheus-client calls a collector: families that are already there."""

    def __init__(self, families: Sequence[Any]) -> None:
        self._families = families

    def collect(self) -> Sequence[Any]:
        return self._families


def _lives(pid: int) -> bool:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        return True
    return False


def _processes(alive: Sequence[Counts]) -> Iterator[Any]:
    """Yield what the processes take: CPU, memory and files together, the start of the first."""
    from prometheus_client import CollectorRegistry, ProcessCollector

    found: dict[str, Any] = {}
    for counts in alive:
        collector = ProcessCollector(
            pid=lambda pid=counts.pid: pid,  # type: ignore[misc]
            registry=CollectorRegistry(),
        )
        for family in collector.collect():
            known = found.setdefault(family.name, family)
            if known is not family:
                join = min if family.name == "process_start_time_seconds" else sum
                known.samples = [
                    one._replace(value=join((one.value, other.value)))
                    for one, other in zip(known.samples, family.samples, strict=True)
                ]
    yield from found.values()


def _deployments(every: Sequence[Counts], alive: Sequence[Counts]) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    for place, (kind, name, text) in enumerate(_FAMILIES):
        gauge = kind == "gauge"
        values: dict[tuple[str, str, str, str], int] = {}
        for counts in alive if gauge else every:
            for labels, numbers in counts.deployments:
                before, now = values.get(labels, 0), numbers[place]
                # A deployment is as one of the processes sees it at the worst.
                values[labels] = max(before, now) if place == 0 else before + now
        make = GaugeMetricFamily if gauge else CounterMetricFamily
        family = make(name, text, labels=list(_DEPLOYMENT))
        for at, value in values.items():
            family.add_metric(list(at), value)
        yield family
