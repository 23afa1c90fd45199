"""All that is kept of one person: exported, erased everywhere, deleted by age and size."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest

from core.chats.jobs.journal import Journal, Unsaved, journal_folder
from core.chats.store.growing import Piece
from core.chats.store.store import Store
from core.chats.values.chat import ChatOptions
from core.chats.values.owners import key_owner, person_owner
from core.config.config import Captures, load_config
from core.exchanges.disk import CaptureFolder, expire
from core.exchanges.exchange import Exchange
from core.exchanges.log import ExchangeLog
from core.exchanges.wire import Wire
from core.gateway.endpoints.kept_answers import SharedAnswers
from core.people import Places, main
from core.translation.messages import Message, Text
from tests.chats.conftest import running_postgresql, url
from tests.gateway.test_app import DONE, NATIVE
from tests.support.programs import GatewayProgram, until
from tests.support.redis_server import Redis, redis_server
from tests.support.scripted_backend import running

__all__ = ["redis_server", "running_postgresql", "url"]

ANN = person_owner("https://id.example.org", "42")
BEN = key_owner("ben")


def said(text: str) -> Message:
    return Message(role="user", parts=(Text(text),))


def fill(store: Store, owner: str) -> None:
    """Keep something of an owner in every table."""
    chat = store.create_chat(owner, title=f"of {owner}")
    asked = store.add_message(owner, chat.id, said(f"secret of {owner}"), parent_id=None)
    row = store.add_message(
        owner, chat.id, said("half"), parent_id=asked.id, state="running", writer="w"
    )
    store.growing.append(owner, row.id, "w", Piece(number=1, text=" more"))
    store.handovers.offer(owner, row.id, ChatOptions(model="m"))
    store.hide_message(owner, row.id)
    store.presets.save(owner, "short", "Be short.")
    store.matrices.keep_toolbox(owner, "{}")
    store.entries.add(owner, "ab" * 32, now=1)


def exchange(owner: str, started: int) -> Exchange:
    one = Exchange(f"{started}-{owner[:4]}", Wire("openai", "/v1/chat/completions", b"{}"),
                   owner=owner, started=started)  # fmt: skip
    one.ended = started + 1
    return one


@pytest.fixture
def places(url: str, tmp_path: Path, redis_server: Redis) -> tuple[Path, Store]:
    """Something of two people in every place."""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"router_settings: {{redis_url: '{redis_server.url}'}}\n"
        "diglot: {captures: {folder: kept}}"
    )
    store = Store(url)
    captures = CaptureFolder(load_config(config).captures)
    journal = Journal(journal_folder(tmp_path, url))
    for owner in (ANN, BEN):
        fill(store, owner)
        captures.save([exchange(owner, time.time_ns())])
        journal.keep(
            Unsaved(
                owner=owner,
                message_id=f"m{owner[:3]}",
                writer="w",
                message=said("unsaved"),
                state="running",
                steps=(),
                numbers={},
                finish_reason="",
                error=None,
                exchanges=(),
            )
        )
    return config, store


async def keep_responses(redis_url: str) -> None:
    answers = SharedAnswers(lambda: redis_url)
    for owner in (ANN, BEN):
        await answers.add([{"text": owner}], {"id": f"resp_{owner[:4]}"}, owner=owner)
    await answers.delete("resp_gone")
    await answers.aclose()


async def test_one_command_erases_a_person_everywhere_and_says_what(
    places: tuple[Path, Store],
    url: str,
    tmp_path: Path,
    redis_server: Redis,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    config, store = places
    await keep_responses(redis_server.url)
    monkeypatch.setattr("core.people.data_folder", lambda: tmp_path)
    who = ["--subject", "42", "--issuer", "https://id.example.org", "-c", str(config)]
    environ = {"DIGLOT_DATABASE": url}
    assert main(["export", *who], environ) == 0
    exported = json.loads(capfdbinary.readouterr().out)
    assert {place: len(rows) for place, rows in exported.items()} == {
        "chats": 1, "presets": 1, "toolboxes": 1, "matrices": 0, "messages": 2, "words": 1,
        "pieces": 1, "handovers": 1, "matrix_results": 0, "entries": 1, "unsaved": 1,
        "captures": 1, "stored_answers": 1,
    }  # fmt: skip
    text = json.dumps(exported)
    assert f"secret of {ANN}" in text and BEN not in text
    assert main(["erase", *who], environ) == 0
    told = capfdbinary.readouterr().out.decode().split()
    assert dict(zip(told[1::2], map(int, told[::2]), strict=True)) == {
        place: len(rows) for place, rows in exported.items()
    }
    left = Places(load_config(config), url, tmp_path)
    assert not any(left.everything(ANN).values())
    assert all(rows for place, rows in left.everything(BEN).items() if "matri" not in place)
    left.close()
    assert [found.chat.owner for found in store.search.find(BEN, "secret")] == [BEN]
    store.close()
    if url.startswith("sqlite"):
        # Not in a page that is free, either.
        folder = Path(url.removeprefix("sqlite:///")).parent
        assert not [f for f in folder.glob("chats.db*") if ANN.encode() in f.read_bytes()]


@pytest.mark.slow
def test_a_running_gateway_forgets_whom_the_command_erases(
    tmp_path: Path, redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.people.data_folder", lambda: tmp_path)
    keys = {name: f"sk-{name}-not-a-secret-0123456789" for name in ("ann", "ben")}
    listed = ", ".join(f"{{name: {name}, key: {key}}}" for name, key in keys.items())
    config = tmp_path / "config.yaml"
    with running() as backend:
        backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "hello"}})
        config.write_text(
            f"model_list: [{{model_name: m, litellm_params: {{model: ollama/m, api_base: "
            f"'{backend.url}'}}}}]\nrouter_settings: {{redis_url: '{redis_server.url}'}}\n"
            f"diglot: {{keys: [{listed}]}}"
        )
        gateway = GatewayProgram(config, log=tmp_path / "log")
        gateway.start()
        try:
            gateway.up()
            ids = {}
            for name, key in keys.items():
                with httpx.Client(headers={"authorization": f"Bearer {key}"}) as client:
                    body = {"model": "m", "input": "my secret"}
                    ids[name] = client.post(f"{gateway.url}/v1/responses", json=body).json()["id"]

            def left(name: str) -> tuple[int, int]:
                headers = {"authorization": f"Bearer {keys[name]}"}
                kept = httpx.get(f"{gateway.url}/diglot/exchanges", headers=headers).json()
                url = f"{gateway.url}/v1/responses/{ids[name]}"
                return len(kept["data"]), httpx.get(url, headers=headers).status_code

            assert left("ann") == left("ben") == (1, 200)
            environ = {"DIGLOT_DATABASE": f"sqlite:///{tmp_path}/chats.db"}
            assert main(["erase", "--key", "ann", "-c", str(config)], environ) == 0
            until(lambda: left("ann") == (0, 404))
            assert left("ben") == (1, 200)
        finally:
            gateway.stop()


async def test_exchanges_go_by_age_from_memory_and_disk(tmp_path: Path) -> None:
    captures = Captures(days=1, folder=tmp_path / "kept")
    folder, log = CaptureFolder(captures), ExchangeLog()
    now = time.time_ns()
    both = [exchange("ann", now), exchange("ben", now - 2 * 24 * 3600 * 10**9)]
    for one in both:
        log.add(one)
    folder.save(both)
    task = asyncio.create_task(expire(log, lambda: captures))
    while len(folder.load()) > 1:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    assert [one.owner for one in folder.load()] == ["ann"]
    assert [one.owner for one in log.newest(owner="", everyone=True)] == ["ann"]
