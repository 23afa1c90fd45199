"""The log: bounded, by owner, filtered, and quick with ten thousand exchanges."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from core.exchanges.exchange import Exchange
from core.exchanges.key_rules import key_rules
from core.exchanges.log import ExchangeLog, Filter, Watch, settle
from core.exchanges.wire import Wire


def exchange(identity: str, owner: str = "me", body: bytes = b"{}", **more: Any) -> Exchange:
    path = more.pop("path", "/api/chat")
    dialect = more.pop("dialect", "ollama")
    wire = Wire(dialect, path, body, headers=more.pop("headers", ()))
    one = Exchange(identity, wire, owner=owner, started=more.pop("started", 1))
    one.client.status = more.pop("status", 200)
    for name, value in more.items():
        setattr(one, name, value)
    return one


def test_the_oldest_are_forgotten_by_number_and_by_bytes() -> None:
    log = ExchangeLog(3)
    for number in range(5):
        log.add(exchange(str(number)))
    assert [e.id for e in log.newest(owner="me")] == ["4", "3", "2"]
    small = ExchangeLog(1000, limit_bytes=10_000)
    for number in range(64):
        small.add(exchange(str(number), body=b"x" * 1000))
    kept = small.newest(owner="me", limit=100)
    assert sum(e.size for e in kept) <= 10_000 + 16_000
    assert kept[0].id == "63"


def test_what_grows_after_it_was_added_counts() -> None:
    log = ExchangeLog(1000, limit_bytes=100_000)
    for number in range(64):
        one = exchange(str(number))
        log.add(one)
        one.client.came(b"y" * 10_000, 1)
        one.ended = 2
    kept = log.newest(owner="me", limit=100)
    assert sum(e.size for e in kept) <= 100_000 + 16 * 10_200 and len(kept) < 40


def test_nobody_sees_what_is_not_theirs_and_an_operator_sees_all() -> None:
    log = ExchangeLog()
    log.add(exchange("a", owner="ada"))
    log.add(exchange("b", owner="bob"))
    log.add(exchange("c", owner=""))
    assert [e.id for e in log.newest(owner="ada")] == ["a"]
    assert log.get("b", owner="ada") is None
    assert log.get("a", owner="ada") is not None
    assert [e.id for e in log.newest(owner="ada", everyone=True)] == ["c", "b", "a"]
    assert log.get("b", owner="ada", everyone=True) is not None
    assert log.forget(lambda owner: owner == "bob") == 1
    assert log.count(owner="", everyone=True) == 2


HELLO = json.dumps({"messages": [{"role": "user", "content": "你好 World"}]}).encode()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(path="/v1"), ["b"]),
        (Filter(model="QWEN"), ["a"]),
        (Filter(status="4xx"), ["c"]),
        (Filter(status="404"), ["c"]),
        (Filter(status="error"), ["c"]),
        (Filter(status="open"), ["a", "b", "c"]),
        (Filter(dialect="openai"), ["b"]),
        (Filter(agent="python"), ["a"]),
        (Filter(since=2), ["b", "c"]),
        (Filter(text="你好"), ["a"]),
        (Filter(text="world"), ["a"]),
        (Filter(text="bonjour"), ["b"]),
        (Filter(text="再见"), ["b"]),
        (Filter(text="no such"), ["c"]),
        (Filter(text="nowhere"), []),
        (Filter(), ["a", "b", "c"]),
    ],
)
def test_each_filter_finds_what_it_says(wanted: Filter, found: list[str]) -> None:
    log = ExchangeLog()
    agent = [(b"user-agent", b"python-httpx/1")]
    log.add(exchange("a", body=HELLO, model="qwen3:4b", started=1, headers=agent))
    spoken = exchange("b", path="/v1/chat/completions", dialect="openai", started=2)
    spoken.client.came(b'data: {"choices":[{"delta":{"content":"Bon"}}]}\n\n', 3)
    spoken.client.came(b'data: {"choices":[{"delta":{"content":"jour \\u518d"}}]}\n\n', 3)
    spoken.client.came('data: {"choices":[{"delta":{"content":"见"}}]}\n\n'.encode(), 3)
    log.add(spoken)
    log.add(exchange("c", status=404, started=3, error="no such model"))
    assert sorted(e.id for e in log.newest(owner="me", wanted=wanted)) == found
    assert log.count(owner="me", wanted=wanted) == len(found)


def test_pausing_and_clearing_one_list_changes_no_other() -> None:
    log = ExchangeLog()
    for number in range(1, 5):
        log.add(exchange(str(number), started=number * 10))
    watch = Watch().cleared(15)
    assert [e.id for e in watch.list(log, owner="me")] == ["4", "3", "2"]
    still = watch.paused(35)
    assert [e.id for e in still.list(log, owner="me")] == ["3", "2"]
    assert [e.id for e in still.resumed().list(log, owner="me")] == ["4", "3", "2"]
    assert len(log.newest(owner="me")) == 4


def test_the_one_before_is_of_the_same_owner_model_and_api() -> None:
    log = ExchangeLog()
    log.add(exchange("a", model="m", started=1, ended=2))
    log.add(exchange("b", model="other", started=3, ended=4))
    log.add(exchange("c", owner="you", model="m", started=3, ended=4))
    now = exchange("d", model="m", started=5)
    log.add(now)
    before = log.previous(now)
    assert before is not None and before.id == "a"
    assert log.previous(before) is None


@pytest.mark.slow
def test_ten_thousand_are_opened_and_filtered_quickly(
    record_property: Callable[[str, object], None],
) -> None:
    log = ExchangeLog(10_000, limit_bytes=1 << 30)
    pieces = [b'{"message":{"role":"assistant","content":" word%d"}}\n' % i for i in range(40)]
    for number in range(10_000):
        body = json.dumps({"messages": [{"role": "user", "content": f"question {number} " * 20}]})
        one = exchange(str(number), body=body.encode(), model=f"m{number % 7}", started=number + 1)
        for piece in pieces:
            one.client.came(piece, 1)
        one.ended = 2
        log.add(one)
    spent = {}
    for name, wanted in {
        "open": None,
        "model": Filter(model="m3"),
        "status": Filter(status="error"),
        "text, once": Filter(text="question 77 "),
        "text, again": Filter(text="question 78 "),
    }.items():
        began = time.process_time()
        log.newest(owner="me", wanted=wanted, limit=50)
        spent[name] = time.process_time() - began
    for name, seconds in spent.items():
        record_property(name, f"{seconds * 1000:.1f} ms")
    assert spent["open"] < 0.5 and spent["model"] < 0.5 and spent["status"] < 0.5
    assert spent["text, once"] < 10 and spent["text, again"] < 3


def test_what_has_ended_is_masked_and_compressed_once_there_is_time() -> None:
    log = ExchangeLog()
    key = "hf_" + "abcdefghijklmnopqrst"
    body = json.dumps({"prompt": f"the key is {key}" + " and so on" * 500}).encode()
    ended, open_ = exchange("a", body=body), exchange("b", body=body)
    for one in (ended, open_):
        log.add(one)
        for piece in (b'{"response":"%b"}\n' % key.encode(), b'{"response":" a"}\n' * 500):
            one.client.came(piece, 1)
    before = ended.size
    ended.end()
    while log.settle(0.001):
        pass
    assert ended.size * 10 < before
    assert open_.size == before
    for one in (ended, open_):
        assert key.encode() not in one.client.request + one.client.response
        assert one.client.request.endswith(b"so on" + b'"}')
        assert [len(data) for _, data in one.client.chunks][1:] == [9000]
        assert one.client.tail(18) == b'{"response":" a"}\n'
    assert log.newest(owner="me", wanted=Filter(text="and so on")) == [open_, ended]


@pytest.mark.parametrize("settled", [True, False])
def test_one_that_goes_on_after_its_end_is_settled_at_its_last(settled: bool) -> None:
    log, one = ExchangeLog(), exchange("a")
    log.add(one)
    one.client.came(b"first" * 100, 1)
    one.end()
    if settled:
        log.settle(1)
    one.begin_again()
    log.settle(1)
    one.client.came(b"second" * 100, 2)
    one.client.came(b"third", 3)
    assert one.client.response == b"second" * 100 + b"third"
    one.end()
    size = one.size
    assert not log.settle(1)
    assert one.size < size and one.client.response == b"second" * 100 + b"third"


@pytest.mark.parametrize(("each", "least", "most"), [(1, 8, 40), (500, 1, 6)])
async def test_under_full_load_nothing_is_masked_that_nobody_will_see(
    each: int, least: int, most: int
) -> None:
    class Log:
        added = looks = 0

        @property
        def state(self) -> tuple[int, int]:
            return self.added, 1

        def settle(self, seconds: float) -> bool:
            self.looks += 1
            self.added += each
            return True

    key_rules()
    log = Log()
    settling = asyncio.create_task(settle(cast(ExchangeLog, log)))
    await asyncio.sleep(0.4)
    settling.cancel()
    assert least <= log.looks <= most
