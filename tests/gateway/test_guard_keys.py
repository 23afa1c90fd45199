"""Who gets in: keys guessed, expired, over their limits, and used for what is not theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backends.fleet import Fleet
from core.config.access import Access, Digest, Key
from core.gateway.auth import Authenticator
from core.gateway.origins import refusal
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway, word
from tests.support.scripted_backend import Scripted, running

pytestmark = pytest.mark.slow

MASTER = "sk-canary-master-2f6b8d1c9e3a"
SHOP = "sk-canary-shop-7e1d5c3b9a20"
LATE = "sk-canary-late-0a9b8c7d6e5f"
SLOW = "sk-canary-slow-5e4d3c2b1a09"
TOKENS = "sk-canary-tokens-a1b2c3d4e5f6"
ALONE = "sk-canary-alone-f6e5d4c3b2a1"
GRAPHS = "sk-canary-graphs-1122334455"

CONFIG = """
model_list:
  - {{model_name: native, litellm_params: {{model: ollama/m, api_base: "{url}"}}}}
  - {{model_name: secret, litellm_params: {{model: ollama/hidden, api_base: "{url}"}}}}
general_settings: {{master_key: {MASTER}}}
diglot:
  keys:
    - {{name: shop, key: {SHOP}, models: ["nat*"]}}
    - {{name: late, key: {LATE}, expires: 2020-01-31}}
    - {{name: slow, key: {SLOW}, rpm: 2}}
    - {{name: tokens, key: {TOKENS}, tpm: 5}}
    - {{name: alone, key: {ALONE}, max_parallel: 1}}
    - {{name: graphs, key: {GRAPHS}, models: [], watch: true}}
"""


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        scripted.json("/api/tags", {"models": [{"name": "m:latest"}, {"name": "hidden:latest"}]})
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    with gateway(CONFIG.format(url=backend.url, **KEYS), tmp_path) as base:
        yield base


KEYS = {
    "MASTER": MASTER, "SHOP": SHOP, "LATE": LATE, "SLOW": SLOW,
    "TOKENS": TOKENS, "ALONE": ALONE, "GRAPHS": GRAPHS,
}  # fmt: skip


def ask(url: str, key: str = "", path: str = COMPAT, model: str = "native", **more: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    body = {"model": model, "messages": HELLO, "stream": False, **more}
    return httpx.post(url + path, json=body, headers=headers, timeout=20)


CLIENT_DIALECTS = [COMPAT, NATIVE, "/v1/messages"]


@pytest.mark.parametrize("path", CLIENT_DIALECTS)
@pytest.mark.parametrize(
    "key",
    ["", "x", "sk-1234", SHOP[:-1], SHOP + "x", SHOP.upper(), LATE, "Bearer", "\u00e9" * 20, "*"],
)
def test_a_key_that_is_guessed_or_has_expired_is_refused_and_nobody_asked(
    url: str, backend: Scripted, path: str, key: str
) -> None:
    headers = {b"authorization": b"Bearer " + key.encode("latin-1")} if key else {}
    body = {"model": "native", "messages": HELLO, "max_tokens": 5}
    answer = httpx.post(url + path, json=body, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    said = answer.json()["error"]
    message = said if path == NATIVE else said["message"]
    assert not key or len(key) < 10 or key not in answer.text
    assert ("expired" in message) is (key == LATE)
    if path == COMPAT:
        assert said["type"] == "authentication_error"
    elif path != NATIVE:
        assert answer.json()["type"] == "error"
        assert said["type"] == "authentication_error"
    assert backend.bodies(NATIVE) == []


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", f"Bearer {SHOP}"),
        ("authorization", f"bearer  {SHOP}"),
        ("x-api-key", SHOP),
        ("api-key", SHOP),
    ],
)
def test_a_key_may_come_in_any_clients_header(url: str, header: str, value: str) -> None:
    body = {"model": "native", "messages": HELLO}
    assert httpx.post(url + COMPAT, json=body, headers={header: value}).status_code == 200


def test_a_key_in_the_address_is_none(url: str) -> None:
    body = {"model": "native", "messages": HELLO}
    assert httpx.post(f"{url}{COMPAT}?key={SHOP}&api_key={SHOP}", json=body).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/v1/models/native", "/api/tags", "/api/ps", "/v1/responses/x", "/v1", "/v1/x",
     "/api/version", "/api/none", "/mcp", "/metrics", "/health", "/model/info"],
)  # fmt: skip
def test_no_route_but_those_of_health_answers_without_a_key(url: str, path: str) -> None:
    assert httpx.get(url + path).status_code == 401
    assert httpx.get(url + path, headers={"api-key": "wrong"}).status_code == 401


def test_a_key_for_graphs_sees_how_things_are_and_asks_nothing(url: str) -> None:
    mine = {"api-key": GRAPHS}
    for path in ("/metrics", "/health"):
        assert httpx.get(url + path, headers=mine).status_code == 200
        assert httpx.get(url + path, headers={"api-key": SHOP}).status_code == 403
    assert ask(url, GRAPHS).status_code == 403
    assert httpx.post(f"{url}/mcp", json={}, headers=mine).status_code == 403
    assert httpx.get(f"{url}/v1/models", headers=mine).json()["data"] == []
    assert httpx.get(f"{url}/v1/model/info", headers=mine).json()["data"] == []


def test_what_starts_servers_needs_no_key(url: str) -> None:
    for path in ("/health/liveliness", "/health/liveness", "/"):
        assert httpx.get(url + path).status_code == 200


def test_a_key_reaches_its_own_models_alone(url: str, backend: Scripted) -> None:
    for path in CLIENT_DIALECTS:
        assert ask(url, SHOP, path, max_tokens=5).status_code == 200
        refused = ask(url, SHOP, path, model="secret", max_tokens=5)
        assert refused.status_code == 403
        assert "shop" in refused.text
        # The backend's own name for it is no way around.
        assert ask(url, SHOP, path, model="hidden", max_tokens=5).status_code == 403
    assert ask(url, SHOP, "/v1/responses", model="secret", input="x").status_code == 403
    assert ask(url, SHOP, "/api/generate", model="secret", prompt="x").status_code == 403
    assert ask(url, SHOP, "/v1/embeddings", model="secret", input="x").status_code == 403
    assert ask(url, SHOP, "/api/show", model="secret").status_code == 403
    assert ask(url, SHOP, "/v1/messages/count_tokens", model="secret").status_code == 403
    assert {body["model"] for body in backend.bodies(NATIVE)} == {"m"}
    mine = httpx.get(f"{url}/v1/models", headers={"api-key": SHOP}).json()["data"]
    assert [model["id"] for model in mine] == ["native"]
    tags = httpx.get(f"{url}/api/tags", headers={"api-key": SHOP}).json()["models"]
    assert [model["name"] for model in tags] == ["native"]
    assert httpx.get(f"{url}/v1/models/secret", headers={"api-key": SHOP}).status_code == 404


@pytest.mark.parametrize("key", ["Model", "MODEL", "mODel"])
def test_a_second_model_in_other_letters_is_no_way_around(
    url: str, backend: Scripted, key: str
) -> None:
    # Ollama is written in Go, which reads keys in any case: there it is another model's name.
    assert ask(url, SHOP, NATIVE, **{key: "secret"}).status_code == 403
    assert ask(url, SHOP, COMPAT, **{key: "secret"}).status_code == 400
    twice = b'{"model":"native","model":"secret","messages":[]}'
    answer = httpx.post(url + NATIVE, content=twice, headers={"api-key": SHOP})
    assert answer.status_code == 403
    assert backend.bodies(NATIVE) == []


def test_models_are_changed_by_the_operator_alone(url: str, backend: Scripted) -> None:
    backend.json("/api/pull", {"status": "success"})
    backend.json("/api/delete", {})
    for method, path in (("POST", "pull"), ("POST", "push"), ("POST", "create"), ("POST", "copy"),
                         ("DELETE", "delete"), ("POST", "blobs/sha256:0")):  # fmt: skip
        answer = httpx.request(
            method, f"{url}/api/{path}", json={"model": "native"}, headers={"api-key": SHOP}
        )
        assert answer.status_code == 403, path
    assert backend.bodies("/api/pull") == []
    done = httpx.post(f"{url}/api/pull", json={"model": "m"}, headers={"api-key": MASTER})
    assert done.status_code == 200


def test_requests_over_the_limit_say_when_to_come_again(url: str, backend: Scripted) -> None:
    first = ask(url, SLOW)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    answers = [ask(url, SLOW, path) for path in (COMPAT, NATIVE, COMPAT, NATIVE)]
    # The minute may end in between: at most four get through then.
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused or len(backend.bodies(NATIVE)) >= 3
    for answer in refused:
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        assert "slow" in answer.text
    messages = [ask(url, SLOW, "/v1/messages", max_tokens=5) for _ in range(3)]
    assert "anthropic-ratelimit-requests-limit" in messages[-1].headers


def test_tokens_over_the_limit_are_refused_once_they_are_used(url: str) -> None:
    statuses = [ask(url, TOKENS).status_code for _ in range(4)]
    assert statuses[0] == 200
    assert 429 in statuses


def test_a_key_has_so_many_requests_at_once_and_gets_its_place_back(
    url: str, backend: Scripted
) -> None:
    words = [word("a")] * 100
    backend.lines(NATIVE, [*words, DONE], pause=0.1)
    headers = {"api-key": ALONE}
    body = {"model": "native", "messages": HELLO, "stream": True}
    with (
        httpx.Client(timeout=20) as client,
        client.stream("POST", url + COMPAT, json=body, headers=headers) as answer,
    ):
        pieces = answer.iter_bytes()  # kept: without it the stream would be closed
        next(pieces)
        busy = ask(url, ALONE)
        assert busy.status_code == 429
        assert busy.headers["retry-after"] == "1"
    assert backend.left.wait(20)
    backend.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
    assert any(ask(url, ALONE).status_code == 200 for _ in range(50))


def test_a_response_is_gone_on_with_by_its_own_key_alone(url: str) -> None:
    mine = ask(url, SHOP, "/v1/responses", input="my secret").json()["id"]
    theirs = {"authorization": f"Bearer {MASTER}"}
    assert httpx.get(f"{url}/v1/responses/{mine}", headers=theirs).status_code == 404
    assert httpx.delete(f"{url}/v1/responses/{mine}", headers=theirs).status_code == 404
    going = ask(url, MASTER, "/v1/responses", input="go on", previous_response_id=mine)
    assert going.status_code == 400
    assert "my secret" not in going.text
    own = httpx.get(f"{url}/v1/responses/{mine}", headers={"api-key": SHOP})
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("access", "host", "word"),
    [
        (Access(), "0.0.0.0", "LITELLM_MASTER_KEY"),
        (Access(), "::", "diglot: {open: true}"),
        (Access(), "", "every address"),
        (Access(), "192.168.1.5", "--host 127.0.0.1"),
        (Access(master=Digest.of("sk-1234"), known=("master_key",)), "0.0.0.0", "--new-key"),
    ],
)
def test_a_server_that_all_can_reach_does_not_start_without_a_key(
    access: Access, host: str, word: str
) -> None:
    assert word in refusal(access, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_on_loopback_it_starts_without_and_elsewhere_with_one(host: str) -> None:
    assert refusal(Access(), host=host) == ""
    assert refusal(Access(master=Digest.of("sk-1234"), known=("master_key",)), host=host) == ""
    assert refusal(Access(master=Digest.of(MASTER)), host="0.0.0.0") == ""
    assert refusal(Access(open=True), host="0.0.0.0") == ""


def test_keys_that_the_config_loses_leave_nobody_in() -> None:
    fleet = Fleet(None, environ={})
    fleet._live.config = fleet.config.__class__(  # noqa: SLF001
        access=Access(keys=(Key(name="a", digest=Digest.of("k")),))
    )
    authenticator = Authenticator(fleet, exposed=True)
    mine = [(b"authorization", b"Bearer k")]
    assert authenticator.principal(mine).name == "a"
    fleet._live.config = fleet.config.__class__()  # noqa: SLF001
    with pytest.raises(Exception, match="not known"):
        authenticator.principal(mine)
    assert json.dumps(repr(authenticator)).find("Bearer") == -1


def test_the_tools_are_behind_the_same_keys(url: str) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"accept": "application/json, text/event-stream"}
    assert httpx.post(f"{url}/mcp", json=body, headers=headers, timeout=20).status_code == 401
    headers["authorization"] = f"Bearer {SHOP}"
    reply = httpx.post(f"{url}/mcp", json=body, headers=headers, timeout=60)
    assert reply.status_code == 200
    assert "calculate" in reply.text
