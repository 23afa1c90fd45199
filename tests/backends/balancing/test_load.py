"""What one deployment is doing: places, limits of a minute, cooldowns, the slow start, waiting."""

from __future__ import annotations

from typing import Any

import pytest

from core.backends.balancing.load import Host, Lease, Load, Waiter, model_key
from core.config.deployment import Deployment
from core.errors import BackendUnavailable, DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire


def load(limit: int | None = None, **more: Any) -> Load:
    deployment = Deployment(
        id="m0", model_name="m", dialect="ollama", model="m:latest", base_url="http://host", **more
    )
    return Load(deployment, Host("http://host"), limit)


def test_places_are_taken_and_given_back_once() -> None:
    one = load(limit=2)
    first, second = one.take(one.route, 0.0), one.take(one.route, 0.0)
    assert not one.has_room() and one.host.in_flight == 2
    first.end()
    first.end()
    assert one.has_room() and (one.in_flight, one.host.in_flight) == (1, 1)
    second.end()
    assert (one.in_flight, one.host.in_flight, one.asked_total) == (0, 0, 2)


async def test_whoever_waits_longest_is_given_the_place() -> None:
    one = load(limit=1)
    lease = one.take(one.route, 0.0)
    waiters = [Waiter(since) for since in (3.0, 1.0, 2.0)]
    for waiter in waiters:
        one.queue(waiter)
    waiters[1].future.cancel()
    lease.end()
    assert waiters[2].future.result() is one and not waiters[0].future.done()
    assert not one.has_room(), "the place is kept for the one that was woken"


async def test_a_larger_limit_wakes_those_who_wait() -> None:
    one = load(limit=1)
    one.take(one.route, 0.0)
    waiter = Waiter(1.0)
    one.queue(waiter)
    one.configure(one.deployment, one.host, 2)
    assert waiter.future.result() is one and one.in_flight == 2


def test_requests_and_tokens_of_a_minute_are_limited() -> None:
    one = load(rpm=2, tpm=10)
    assert one.within_limits(0.0)
    one.take(one.route, 0.0).end()
    one.tokens = 10
    assert not one.within_limits(1.0), "no tokens are left"
    one.tokens = 0
    one.take(one.route, 1.0).end()
    assert not one.within_limits(2.0), "no requests are left"
    assert one.within_limits(60.0), "the next minute"


def test_the_slow_start_grows_from_a_tenth_to_all() -> None:
    one = load()
    assert one.share(0.0) == 1.0
    one.cool(100.0, 50.0)
    assert one.share(100.0) == 0.1
    assert one.share(125.0) == 0.5
    assert one.share(150.0) == 1.0 and one.ramp == 0.0
    one.cool(90.0, 10.0)
    assert one.cooled_until == 100.0 and one.cooled_total == 2, "never shorter than it was"


@pytest.mark.parametrize(
    ("asked", "failed", "allowed", "too_many"),
    [(4, 3, 3, False), (4, 4, 3, True), (5, 3, 9, True), (6, 3, 9, False), (4, 4, 9, False)],
)
def test_failures_are_too_many_by_number_or_by_share(
    asked: int, failed: int, allowed: int, too_many: bool
) -> None:
    one = load()
    one.asked, one.failed = asked, failed
    assert one.too_many_failed(allowed) is too_many


def test_the_latency_is_a_moving_average_that_grows_stale() -> None:
    one = load()
    one.latency, one.measured = 2.0, 100.0
    assert one.expected(159.0) == 2.0
    assert one.expected(161.0) == 0.0


def failures(one: Load) -> list[tuple[str, DiglotError | None]]:
    found: list[tuple[str, DiglotError | None]] = []
    one.on_fail = lambda load, said, error: found.append((said, error))
    return found


def test_a_failure_is_told_with_its_error() -> None:
    one = load()
    found = failures(one)
    error = BackendUnavailable("gone")
    one.take(one.route, 0.0).fail(error)
    assert found == [("gone", error)] and one.in_flight == 0


def test_a_stream_that_broke_off_is_a_failure() -> None:
    one = load()
    found = failures(one)
    exchange = Exchange("id", Wire("openai", "/v1/chat/completions", b"{}"), owner="", started=1)
    exchange.error = "broke off"
    lease: Lease = one.take(one.route, 0.0)
    lease.end(exchange)
    assert found == [("broke off", None)]


def test_an_answer_says_that_the_model_is_in_memory() -> None:
    one = load()
    lease = one.take(one.route, 0.0)
    lease.began()
    assert one.host.loaded is None, "nobody has looked yet"
    one.host.loaded = set()
    lease.began()
    assert one.host.loaded == {"m"} and one.latency > 0


def test_names_of_models_are_compared_without_case_and_latest() -> None:
    assert model_key("Qwen3:Latest") == model_key("qwen3") == "qwen3"
    assert model_key("qwen3:4b") != model_key("qwen3")
