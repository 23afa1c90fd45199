"""Counts of several processes in one /metrics; tests/gateway/test_server.py has real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from core.gateway.telemetry.metrics import Counts, Metrics
from core.gateway.telemetry.workers import Exposition

PLACE = (("m", "one", "http://host:1", "group"), (0, 1, 5, 2, 3, 4))


def counted(text: bytes, name: str) -> list[float]:
    lines = text.decode().splitlines()
    return [float(line.split()[-1]) for line in lines if line.startswith(name)]


def write(folder: Path, counts: Counts) -> None:
    (folder / f"{counts.pid}.json").write_bytes(msgspec.json.encode(counts))


def dead() -> int:
    """Return the id of a process that is no more."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_counters_are_added_and_gauges_are_of_the_living(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.in_flight = 2
    metrics.refused("rate_limited", "ann")
    for _ in range(3):
        metrics.count("/v1/x", "ann", 200, time.time_ns(), None)
    mine = metrics.counts([])
    write(tmp_path, replace(mine, pid=os.getppid(), deployments=[PLACE]))
    write(tmp_path, replace(mine, pid=dead(), deployments=[PLACE]))
    (tmp_path / "1.json").write_text("half of")
    text, kind = Exposition(metrics, tmp_path).text([])
    assert kind.startswith("text/plain")
    assert counted(text, "litellm_proxy_total_requests_metric_total") == [9.0]
    assert counted(text, "diglot_refused_requests_total") == [3.0]
    # Without the request that asks: of two processes with two each, three.
    assert counted(text, "litellm_in_flight_requests") == [3.0]
    assert counted(text, "litellm_deployment_total_requests_total") == [10.0]
    assert counted(text, "diglot_deployment_in_flight") == [3.0]
    assert len(counted(text, "process_resident_memory_bytes")) == 1
    hidden, _ = Exposition(metrics, tmp_path).text([], addresses=False)
    assert b"http://host:1" in text and b"http://host:1" not in hidden


def test_one_process_alone_shares_nothing(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.count("/v1/x", "", 200, time.time_ns(), None)
    text, _ = Exposition(metrics).text([])
    assert counted(text, "litellm_proxy_total_requests_metric_total") == [1.0]
    assert list(tmp_path.iterdir()) == []
