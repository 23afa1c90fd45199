"""The request page stays usable where there is much: exchanges, chunks, bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from streamlit.testing.v1 import AppTest

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from core.exchanges.wire import Wire
from tests.support.scripted_backend import Scripted
from tests.ui.test_pages import ME, ROOT, backend, said, service

pytestmark = pytest.mark.slow

__all__ = ["backend", "service"]

START = 1_700_000_000_000_000_000
# Far above what it takes: a browser's patience, not a measurement.
MOST_SECONDS = 30.0


@contextmanager
def patience() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_SECONDS


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "ui/main.py"), default_timeout=120)
    page.query_params.update({"lang": "en", **query})
    page.run()
    page.switch_page("../pages/requests.py").run()
    assert not page.exception
    return page


def exchange(number: int, *, text: str = "", lines: int = 2) -> Exchange:
    body = {"model": "m", "messages": [{"role": "user", "content": text or f"question {number}"}]}
    wire = Wire("ollama", "/api/chat", json.dumps(body).encode())
    wire.status, wire.streamed = 200, True
    one = Exchange(f"{number:032x}", wire, owner=ME, started=START + number * 1_000_000)
    one.model = "m"
    for place in range(lines):
        last = place == lines - 1
        message = {"message": {"role": "assistant", "content": "word "}, "done": last}
        wire.came(json.dumps(message).encode() + b"\n", one.started + place * 1_000_000)
    one.ended = one.started + lines * 1_000_000
    return one


def test_ten_thousand_exchanges_are_listed_and_filtered(service: Service) -> None:
    service.fleet.log.resize(20_000, 512 * 1024 * 1024)
    for number in range(10_000):
        service.fleet.log.add(exchange(number))
    with patience():
        page = opened()
        assert "Exchanges: 10000" in said(page)
    with patience():
        page.text_input(key="filter_text").set_value("question 1234").run()
        assert not page.exception
        assert "Exchanges: 1," in said(page)
    with patience():
        page.button(key="list_clear").click().run()
        assert not page.exception


def test_fifty_thousand_chunks_on_the_time_axis(service: Service) -> None:
    long = exchange(1, lines=50_000)
    service.fleet.log.add(long)
    with patience():
        page = opened(x=long.id, tab="stream")
    assert "first word after" in said(page)
    with patience():
        (moment,) = page.slider
        moment.set_value(moment.max / 2).run()
    assert not page.exception


@pytest.mark.parametrize("tab", ["fields", "raw", "edit"])
def test_a_body_of_ten_megabytes(service: Service, tab: str) -> None:
    page = opened(tab=tab)
    text = "x" * 10_000_000
    with patience():
        page.text_area(key="pasted").set_value(
            json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
        ).run(timeout=120)
    assert not page.exception
    assert "the same" in said(page)
    shown = [code.value for code in page.code]
    assert all(len(one) <= 300_000 for one in shown), "what is drawn is cut"
    del page


def test_the_backend_is_not_asked_for_any_of_this(service: Service, backend: Scripted) -> None:
    opened()
    assert not backend.bodies("/api/chat")
