"""What ``bench/gateway.py`` writes down, from invented figures; and its backend."""

from __future__ import annotations

import re
import urllib.request

from bench.gateway import SMALL, body
from bench.gateways.chinese import chinese
from bench.gateways.contestants import fake_backend
from bench.gateways.load import Figures, Paced, ask, running
from bench.gateways.measured import Measured
from bench.gateways.report import Results
from bench.gateways.routes import ROUTES, RouteFigures
from bench.gateways.turns import CASES as CASES_BY_TURNS
from bench.gateways.turns import CLOSING, PACED, Rounds

CASES = [
    (size, stream, connections)
    for size, connections in ((1, 1), (1, 16), (100, 16), (1000, 16))
    for stream in (False, True)
]


def figures(rate: float, cpu: float) -> Figures:
    return Figures(
        rate=rate, median=1, p99=2, errors=0, cpu=cpu, busy=1, generator=0.5, backend=0.95
    )


def measured(name: str, rate: float, cpu: float) -> Measured:
    paced = Paced(
        streams=512,
        chunks=32768,
        late=3,
        median=1,
        p99=2,
        worst=9,
        first=1,
        errors=0,
        busy=1,
        cpu=9,
    )
    one = Measured(
        name=name, figures=dict.fromkeys(CASES, figures(rate, cpu)), paced=[paced],
        start=0.3, rest=40, peak=90, after=80, curve=[figures(rate, cpu)],
    )  # fmt: skip
    if name != "direct":
        one.connections = {16: figures(rate, cpu), 256: figures(rate, cpu * 1.1)}
        one.connections[1024] = figures(rate, cpu * 1.11)
    if name == "Diglot":
        one.routes = [RouteFigures(route, figures(rate, cpu), None) for route in ROUTES]
        one.workers = {1: figures(6000, 160), 2: figures(11_000, 168)}
    return one


def report() -> str:
    results = Results(seconds=3, quick=True, real=["| Diglot before it | 1.0 | 2.0 |"])
    for name, rate, cpu in (("direct", 80_000, 12), ("floor", 17_000, 57), ("Diglot", 6000, 160)):
        results.add(measured(name, rate, cpu))
    names = (*CASES_BY_TURNS.values(), CLOSING, PACED)
    for name, share in zip(names, (0.7, 0.39, 0.8, 0.6, 0.9), strict=True):
        results.turns[name] = Rounds([50, 60, 70], [100, 90, 80], [0.1, share, 0.99])
    return results.tables()


def test_every_measure_is_written_down() -> None:
    rows = report().splitlines()
    assert "| Diglot | yes | 1,000 KB | 16 | 6,000 | 1.00 | 2.00 | 160 | 0 | the gateway |" in rows
    assert "| floor | 256 | 17,000 | 2.00 | 63 | 1.10 | 0 |" in rows
    assert "| Diglot | 1,024 | 6,000 | 2.00 | 178 | 1.11 | 0 |" in rows
    (workers,) = (row for row in rows if "two workers" in row)
    assert "one worker 6,000 requests/s and 160 µs of CPU a request" in workers
    assert "two workers 11,000 and 168, all processes together" in workers


def test_what_is_held_against_the_floor_is_measured_by_turns() -> None:
    rows = report().splitlines()
    asked = "at least {} × the requests/s of floor: {}, 16 connections"
    assert f"| {asked.format(0.7, 'whole answers')} | 0.70 × | met |" in rows
    assert f"| {asked.format(0.4, 'streams')} | 0.39 × | not met |" in rows
    assert "| at least 0.9 × the floor: CPU of a paced chunk, 64 streams | 0.90 × | met |" in rows
    assert "| whole answers, a connection for each | 60 | 90 | 0.60 | 0.10, 0.99 |" in rows
    assert "| a paced chunk, 64 streams | 60 | 90 | 0.90 | 0.10, 0.99 |" in rows


def test_a_request_should_cost_the_same_at_many_connections() -> None:
    aim = "CPU of a request at {} connections: within 10 % of that at 16"
    rows = report().splitlines()
    assert f"| {aim.format('256')} | +10 % | met |" in rows
    assert f"| {aim.format('1,024')} | +11 % | not met |" in rows


def test_nothing_of_it_stays_in_english() -> None:
    english = report()
    text = chinese(english)
    assert not re.findall(r"\b[a-z]{2,} [a-z]{2,}\b", text)
    assert text.count("\n") == english.count("\n") and "个连接时：一个工作进程每秒 6,000" in text


def test_the_fake_backend_takes_a_long_prompt_and_counts() -> None:
    backend = fake_backend()
    with running(backend, SMALL):
        assert b"word63" in ask(backend, body(stream=False, size=1_000_000))
        url = f"http://127.0.0.1:{backend.port}/count"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.read() == b"2"
