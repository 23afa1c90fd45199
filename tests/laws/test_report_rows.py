"""No row of a report says what is not so: each is held to the bytes that went to real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from itertools import cycle
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.backends.fleet import Fleet
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.translation.dialects.registry import DIALECTS
from core.translation.report.notes import NOTES
from core.translation.report.reasons import FALLBACKS, HOLDS
from tests.laws.basics import booleans, counts, some, texts
from tests.laws.bodies import BODIES
from tests.laws.test_faces import NEW, body_of, conversations
from tests.support.exchange_judge import exchange_faults
from tests.support.report_corpus import BY_HAND, CONFIGURED, MODELS, answering, config_of, requests
from tests.support.report_judge import faults


class Asked:
    """A fleet over both kinds of backends, asked from outside of its loop."""

    def __init__(self, fleet: Fleet, loop: asyncio.AbstractEventLoop) -> None:
        self._fleet = fleet
        self._loop = loop

    def ask(self, dialect: str, body: dict[str, Any]) -> tuple[Exchange, str] | None:
        """Return the exchange and its header, or None where the request was refused."""
        found: tuple[Exchange, str] | None = self._done(self._ask(dialect, body))
        return found

    def _done(self, asking: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(asking, self._loop)
        return future.result(30)

    async def _ask(self, dialect: str, body: dict[str, Any]) -> tuple[Exchange, str] | None:
        try:
            answer = await self._fleet.answer(dialect, json.dumps(body).encode())
        except DiglotError:
            return None
        if answer.rest is not None:
            async for _ in answer.rest:
                pass
        (exchange,) = self._fleet.log.newest(owner="", limit=1)
        return exchange, answer.headers.get("x-diglot-dropped", "")

    async def _count(self, dialect: str, body: dict[str, Any]) -> tuple[Exchange, str] | None:
        try:
            _, losses = await self._fleet.count_tokens(dialect, body)
        except DiglotError:
            return None
        (exchange,) = self._fleet.log.newest(owner="", limit=1)
        return exchange, losses.get("x-diglot-dropped", "")

    def counted(self, dialect: str, body: dict[str, Any]) -> list[str]:
        """Return what is wrong with what is said of a request whose tokens are counted."""
        found: tuple[Exchange, str] | None = self._done(self._count(dialect, body))
        return [*faults(*found, CONFIGURED.get(body["model"], {}))] if found else []

    def held(self, dialect: str, body: dict[str, Any]) -> list[str]:
        """Return what is wrong with the report of a request, its answer and its stream."""
        found = self.ask(dialect, body)
        if found is None:
            return []
        config = CONFIGURED.get(body["model"], {})
        return [*faults(*found, config), *exchange_faults(found[0])]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    with answering() as plain, answering("llamacpp") as llama:
        path = tmp_path_factory.mktemp("reports") / "config.yaml"
        path.write_text(config_of(plain.url, llama.url))
        fleet = Fleet(path, environ={})
        asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(30)
        yield Asked(fleet, loop)
        leaving = asyncio.run_coroutine_threadsafe(fleet.__aexit__(None, None, None), loop)
        leaving.result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)
    loop.close()


def test_every_note_has_a_condition() -> None:
    assert HOLDS.keys() == NOTES.keys()
    assert set(FALLBACKS.values()) <= NOTES.keys()


def test_what_clients_really_send_is_told_truly_by_one_model_each(asked: Asked) -> None:
    told = 0
    for (dialect, body), model in zip(requests(), cycle(MODELS), strict=False):
        wrong = asked.held(dialect, {**body, "model": model})
        assert not wrong, (dialect, body, wrong)
        told += 1
    assert told > 200


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_what_clients_really_send_is_told_truly(asked: Asked, model: str) -> None:
    told = 0
    for dialect, body in requests():
        wrong = asked.held(dialect, {**body, "model": model})
        assert not wrong, (dialect, body, wrong)
        told += 1
    assert told > 200


_new = st.sampled_from(NEW).flatmap(
    lambda dialect: conversations.map(lambda request: (dialect, body_of(dialect, request)))
)
_chat = st.sampled_from(sorted(BODIES)).flatmap(
    lambda dialect: BODIES[dialect].map(lambda body: (dialect, body))
)
_by_hand = st.sampled_from([(d, body) for d, bodies in BY_HAND.items() for body in bodies])


@given(asking=_new | _chat | _by_hand, model=st.sampled_from(MODELS))
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_no_row_says_what_is_not_so(
    asked: Asked, asking: tuple[str, dict[str, Any]], model: str
) -> None:
    dialect, body = asking
    assert not asked.held(dialect, {**body, "model": model})


def counting() -> list[tuple[str, dict[str, Any]]]:
    counted = {name for name, dialect in DIALECTS.items() if dialect.counts_at}
    return [(dialect, body) for dialect, body in requests() if dialect in counted]


def test_what_is_not_counted_is_told_truly_by_one_model_each(asked: Asked) -> None:
    for (dialect, body), model in zip(counting(), cycle(MODELS), strict=False):
        wrong = asked.counted(dialect, {**body, "model": model})
        assert not wrong, (dialect, body, wrong)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_what_is_not_counted_of_a_request_is_told_truly(asked: Asked, model: str) -> None:
    assert len(counting()) > 20
    for dialect, body in counting():
        wrong = asked.counted(dialect, {**body, "model": model})
        assert not wrong, (dialect, body, wrong)


@given(asking=_new, model=st.sampled_from(MODELS))
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_no_row_of_what_is_counted_says_what_is_not_so(
    asked: Asked, asking: tuple[str, dict[str, Any]], model: str
) -> None:
    dialect, body = asking
    assert not asked.counted(dialect, {**body, "model": model})


_inputs = texts | st.lists(texts, min_size=1, max_size=3)
_more = {"truncate": booleans, "keep_alive": st.sampled_from(["5m", -1, 0]),
         "options": st.just({"num_ctx": 64})}  # fmt: skip
_VECTORS = {
    "embeddings": some(
        {"input": _inputs},
        {"dimensions": counts, "encoding_format": st.sampled_from(["float", "base64"]),
         "user": texts, **_more},
    ),
    "embed": some({"input": _inputs}, {"dimensions": counts, **_more}),
    "embed_legacy": some({"prompt": texts}, _more),
}  # fmt: skip


@given(data=st.data(), dialect=st.sampled_from(sorted(_VECTORS)), model=st.sampled_from(MODELS))
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_no_row_on_vectors_says_what_is_not_so(
    asked: Asked, data: st.DataObject, dialect: str, model: str
) -> None:
    body = data.draw(_VECTORS[dialect])
    assert not asked.held(dialect, {**body, "model": model})
