"""Two gateways before three backends: what one knows the other knows, and neither is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from core.chats.store.store import Store
from tests.cluster.conftest import Cluster
from tests.gateway.test_app import COMPAT, DONE, NATIVE
from tests.support.programs import ROOT, GatewayProgram, environment, until
from tests.support.scripted_backend import Said, Scripted

pytestmark = pytest.mark.slow

ADA = {"authorization": "Bearer sk-ada-not-a-secret-0123456789"}
BOB = {"authorization": "Bearer sk-bob-not-a-secret-0123456789"}
# Made once: what it knows of certificates takes longer to load than anything here.
CLIENT = httpx.Client(timeout=30)
GOOD = {**DONE, "message": {"role": "assistant", "content": "hello"}}


def beside(one: GatewayProgram, name: str) -> GatewayProgram:
    """Start another gateway with the same config."""
    other = GatewayProgram(one.log.parent / "config.yaml", log=one.log.parent / f"{name}.log")
    other.start()
    return other


def ask(gateway: GatewayProgram, headers: dict[str, str], text: str = "hello") -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return CLIENT.post(gateway.url + COMPAT, json=body, headers=headers)


def all_good(cluster: Cluster) -> None:
    for backend in cluster.backends:
        backend.json(NATIVE, GOOD)


def test_limits_are_shared_and_a_lost_redis_loses_no_request(cluster: Cluster) -> None:
    all_good(cluster)
    one, two = cluster.gateways
    # A window is a minute of the clock: all of them must lie in the same one.
    if time.time() % 60 > 45:
        time.sleep(60 - time.time() % 60)
    statuses = [ask((one, two)[turn % 2], ADA).status_code for turn in range(9)]
    assert statuses == [200] * 6 + [429] * 3
    refused = ask(one, ADA)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    cluster.redis.stop()
    assert [ask(gateway, BOB).status_code for gateway in (one, two) * 3] == [200] * 6
    # Each counts alone now.
    assert ask(one, ADA).status_code == 200
    cluster.redis.start()
    assert [ask(gateway, BOB).status_code for gateway in (one, two) * 3] == [200] * 6


def failing(cluster: Cluster) -> Scripted:
    """Make the first backend fail."""
    all_good(cluster)
    broken = cluster.backends[0]
    broken.json(NATIVE, {"error": "the graphics card has left"}, status=500)
    return broken


def asked(backend: Scripted) -> int:
    return len(backend.bodies(NATIVE))


def cool_down(cluster: Cluster) -> None:
    """Let the first gateway find that a backend fails; the second must not ask that one."""
    broken = failing(cluster)
    one, two = cluster.gateways
    before = asked(broken)
    for _ in range(60):
        assert ask(one, BOB).status_code == 200
        if asked(broken) > before:
            break
    assert asked(broken) == before + 1
    until(lambda: cluster.redis.cooled() == 1)
    time.sleep(2)  # others look twice a second
    assert [ask(two, BOB).status_code for _ in range(20)] == [200] * 20
    assert asked(broken) == before + 1


def test_a_cooldown_is_shared_again_once_redis_is_back(cluster: Cluster) -> None:
    all_good(cluster)
    cluster.redis.stop()
    assert [ask(gateway, BOB).status_code for gateway in cluster.gateways] == [200, 200]
    cluster.redis.start()
    until(lambda: cluster.redis.listeners() >= 2)
    cool_down(cluster)


def test_a_cooldown_is_told_to_those_that_come_later(cluster: Cluster) -> None:
    one, two = cluster.gateways
    two.stop()
    later = beside(two, "later")
    cluster.gateways[1] = later
    try:
        broken = failing(cluster)
        for _ in range(60):
            assert ask(one, BOB).status_code == 200
            if asked(broken):
                break
        until(lambda: cluster.redis.cooled() == 1)
        later.up()
        time.sleep(2)
        assert [ask(later, BOB).status_code for _ in range(20)] == [200] * 20
        assert asked(broken) == 1
    finally:
        later.stop()


def respond(gateway: GatewayProgram, headers: dict[str, str] = BOB, **more: Any) -> httpx.Response:
    body = {"model": "m", "input": "my name is Bob", **more}
    return CLIENT.post(f"{gateway.url}/v1/responses", json=body, headers=headers)


def test_a_response_of_one_gateway_is_continued_through_the_other(cluster: Cluster) -> None:
    all_good(cluster)
    one, two = cluster.gateways
    first = respond(one).json()["id"]
    second = respond(two, input="what is my name?", previous_response_id=first)
    assert second.status_code == 200
    said = [m["content"] for b in cluster.backends for body in b.bodies(NATIVE)
            if len(body["messages"]) == 3 for m in body["messages"]]  # fmt: skip
    assert said == ["my name is Bob", "hello", "what is my name?"]
    streamed = respond(two, stream=True)
    end = next(line for line in streamed.text.splitlines() if '"response.completed"' in line[:60]
               and line.startswith("data:"))  # fmt: skip
    third = json.loads(end.removeprefix("data: "))["response"]["id"]
    assert CLIENT.get(f"{one.url}/v1/responses/{third}", headers=BOB).json()["id"] == third
    # Another key's, or a deleted one, is not there.
    assert CLIENT.get(f"{one.url}/v1/responses/{third}", headers=ADA).status_code == 404
    assert CLIENT.delete(f"{one.url}/v1/responses/{first}", headers=BOB).status_code == 200
    for gateway in (one, two):
        assert CLIENT.get(f"{gateway.url}/v1/responses/{first}", headers=BOB).status_code == 404


def test_a_gateway_killed_under_load_loses_nothing_unsaid(cluster: Cluster) -> None:
    for backend in cluster.backends:
        backend.thinks(NATIVE, echo)
    outcomes: list[tuple[int, str]] = []
    stop = threading.Event()

    def work(number: int) -> None:
        turn = 0
        with httpx.Client(timeout=30) as client:
            while not stop.is_set():
                text = f"{number}-{turn}"
                outcomes.append((turn, one_of(cluster.gateways, client, text, number + turn)))
                turn += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(outcomes) > 20)
    cluster.gateways[0].kill()
    before = len(outcomes)
    until(lambda: len(outcomes) > before + 20)
    stop.set()
    for thread in threads:
        thread.join(60)
    # What the killed one had in work is told by a closed connection; all else is answered.
    counts = {kind: sum(o == kind for _, o in outcomes) for kind in ("answered", "cut", "mixed")}
    assert counts["mixed"] == 0 and sum(counts.values()) == len(outcomes)
    # Until the killed process is gone, the system takes connections that nobody will answer.
    assert [kind for _, kind in outcomes[before:]].count("cut") <= len(threads)


def echo(body: dict[str, Any]) -> Said:
    """Answer with the words of the question."""
    said = {**GOOD, "message": {"role": "assistant", "content": body["messages"][-1]["content"]}}
    return Said([json.dumps(said).encode()])


def one_of(gateways: list[GatewayProgram], client: httpx.Client, text: str, turn: int) -> str:
    """Ask one gateway, and the other where nobody listens, as a load balancer does."""
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    for place in (turn % 2, 1 - turn % 2):
        try:
            answer = client.post(gateways[place].url + COMPAT, json=body, headers=BOB)
        except httpx.ConnectError:
            continue
        except httpx.TransportError:
            return "cut"
        assert answer.status_code == 200, answer.text
        content = answer.json()["choices"][0]["message"]["content"]
        return "answered" if content == text else "mixed"
    return "refused"


WRITE = """
import sys
from core.chats.store.store import Store
from core.translation.messages import Message, Text
store = Store(sys.argv[1])
chat = store.create_chat("ada", title="from the other host")
store.add_message("ada", chat.id, Message(role="user", parts=(Text("hello"),)), parent_id=None)
print(chat.id)
store.close()
"""


def test_the_history_of_one_host_is_seen_on_the_other(postgresql: Callable[[str], str]) -> None:
    url = postgresql("cluster")
    done = subprocess.run(
        [sys.executable, "-c", WRITE, url], cwd=ROOT, env=environment(), text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    store = Store(url)
    try:
        (chat,) = store.chats("ada")
        assert chat.id == done.stdout.strip() and chat.title == "from the other host"
        (message,) = store.messages("ada", chat.id)
        assert message.message.parts[0].text == "hello"  # type: ignore[union-attr]
        assert store.chats("bob") == []
    finally:
        store.close()


def test_a_gateway_starts_and_answers_without_its_redis(cluster: Cluster) -> None:
    all_good(cluster)
    cluster.redis.stop()
    one = cluster.gateways[0]
    one.stop()
    again = beside(one, "again")
    try:
        again.up()
        assert ask(again, BOB).status_code == 200
        first = respond(again).json()["id"]
        assert respond(again, input="and?", previous_response_id=first).status_code == 200
        assert f"127.0.0.1:{cluster.redis.port}" not in again.log.read_text()
        assert "Redis does not answer" in again.log.read_text()
    finally:
        again.stop()
