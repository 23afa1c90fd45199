"""Which deployment of a group a request is given to, and what happens where none has room."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest

from core.backends.balancing.load import Lease, Load
from core.backends.balancing.router import Router
from core.config.config import parse_config
from core.errors import AccessDenied, BackendError, BackendUnavailable


def router(*params: str, more: str = "") -> Router:
    """Return a router with one group, m: these litellm_params, at hosts h0, h1..."""
    entries = "".join(
        f"  - {{model_name: m, litellm_params: {{model: ollama/x, api_base: 'http://h{at}:1'"
        f"{', ' if each else ''}{each}}}}}\n"
        for at, each in enumerate(params)
    )
    config = parse_config(f"model_list:\n{entries}{more}", environ={})
    assert config.warnings == ()
    return Router(config.deployments, config.routing)


def loads(made: Router) -> list[Load]:
    return list(made.loads.values())


def take(made: Router) -> Lease:
    lease = made.group("m").take()
    assert lease is not None
    return lease


def places(made: Router, times: int) -> dict[str, int]:
    """Return how often each host is chosen, each request ending before the next."""
    counts: Counter[str] = Counter()
    for _ in range(times):
        lease = take(made)
        counts[lease.route.deployment.base_url[7:9]] += 1
        lease.end()
    return dict(counts)


def test_weights_are_kept_exactly() -> None:
    assert places(router("weight: 3", "weight: 1"), 40) == {"h0": 30, "h1": 10}
    # LiteLLM takes rpm for a weight where none is given.
    assert places(router("rpm: 300", "rpm: 100"), 40) == {"h0": 30, "h1": 10}
    assert places(router("weight: 0", "weight: 1"), 10) == {"h1": 10}


def test_the_first_order_is_asked_first() -> None:
    made = router("order: 2", "order: 1", "")
    assert places(made, 5) == {"h1": 5}
    loads(made)[1].cool(time.monotonic() + 60, 1)
    assert places(made, 5) == {"h0": 5}
    loads(made)[0].cool(time.monotonic() + 60, 1)
    assert places(made, 5) == {"h2": 5}


def test_the_least_busy_is_asked() -> None:
    made = router("", "", more="router_settings: {routing_strategy: least-busy}\n")
    first = take(made)
    others = [take(made) for _ in range(3)]
    assert Counter(x.load.host.base_url for x in (first, *others)) == {
        "http://h0:1": 2,
        "http://h1:1": 2,
    }
    mine = [x for x in (first, *others) if x.load is loads(made)[0]]
    for lease in mine:
        lease.end()
    assert take(made).load is loads(made)[0]


@pytest.mark.parametrize("strategy", ["simple-shuffle", "least-busy"])
def test_hosts_behind_one_wildcard_take_turns(strategy: str) -> None:
    hosts = "".join(
        f"  - {{model_name: 'w/*', litellm_params: {{model: 'ollama/*', api_base: '{host}:1'}}}}\n"
        for host in ("h0", "h1")
    )
    text = f"model_list:\n{hosts}router_settings: {{routing_strategy: {strategy}}}"
    config = parse_config(text, environ={})
    made = Router(config.deployments, config.routing)
    counts: Counter[str] = Counter()
    for _ in range(6):
        lease = made.group("w/qwen3:4b").take()
        assert lease is not None and lease.route.model == "qwen3:4b"
        counts[lease.route.deployment.base_url] += 1
        lease.end()
    assert counts == {"http://h0:1": 3, "http://h1:1": 3}


def test_the_quickest_is_asked_once_all_are_measured() -> None:
    made = router("", "", more="router_settings: {routing_strategy: latency-based-routing}\n")
    now = time.monotonic()
    for load, seconds in zip(loads(made), (0.5, 0.1), strict=True):
        load.latency, load.measured = seconds, now
    assert places(made, 4) == {"h1": 4}
    loads(made)[0].measured = now - 100  # nobody knows any more: it gets a chance
    assert take(made).load is loads(made)[0]


def test_the_least_used_is_asked() -> None:
    made = router("", "", more="router_settings: {routing_strategy: usage-based-routing-v2}\n")
    loads(made)[0].tokens = 100
    assert places(made, 4) == {"h1": 4}


def test_a_model_in_memory_is_preferred_unless_its_host_is_busy() -> None:
    made = router("", "", more="diglot: {routing: {busy: 2}}\n")
    assert set(places(made, 4)) == {"h0", "h1"}  # nobody knows yet
    loads(made)[0].host.loaded = set()
    loads(made)[1].host.loaded = {"x"}
    held = [take(made), take(made)]
    assert {lease.load for lease in held} == {loads(made)[1]}
    assert take(made).load is loads(made)[0]
    made = router("", "", more="diglot: {routing: {prefer_loaded: false}}\n")
    loads(made)[1].host.loaded = {"x"}
    assert set(places(made, 4)) == {"h0", "h1"}


def test_a_host_that_lacks_the_model_is_not_asked() -> None:
    made = router("", "")
    loads(made)[0].host.models = frozenset({"other"})
    loads(made)[1].host.models = frozenset({"x"})
    assert places(made, 4) == {"h1": 4}


def test_rpm_and_tpm_are_limits_of_a_minute() -> None:
    made = router("rpm: 2", "rpm: 2")
    assert places(made, 4) == {"h0": 2, "h1": 2}
    with pytest.raises(AccessDenied) as caught:
        made.group("m").take()
    assert caught.value.status == 429
    assert 0 < (caught.value.retry_after or 0) <= 60
    for load in loads(made):
        load.minute -= 1  # the next minute
    assert places(made, 2) == {"h0": 1, "h1": 1}
    made = router("tpm: 100", "")
    assert set(places(made, 4)) == {"h0", "h1"}
    loads(made)[0].tokens = 100
    assert places(made, 4) == {"h1": 4}


def test_failures_put_a_deployment_out_of_work_and_it_comes_back_slowly() -> None:
    made = router("", "", more="router_settings: {allowed_fails: 2, cooldown_time: 10}\n")
    bad, _ = loads(made)
    for _ in range(2):
        bad.take(bad.route, time.monotonic()).fail(BackendError("broken", status=500))
    assert bad.cooled_until == 0
    bad.take(bad.route, time.monotonic()).fail(BackendError("broken", status=500))
    assert 9 < bad.cooled_until - time.monotonic() <= 10
    assert (bad.failed_total, bad.error, bad.in_flight) == (3, "broken", 0)
    assert places(made, 4) == {"h1": 4}
    bad.cooled_until = time.monotonic() - 1  # it is over, and slow start has begun
    assert bad.share(time.monotonic()) == pytest.approx(0.1)
    held = [take(made) for _ in range(30)]
    assert sum(lease.load is bad for lease in held) == 1  # one at a time
    bad.cooled_until -= 20
    assert bad.share(time.monotonic()) == 1.0


@pytest.mark.parametrize("status", [400, 404, 422])
def test_what_the_client_did_wrong_cools_nobody(status: int) -> None:
    made = router("", "", more="router_settings: {allowed_fails: 0}\n")
    take(made).fail(BackendError("no", status=status))
    assert [load.cooled_until for load in loads(made)] == [0, 0]


def test_too_many_requests_cool_at_once_for_as_long_as_was_said() -> None:
    made = router("", "")
    error = BackendError("slow down", status=429)
    error.retry_after = 7.0
    lease = take(made)
    lease.fail(error)
    assert 6 < lease.load.cooled_until - time.monotonic() <= 7


def test_the_only_deployment_is_never_cooled_and_neither_is_any_where_that_is_off() -> None:
    for made in (
        router(""),
        router("", "", more="router_settings: {disable_cooldowns: true}\n"),
    ):
        for _ in range(20):
            take(made).fail(BackendError("broken", status=500))
        assert all(load.cooled_until == 0 for load in loads(made))


def test_where_all_are_cooled_the_next_to_come_back_is_asked() -> None:
    made = router("", "")
    loads(made)[0].cool(time.monotonic() + 50, 1)
    loads(made)[1].cool(time.monotonic() + 20, 1)
    assert take(made).load is loads(made)[1]


# Waiting ---------------------------------------------------------------------------------------

FULL = "max_parallel_requests: 1"


async def test_a_request_waits_for_whichever_is_free_first() -> None:
    made = router(FULL, FULL)
    held = {lease.load: lease for lease in (take(made), take(made))}
    group = made.group("m")
    assert group.take() is None
    waits = [asyncio.create_task(group.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    assert group.take() is None
    second = loads(made)[1]
    held[second].end()
    first = await waits[0]
    assert first.load is second
    assert group.take() is None  # somebody still waits, and nobody overtakes
    first.end()
    assert (await waits[1]).load is second
    (await waits[1]).end()
    held[loads(made)[0]].end()
    assert [(x.in_flight, x.waiting, x.host.in_flight) for x in loads(made)] == [(0, 0, 0)] * 2


def both(made: Router, *held: set[str]) -> tuple[Load, Load]:
    """Say which models the two hosts have in memory."""
    first, second = loads(made)
    first.host.loaded, second.host.loaded = held
    return first, second


async def test_a_request_waits_a_while_for_the_host_that_has_its_model_in_memory() -> None:
    made = router(FULL, FULL)
    _, loaded = both(made, set(), {"x"})
    held = take(made)
    assert held.load is loaded
    group = made.group("m")
    # The other host is free, but would push a model out of its memory.
    assert group.take() is None
    wait = asyncio.create_task(group.wait())
    await asyncio.sleep(0)
    held.end()
    assert (await wait).load is loaded


async def test_it_does_not_wait_for_ever_while_another_host_is_free() -> None:
    made = router(FULL, FULL, more="diglot: {routing: {wait_loaded: 0.02}}\n")
    cold, loaded = both(made, set(), {"x"})
    held = take(made)
    lease = await made.group("m").wait()
    assert (held.load, lease.load) == (loaded, cold)
    assert [load.waiting for load in loads(made)] == [0, 0]
    made = router(FULL, FULL, more="diglot: {routing: {wait_loaded: 0}}\n")
    cold, _ = both(made, set(), {"x"})
    assert {take(made).load, take(made).load} == set(loads(made))


async def test_who_has_waited_longer_is_not_overtaken_by_whose_model_is_in_memory() -> None:
    """Nobody starves: a slot goes to the oldest who takes it, whatever model it is for."""
    hosts = "".join(
        f"  - {{model_name: '*', litellm_params: {{model: 'ollama/*', api_base: 'http://{host}:1', "
        f"{FULL}}}}}\n"
        for host in ("h0", "h1")
    )
    config = parse_config(f"model_list:\n{hosts}", environ={})
    made = Router(config.deployments, config.routing)
    first, second = both(made, {"often"}, set())
    often, seldom = made.group("often"), made.group("seldom")
    held = [often.take(), seldom.take()]
    assert [lease and lease.load for lease in held] == [first, second]
    waits = [asyncio.create_task(group.wait()) for group in (seldom, often, often)]
    await asyncio.sleep(0)
    assert held[0] is not None
    held[0].end()
    oldest = await waits[0]
    assert oldest.load is first and not waits[1].done()
    oldest.end()
    assert (await waits[1]).load is first
    waits[2].cancel()


async def test_a_slot_of_a_host_that_lacks_the_model_is_not_waited_for() -> None:
    made = router(FULL, FULL)
    lacks, has = loads(made)
    lacks.host.models, has.host.models = frozenset({"other"}), frozenset({"x"})
    held = take(made)
    assert held.load is has and made.group("m").take() is None
    wait = asyncio.create_task(made.group("m").wait())
    await asyncio.sleep(0)
    assert (lacks.waiting, has.waiting) == (0, 1)
    held.end()
    assert (await wait).load is has


async def test_too_long_a_queue_is_refused_with_a_time() -> None:
    made = router(FULL, more="diglot: {queue: {length: 1, timeout: 0.05}}\n")
    held = take(made)
    group = made.group("m")
    wait = asyncio.create_task(group.wait())
    await asyncio.sleep(0)
    with pytest.raises(BackendUnavailable, match="m is busy: 1 requests are in work and 1 wait"):
        await group.wait()
    with pytest.raises(BackendUnavailable) as caught:
        await wait
    assert caught.value.status == 503
    assert (caught.value.retry_after or 0) >= 1
    held.end()
    assert [(x.in_flight, x.waiting) for x in loads(made)] == [(0, 0)]


async def test_who_leaves_the_queue_leaves_no_place_taken() -> None:
    made = router(FULL)
    held = take(made)
    group = made.group("m")
    waits = [asyncio.create_task(group.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waits[1].cancel()
    await asyncio.sleep(0)
    held.end()
    waits[0].cancel()  # in the very turn in which its place came
    third = await waits[2]
    third.end()
    await asyncio.gather(*waits, return_exceptions=True)
    assert [(x.in_flight, x.waiting, x.host.in_flight) for x in loads(made)] == [(0, 0, 0)]


def test_a_new_config_keeps_what_is_known_of_those_that_stay() -> None:
    before = router("", "")
    held = take(before)
    config = parse_config(
        "model_list:\n"
        "  - {model_name: m, litellm_params: {model: ollama/x, api_base: 'http://h0:1',"
        " max_parallel_requests: 1}}\n"
        "  - {model_name: n, litellm_params: {model: ollama/x, api_base: 'http://h9:1'}}\n",
        environ={},
    )
    after = Router(config.deployments, config.routing, before=before)
    kept = after.group("m").loads[0]
    assert kept is held.load
    assert kept.alone and kept.limit == 1
    assert after.group("m").take() is None
    held.end()
    assert after.group("m").take() is not None
    assert after.group("n").loads[0].in_flight == 0
