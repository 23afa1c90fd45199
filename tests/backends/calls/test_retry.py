"""Which deployment is next: driven without waiting, as a protocol's callbacks would."""

from __future__ import annotations

import asyncio
import gc
import weakref

from core.backends.balancing.load import Lease
from core.backends.balancing.router import Router
from core.backends.calls.retry import Attempts
from core.config.deployment import Deployment
from core.config.routing import Routing
from core.errors import BackendError, BackendUnavailable, DiglotError, InvalidRequest


def deployment(name: str, number: int = 0, **more: object) -> Deployment:
    base = f"http://h{number}"
    return Deployment(
        model_name=name, model="m", dialect="ollama", base_url=base, id=f"{name}{number}", **more
    )  # type: ignore[arg-type]


def taken(attempts: Attempts) -> Lease:
    lease = attempts.take()
    assert lease is not None
    return lease


def test_every_deployment_is_tried_once_and_then_it_is_over() -> None:
    attempts = Attempts(Router([deployment("m", n) for n in range(2)]), "m")
    places = []
    while not attempts.over:
        lease = taken(attempts)
        places.append(lease.load.deployment.id)
        attempts.failed(lease, BackendUnavailable("away"))
        assert lease.load.in_flight == 0
    assert sorted(places) == ["m0", "m1"]
    assert attempts.take() is None
    assert str(attempts.failure()) == "away"
    assert attempts.trail.retries == 1


def test_what_the_client_did_wrong_is_asked_once() -> None:
    attempts = Attempts(Router([deployment("m", n) for n in range(2)]), "m")
    attempts.failed(taken(attempts), InvalidRequest("no"))
    assert attempts.over


def test_a_fallback_comes_after_all_and_the_first_error_is_told() -> None:
    routing = Routing(fallbacks={"a": ("b",)})
    router = Router([deployment("a"), deployment("b")], routing)
    attempts = Attempts(router, "a")
    attempts.failed(taken(attempts), BackendUnavailable("a is away"))
    lease = taken(attempts)
    assert (lease.load.deployment.id, attempts.trail.fallbacks) == ("b0", 1)
    attempts.failed(lease, BackendUnavailable("b is away"))
    assert attempts.over
    assert str(attempts.failure()) == "a is away"


def test_one_that_is_full_is_waited_for_but_not_by_take() -> None:
    router = Router([deployment("m", parallel=1)])
    first = taken(Attempts(router, "m"))
    second = Attempts(router, "m")
    assert second.take() is None
    assert not second.over

    async def wait() -> Lease:
        asyncio.get_running_loop().call_soon(first.end)
        return await anext(second)

    lease = asyncio.run(wait())
    assert lease.load.in_flight == 1


def test_a_retry_of_the_same_one_waits() -> None:
    attempts = Attempts(Router([deployment("m", max_retries=1)]), "m")
    attempts.failed(taken(attempts), BackendError("busy", status=500))
    assert attempts.pause > 0
    attempts.failed(taken(attempts), BackendError("busy", status=500))
    assert attempts.over


def test_an_error_is_freed_once_it_was_raised() -> None:
    class Watched(BackendUnavailable):
        pass

    async def ask() -> None:
        attempts = Attempts(Router([deployment("m")]), "m")
        async for lease in attempts:
            try:
                raise Watched("away")
            except DiglotError as exc:
                attempts.failed(lease, exc)
        raise attempts.failure()

    gc.disable()
    try:
        try:
            ask().send(None)  # asyncio.run keeps its errors in a circle of its own
        except Watched as exc:
            seen = weakref.ref(exc)
        assert seen() is None
    finally:
        gc.enable()
