"""A fleet of backends under one name: retries, fallbacks, queues, what is loaded, a new config."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from core.backends.calls.answer import Answer
from core.backends.fleet import Fleet
from core.errors import BackendError, BackendUnavailable, DiglotError, Unsupported
from core.exchanges.exchange import Exchange
from tests.faults.backend import Faulty, running
from tests.support.programs import CLOSED
from tests.support.scripted_backend import Said, Scripted
from tests.support.scripted_backend import running as scripted_running

HELLO = [{"role": "user", "content": "token-1"}]
NATIVE = "/api/chat"
GOOD = {
    "model": "m", "created_at": "2026-01-01T00:00:00Z", "done": True, "done_reason": "stop",
    "message": {"role": "assistant", "content": "hello"}, "prompt_eval_count": 3, "eval_count": 2,
}  # fmt: skip


@pytest.fixture
def bad() -> Iterator[Faulty]:
    with running() as backend:
        yield backend


@pytest.fixture
def good() -> Iterator[Faulty]:
    with running() as backend:
        yield backend


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with scripted_running() as backend:
        yield backend


@asynccontextmanager
async def fleet(folder: Path, models: str, more: str = "") -> AsyncIterator[Fleet]:
    """Open a fleet whose config has these entries of model_list."""
    path = folder / "config.yaml"
    path.write_text(f"model_list:\n{models}\n{more}")
    async with Fleet(path, environ={}) as opened:
        assert opened.config.warnings == ()
        yield opened


def entry(name: str, model: str, url: str, params: str = "") -> str:
    more = f", {params}" if params else ""
    return (
        f"  - {{model_name: {name}, litellm_params: {{model: {model}, api_base: '{url}'{more}}}}}\n"
    )


async def ask(opened: Fleet, model: str, *, client_dialect: str = "openai", **more: Any) -> Answer:
    body = {"model": model, "messages": HELLO, **more}
    return await opened.answer(client_dialect, json.dumps(body).encode())


async def rest_of(answer: Answer) -> bytes:
    pieces = [answer.body]
    if answer.rest is not None:
        pieces += [piece async for piece in answer.rest]
    return b"".join(pieces)


def kept(opened: Fleet, answer: Answer) -> Exchange:
    exchange = opened.log.get(answer.headers["x-diglot-id"], owner="")
    assert exchange is not None
    return exchange


def busy(opened: Fleet) -> list[tuple[int, int, int]]:
    return [(x.in_flight, x.waiting, x.host.in_flight) for x in opened.loads]


async def until(true: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


# Fallbacks -------------------------------------------------------------------------------------


async def test_another_name_answers_under_the_name_that_was_asked(
    tmp_path: Path, bad: Faulty, good: Faulty
) -> None:
    models = entry("a", "ollama/status_500", bad.url) + entry("b", "openai/good", good.url)
    async with fleet(tmp_path, models, "router_settings: {fallbacks: [{a: [b]}]}") as opened:
        for stream in (False, True):
            answer = await ask(opened, "a", stream=stream)
            data = await rest_of(answer)
            assert (b"[DONE]" if stream else b"token-1") in data
            assert b'"model":"a"' in data
            trail = kept(opened, answer).trail
            assert trail is not None and trail.deployment is not None
            assert (trail.group, trail.fallbacks, trail.retries) == ("b", 1, 0)
            assert [wire.status for wire in kept(opened, answer).backend] == [500, 200]
            assert kept(opened, answer).error == ""
        assert (bad.asked["status_500"], good.asked["good"]) == (2, 2)
        assert set(busy(opened)) == {(0, 0, 0)}


async def test_the_first_error_is_told_where_all_fail(tmp_path: Path, bad: Faulty) -> None:
    models = entry("a", "ollama/status_503", bad.url) + entry("b", "ollama/status_500", bad.url)
    async with fleet(tmp_path, models, "router_settings: {default_fallbacks: [b]}") as opened:
        with pytest.raises(BackendError) as caught:
            await ask(opened, "a")
        assert (caught.value.status, caught.value.retry_after) == (503, 3.0)
        assert (bad.asked["status_503"], bad.asked["status_500"]) == (1, 1)


async def test_a_conversation_that_is_too_long_goes_to_a_longer_context(
    tmp_path: Path, bad: Faulty, good: Faulty
) -> None:
    models = (
        entry("short", "ollama/status_400_long", bad.url)
        + entry("wrong", "ollama/status_400", bad.url)
        + entry("long", "ollama/good", good.url)
    )
    settings = (
        "router_settings: {default_fallbacks: [long], context_window_fallbacks: [{short: [long]}]}"
    )
    async with fleet(tmp_path, models, settings) as opened:
        assert b"token-1" in (await ask(opened, "short")).body
        with pytest.raises(BackendError) as caught:
            await ask(opened, "wrong")  # what is wrong in itself is not asked of others
        assert caught.value.status == 400


# Retries ---------------------------------------------------------------------------------------


def refusing(times: int, **headers: str) -> list[Said]:
    no = Said([b'{"error":"busy"}'], status=503, headers=headers)
    return [*[no] * times, Said([json.dumps(GOOD).encode()])]


@pytest.mark.slow
async def test_the_only_one_is_asked_again_where_the_config_says_so(
    tmp_path: Path, scripted: Scripted
) -> None:
    scripted.says(NATIVE, *refusing(2))
    settings = "router_settings: {num_retries: 2}"
    async with fleet(tmp_path, entry("a", "ollama/m", scripted.url), settings) as opened:
        answer = await ask(opened, "a")
        trail = kept(opened, answer).trail
        assert trail is not None and trail.retries == 2
        scripted.says(NATIVE, *refusing(3))
        with pytest.raises(BackendError):
            await ask(opened, "a")
    scripted.says(NATIVE, *refusing(1))
    async with fleet(tmp_path, entry("a", "ollama/m", scripted.url)) as opened:
        with pytest.raises(BackendError):
            await ask(opened, "a")


async def test_a_backend_that_says_when_is_waited_for(tmp_path: Path, scripted: Scripted) -> None:
    scripted.says(NATIVE, *refusing(1, **{"retry-after": "1"}))
    settings = "litellm_settings: {num_retries: 1}"
    async with fleet(tmp_path, entry("a", "ollama/m", scripted.url), settings) as opened:
        started = time.monotonic()
        await ask(opened, "a")
        assert time.monotonic() - started >= 1
        scripted.says(NATIVE, *refusing(1, **{"retry-after": "500"}))
        with pytest.raises(BackendError) as caught:  # nobody waits that long
            await ask(opened, "a")
        assert caught.value.retry_after == 500


async def test_a_stream_that_has_begun_is_never_asked_for_again(
    tmp_path: Path, bad: Faulty, good: Faulty
) -> None:
    models = entry("a", "ollama/closed_inside", bad.url, "order: 1, max_retries: 5") + entry(
        "a", "ollama/good", good.url
    )
    settings = "router_settings: {default_fallbacks: [b]}"
    async with fleet(tmp_path, models + entry("b", "ollama/good", good.url), settings) as opened:
        data = await rest_of(await ask(opened, "a", stream=True))
        assert b"error" in data and b"[DONE]" not in data
        assert bad.asked["closed_inside"] == 1 and not good.asked
        assert set(busy(opened)) == {(0, 0, 0)}
        assert opened.loads[0].failed_total == 1


async def test_a_kept_connection_that_was_just_closed_is_no_failure(tmp_path: Path) -> None:
    body = json.dumps(GOOD).encode()
    heard: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            for number in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
                await reader.readexactly(size)
                heard.append(number)
                if number == 0:  # the second on one connection is never answered
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                                 b"content-length: %d\r\n\r\n%b" % (len(body), body))  # fmt: skip
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, fleet(tmp_path, entry("a", "ollama/m", url)) as opened:
        for _ in range(3):
            assert b"hello" in (await ask(opened, "a")).body
        assert heard == [0, 1, 0, 1, 0]
        assert opened.loads[0].failed_total == 0


# Queues and what is loaded ----------------------------------------------------------------------


async def test_requests_wait_for_a_full_backend_in_turn(tmp_path: Path, bad: Faulty) -> None:
    models = entry("a", "ollama/drip", bad.url, "max_parallel_requests: 2")
    queue = "diglot: {queue: {length: 3}}"
    async with fleet(tmp_path, models, queue) as opened:
        streams = [asyncio.create_task(ask(opened, "a", stream=True)) for _ in range(2)]
        answers = await asyncio.gather(*streams)
        waiting = [asyncio.create_task(ask(opened, "a", stream=True)) for _ in range(3)]
        await until(lambda: opened.loads[0].waiting == 3)
        with pytest.raises(BackendUnavailable, match="a is busy") as caught:
            await ask(opened, "a", stream=True)
        assert caught.value.status == 503 and caught.value.retry_after
        waiting[0].cancel()  # a client that leaves the queue
        for answer in answers:
            assert b"[DONE]" in await rest_of(answer)
        for answer in await asyncio.gather(*waiting[1:]):
            assert b"[DONE]" in await rest_of(answer)
        assert busy(opened) == [(0, 0, 0)]
        assert bad.asked["drip"] == 4


async def test_a_model_is_asked_for_where_it_is_in_memory(
    tmp_path: Path, bad: Faulty, good: Faulty
) -> None:
    good.loaded = ["m:latest"]
    models = entry("a", "ollama/m", bad.url) + entry("a", "ollama/m", good.url)
    async with fleet(tmp_path, models, "diglot: {routing: {busy: 2}}") as opened:
        await until(lambda: all(x.host.loaded is not None for x in opened.loads))
        for load in opened.loads:
            load.host.models = None  # these servers keep no list of what they have
        for _ in range(6):
            await ask(opened, "a")
        assert (bad.asked["m"], good.asked["m"]) == (0, 6)


# The config ------------------------------------------------------------------------------------


async def test_a_changed_file_is_taken_on_while_streams_go_on(
    tmp_path: Path, bad: Faulty, good: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.backends.polling._FILES_EVERY", 0.1)
    async with fleet(tmp_path, entry("a", "ollama/drip", bad.url)) as opened:
        answer = await ask(opened, "a", stream=True)
        path = tmp_path / "config.yaml"
        path.write_text("model_list:\n" + entry("a", "ollama/good", good.url) + "include: [b.yaml]")
        (tmp_path / "b.yaml").write_text("model_list:\n" + entry("b", "ollama/good", good.url))
        await until(lambda: len(opened.config.deployments) == 2)
        assert b"[DONE]" in await rest_of(answer)
        await ask(opened, "b")
        path.write_text("model_list: [{model_name: a}]")
        await until(lambda: opened.status().config_error)
        assert "model_list[0].litellm_params is missing (line 1)" in opened.status().config_error
        assert b"token-1" in (await ask(opened, "a")).body  # the earlier one stays
        path.write_text("model_list:\n" + entry("c", "ollama/good", good.url))
        await until(lambda: not opened.status().config_error)
        assert b"token-1" in (await ask(opened, "c")).body
        with pytest.raises(BackendError, match="not found"):
            await ask(opened, "a")
        assert busy(opened) == [(0, 0, 0)]


async def test_headers_are_added_and_fields_are_taken_out(
    tmp_path: Path, scripted: Scripted
) -> None:
    scripted.json(NATIVE, GOOD)
    scripted.json(
        "/v1/chat/completions",
        {
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "x"},
                    "finish_reason": "stop",
                }
            ],
        },
    )
    params = "extra_headers: {X-Team: blue}, additional_drop_params: [seed, 'messages[*].name']"
    models = entry("a", "ollama/m", scripted.url, params) + entry(
        "b", "openai/m", scripted.url, params)  # fmt: skip
    async with fleet(tmp_path, models) as opened:
        named = [{**HELLO[0], "name": "ann"}]
        for name in ("a", "b"):
            await ask(opened, name, seed=4, temperature=0, messages=named)
    assert all("x-team: blue" in head.lower() for head in scripted.heads[-2:])
    assert scripted.bodies(NATIVE)[0]["options"] == {"temperature": 0}
    passed = scripted.bodies("/v1/chat/completions")[0]
    assert "seed" not in passed and passed["temperature"] == 0
    assert passed["messages"] == HELLO


async def test_a_deployment_may_be_strict(tmp_path: Path, good: Faulty) -> None:
    models = entry("a", "ollama/good", good.url, "drop_params: false") + entry(
        "b", "ollama/good", good.url
    )
    async with fleet(tmp_path, models) as opened:
        with pytest.raises(Unsupported, match="logit_bias"):
            await ask(opened, "a", logit_bias={"1": 2})
        answer = await ask(opened, "b", logit_bias={"1": 2})
        assert answer.headers["x-diglot-dropped"] == "logit_bias"


async def test_aliases_are_listed_unless_they_are_hidden(tmp_path: Path, good: Faulty) -> None:
    settings = "router_settings: {model_group_alias: {b: a, c: {model: a, hidden: true}}}"
    async with fleet(tmp_path, entry("a", "ollama/good", good.url), settings) as opened:
        assert [model["name"] for model in await opened.models()] == ["a", "b"]
        for name in ("b", "c"):
            assert f'"model":"{name}"'.encode() in (await ask(opened, name)).body


# OpenAI's servers count in a stream only where the client asks them to.
COUNTED = [
    ("ollama", "ollama", False),
    ("ollama", "ollama", True),
    ("ollama", "openai", False),
    ("ollama", "openai", True),
    ("openai", "openai", False),
    ("openai", "ollama", False),
]


@pytest.mark.parametrize(("kind", "client_dialect", "stream"), COUNTED)
async def test_tokens_are_counted_against_tpm(
    tmp_path: Path, good: Faulty, kind: str, client_dialect: str, stream: bool
) -> None:
    models = entry("a", f"{kind}/good", good.url, "tpm: 5")
    async with fleet(tmp_path, models) as opened:
        await rest_of(await ask(opened, "a", client_dialect=client_dialect, stream=stream))
        assert opened.loads[0].tokens == 5
        with pytest.raises(DiglotError) as caught:
            await ask(opened, "a", client_dialect=client_dialect)
        assert caught.value.status == 429 and caught.value.retry_after


async def test_a_host_that_is_not_there_fails_at_once(tmp_path: Path) -> None:
    async with fleet(tmp_path, entry("a", "ollama/m", CLOSED)) as opened:
        started = time.monotonic()
        with pytest.raises(BackendUnavailable, match="ollama serve"):
            await ask(opened, "a")
        assert time.monotonic() - started < 5


async def test_what_a_model_can_do_is_known_without_waiting_once_asked(
    tmp_path: Path, scripted: Scripted
) -> None:
    scripted.json("/api/show", {"capabilities": ["completion", "tools"], "model_info": {}})
    async with fleet(tmp_path, entry("a", "ollama/m", scripted.url)) as opened:
        assert opened.known_capabilities("a") is None
        assert opened.known_capabilities("nobody") is None
        found = await opened.capabilities("a")
        assert found == {"completion", "tools"}
        assert opened.known_capabilities("a") == found
        assert len(scripted.heads) == 1
