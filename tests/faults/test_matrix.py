"""Every fault of a backend, in every dialect, streaming or not, with another backend or without.

The client gets the other backend's answer, or its dialect's own error, in bounded time; and then
nothing is in work any more, neither here nor at the backend.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from tests.faults.asking import CLIENT_DIALECTS, Outcome, ask
from tests.faults.backend import FAULTS, Faulty, running
from tests.support.programs import CLOSED
from tests.support.threads import serving_app

pytestmark = pytest.mark.slow

CONFIG = """
model_list:
  - {{model_name: "ollama-1/*", litellm_params: {{model: "ollama/*", api_base: "{bad}",
     timeout: 3}}}}
  - {{model_name: "openai-1/*", litellm_params: {{model: "openai/*", api_base: "{bad}",
     timeout: 3}}}}
  - {{model_name: "ollama-2/*", litellm_params: {{model: "ollama/*", api_base: "{bad}", timeout: 3,
     order: 1}}}}
  - {{model_name: "ollama-2/*", litellm_params: {{model: "ollama/good", api_base: "{good}"}}}}
  - {{model_name: "openai-2/*", litellm_params: {{model: "openai/*", api_base: "{bad}", timeout: 3,
     order: 1}}}}
  - {{model_name: "openai-2/*", litellm_params: {{model: "openai/good", api_base: "{good}"}}}}
{places}
router_settings: {{disable_cooldowns: true}}
"""
PLACES = {"refused": CLOSED, "no_such_host": "http://nowhere.invalid:1"}

WHOLE_MATRIX = [*(name for name in FAULTS if name not in ("good", "paced", "oversize")), *PLACES]
SECONDS = 40.0
"""No answer takes longer than this, on however busy a machine: the timeout above is 3 s."""

# Faults that show only once something of a stream has been sent.
LATE = {"reset_inside", "closed_inside", "stall_inside", "truncated", "unfinished", "error_inside"}
# What the client did wrong is not asked of anybody else.
OWN = {"status_400", "status_400_long"}
STATUS = {
    "stall_before": {504},
    "stall_inside": {504},
    "drip": {504},
    "refused": {503},
    # 504 where the name server itself is silent.
    "no_such_host": {503, 504},
    "error_first": {500, 502},
    "error_inside": {500},
    "html_error": {502},
    **{name: {int(name[7:10])} for name in FAULTS if name.startswith("status_")},
}


class Gateway(NamedTuple):
    url: str
    fleet: Fleet
    bad: Faulty
    good: Faulty


def places(good: str) -> str:
    lines = []
    for name, url in PLACES.items():
        for kind in ("ollama", "openai"):
            entry = f"litellm_params: {{model: {kind}/x, api_base: '{url}', timeout: 3"
            lines.append(f"  - {{model_name: {kind}-1/{name}, {entry}}}}}")
            lines.append(f"  - {{model_name: {kind}-2/{name}, {entry}, order: 1}}}}")
            entry = f"litellm_params: {{model: {kind}/good, api_base: '{good}'}}"
            lines.append(f"  - {{model_name: {kind}-2/{name}, {entry}}}")
    return "\n".join(lines)


@contextmanager
def serving(fleet: Fleet) -> Iterator[str]:
    """Serve a fleet in a thread of its own."""
    with serving_app(create_app(fleet)) as url:
        yield url


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    path: Path = tmp_path_factory.mktemp("faults") / "config.yaml"
    with running() as bad, running() as good:
        path.write_text(CONFIG.format(bad=bad.url, good=good.url, places=places(good.url)))
        fleet = Fleet(path)
        with serving(fleet) as url:
            yield Gateway(url, fleet, bad, good)


class Case(NamedTuple):
    client_dialect: str
    stream: bool
    kind: str
    second: bool
    token: str


async def outcomes(place: Gateway, fault: str, cases: list[Case]) -> list[Outcome]:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=place.url, timeout=SECONDS, limits=limits) as client:
        return await asyncio.gather(
            *(
                ask(client, case.client_dialect, f"{case.kind}-{1 + case.second}/{fault}",
                    case.token, stream=case.stream)
                for case in cases
            )
        )  # fmt: skip


async def settled(place: Gateway) -> None:
    """Wait until nothing is in work; it must not take long."""
    end = time.monotonic() + 20
    while True:
        left = [
            (load.deployment.model_name, load.in_flight, load.waiting, load.host.in_flight)
            for load in place.fleet.loads
            if load.in_flight or load.waiting or load.host.in_flight
        ]
        if not (left or place.bad.working or place.good.working):
            return
        assert time.monotonic() < end, (left, place.bad.working, place.good.working)
        await asyncio.sleep(0.02)


NUMBERS = itertools.count()


@pytest.mark.parametrize("fault", WHOLE_MATRIX)
async def test_a_fault_is_an_answer_or_a_proper_error(place: Gateway, fault: str) -> None:
    cases = [
        Case(client_dialect, stream, kind, second, f"token-{next(NUMBERS)}")
        for client_dialect in CLIENT_DIALECTS
        for stream in (False, True)
        for kind in ("ollama", "openai")
        for second in (False, True)
    ]
    for case, outcome in zip(cases, await outcomes(place, fault, cases), strict=True):
        expect(fault, case, outcome)
    await settled(place)


def expect(fault: str, case: Case, outcome: Outcome) -> None:
    seen = (fault, case, outcome)
    if fault == "bad_utf8" and outcome.error is None:
        # Bytes that are no text may be mended, as Ollama's own client does it.
        assert outcome.complete and case.token in outcome.text, seen
    elif (fault == "drip" and case.stream) or (
        case.second and fault not in OWN and not (fault in LATE and case.stream)
    ):
        assert (outcome.status, outcome.error) == (200, None), seen
        assert outcome.complete and outcome.text == case.token, seen
    elif fault in LATE and case.stream:
        # It has begun well, so only the stream itself can say that it went wrong.
        assert outcome.status == 200 and not outcome.complete, seen
        assert outcome.error, seen
        assert case.token.startswith(outcome.text) or outcome.text == case.token, seen
    else:
        assert outcome.status in STATUS.get(fault, {502}), seen
        assert outcome.error, seen
        assert "Traceback" not in outcome.error and "<html" not in outcome.error, seen
        waits = {"status_429_wait": "7", "status_503": "3"}
        assert outcome.headers.get("retry-after") == waits.get(fault), seen


@pytest.mark.parametrize("kind", ["ollama", "openai"])
async def test_a_record_without_end_is_an_error(place: Gateway, kind: str) -> None:
    case = Case("openai", True, kind, False, "token-x")
    (outcome,) = await outcomes(place, "oversize", [case])
    assert (outcome.status, outcome.complete) in ((502, False), (200, False))
    assert "more than" in (outcome.error or "")
    await settled(place)


async def test_nothing_is_asked_twice_once_it_was_answered(place: Gateway) -> None:
    cases = [Case(client_dialect, stream, "ollama", False, f"token-{next(NUMBERS)}")
             for client_dialect in CLIENT_DIALECTS for stream in (False, True)]  # fmt: skip
    for case, outcome in zip(cases, await outcomes(place, "good", cases), strict=True):
        assert outcome.complete and outcome.text == case.token
        assert place.bad.tokens[case.token] == 1
