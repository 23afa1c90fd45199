"""Bodies that were made to do harm: towards the gateway, through it, and back from a backend."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core.config.config import load_config
from core.errors import ConfigError
from core.http import client
from core.translation.dialects.registry import SPOKEN
from tests.faults.asking import CLIENT_DIALECTS, asked_body
from tests.gateway.test_app import gateway
from tests.support.scripted_backend import Said, Scripted, running

pytestmark = pytest.mark.slow

GOOD: dict[str, dict[str, Any]] = {
    "/api/chat": {"message": {"role": "assistant", "content": "x"}},
    "/api/generate": {"response": "x"},
}
DEPTH = 100_000
BOMB = gzip.compress(b'{"model": "native", "x": "' + b"0" * 70_000_000 + b'"}')


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = f"""
model_list:
  - model_name: native
    litellm_params: {{model: ollama/native, api_base: "{backend.url}"}}
  - model_name: compat
    litellm_params: {{model: openai/compat, api_base: "{backend.url}/v1"}}
"""
    with gateway(config, tmp_path_factory.mktemp("guard")) as base:
        yield base


@pytest.fixture(autouse=True)
def answering(backend: Scripted) -> None:
    backend.asked.clear()
    for path, said in GOOD.items():
        done = {"done": True, "done_reason": "stop", "created_at": "2026-01-01T00:00:00Z"}
        backend.json(path, {"model": "m", **said, **done})
    choice = {"index": 0, "finish_reason": "stop", "text": "x"}
    backend.json("/v1/completions", {"model": "m", "id": "x", "choices": [choice]})
    choice = {**choice, "message": {"role": "assistant", "content": "x"}}
    backend.json("/v1/chat/completions", {"model": "m", "id": "x", "choices": [choice]})


@pytest.fixture(scope="module", autouse=True)
def shared_client() -> Iterator[None]:
    """Ask everything over one client: making a new one takes longer than an answer."""
    global http
    with httpx.Client(timeout=60) as http:
        yield


http: httpx.Client


def post(url: str, client_dialect: str, data: bytes, **headers: str) -> httpx.Response:
    headers = {"content-type": "application/json"} | headers
    return http.post(url + CLIENT_DIALECTS[client_dialect], content=data, headers=headers)


def refused(answer: httpx.Response) -> str:
    """Return the message of an error that blames the client."""
    assert 400 <= answer.status_code < 500, answer.text
    body = answer.json()
    error = body["error"]
    return str(error if isinstance(error, str) else error["message"])


def raw(client_dialect: str, name: str, **more: str) -> bytes:
    """Return a body with fields that are JSON already."""
    body = json.dumps(asked_body(client_dialect, name, "hello", stream=False))
    return (
        body[:-1] + "".join(f', "{key}": {value}' for key, value in more.items()) + "}"
    ).encode()


# Towards the gateway ---------------------------------------------------------------------------


@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * DEPTH,
        b'{"a":' * DEPTH,
        b'{"model": "native", "messages": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        b'{"model": "native", "tools": ' + b'{"a":' * DEPTH + b"1" + b"}" * DEPTH + b"}",
        b'{"model": "native", "seed": NaN}',
        b'{"model": "native", "prompt": "\xff\xfe"',
        b"\x00" * 1000,
        b"",
        b"null",
        b"[]",
        b'"native"',
        b"1" * 100_000,
        b'{"model": null}',
        b'{"model": ["native"]}',
    ],
    ids=range(14),
)
def test_what_is_no_request_is_refused(
    url: str, backend: Scripted, client_dialect: str, data: bytes
) -> None:
    assert refused(post(url, client_dialect, data))
    assert not [path for path, _ in backend.asked if path not in ("/api/show",)]


@pytest.mark.parametrize("model", ["native", "compat"])
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
@pytest.mark.parametrize(
    "more",
    [
        {"seed": "1" * 5000},
        {"temperature": "1e999"},
        {"max_tokens": "-" + "9" * 400},
        {"keep_alive": "9" * 30},
        {"stop": "[" + '"x",' * 50_000 + '"x"]'},
        {"metadata": '{"a":' * 400 + "1" + "}" * 400},
        {"user": '"' + "\\u0000" * 100 + '"'},
        {"logit_bias": '{"1": ' + "9" * 400 + "}"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_numbers_and_lists_without_end_break_nothing(
    url: str, client_dialect: str, model: str, more: dict[str, str]
) -> None:
    answer = post(url, client_dialect, raw(client_dialect, model, **more))
    passes = {("openai", "compat"), ("completions", "compat"), ("ollama", "native"),
              ("generate", "native")}  # fmt: skip
    if answer.status_code == 502 and (client_dialect, model) in passes:
        # Within one dialect the bytes pass, and the backend has hung up on them.
        assert "closed the connection before its answer was complete" in answer.text
    elif answer.status_code != 200:
        assert refused(answer)


@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
def test_a_compressed_request_is_inflated_no_further_than_a_body_may_be(
    url: str, client_dialect: str
) -> None:
    answer = post(url, client_dialect, BOMB, **{"content-encoding": "gzip"})
    assert answer.status_code == 413
    assert refused(answer)


@pytest.mark.parametrize("model", ["native", "compat"])
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
@pytest.mark.parametrize("spelt", ["Model", "MODEL", "mODEL"])
def test_a_second_name_of_a_model_cannot_be_slipped_past(
    url: str, backend: Scripted, client_dialect: str, model: str, spelt: str
) -> None:
    """Ollama reads keys without regard to case, and the last one counts: it is what is checked."""
    said = refused(post(url, client_dialect, raw(client_dialect, model, **{spelt: '"secret"'})))
    assert ("secret" if SPOKEN[client_dialect].native else spelt) in said
    assert b"secret" not in json.dumps(backend.asked).encode()


@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
def test_of_a_key_that_is_there_twice_the_last_one_counts_everywhere(
    url: str, backend: Scripted, client_dialect: str
) -> None:
    body = asked_body(client_dialect, "nobody", "hello", stream=False)
    data = json.dumps(body)[:-1] + ', "model": "native"}'
    assert post(url, client_dialect, data.encode()).status_code == 200
    assert {asked.get("model") for _, asked in backend.asked} == {"native"}


# Through it --------------------------------------------------------------------------------------


@contextmanager
def canary() -> Iterator[tuple[str, threading.Event]]:
    """Listen where nobody has a reason to call."""
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            try:
                server.accept()
                called.set()
            except OSError:
                return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", called
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("model", ["native", "compat"])
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
def test_no_request_says_where_to_ask(
    url: str, backend: Scripted, client_dialect: str, model: str
) -> None:
    with canary() as (elsewhere, called):
        body = asked_body(client_dialect, model, "hello", stream=False)
        place = {"api_base": elsewhere, "base_url": elsewhere, "api_key": "sk-own"}
        body |= {**place, "litellm_params": place, "extra_headers": {"x-a": "b"}}
        answer = http.post(
            url + CLIENT_DIALECTS[client_dialect], json=body, headers={"x-api-base": elsewhere}
        )
        assert answer.status_code == 200
        assert not called.wait(0.05)
    assert backend.asked
    assert not any("x-a: b" in head or "sk-own" in head.split("\r\n\r\n")[0]
                   for head in backend.heads)  # fmt: skip


NAMES = [
    "../../etc/passwd",
    "a/../../../api/delete",
    "..%2f..%2fapi%2ftags",
    "native\r\nx-injected: 1",
    "native\u0000",
    "native?x=1#y",
    "file:///etc/passwd",
    "http://127.0.0.1:9/",
    "ollama/native",
    "*",
    "%",
    "\ud800",
    "x" * 100_000,
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
def test_the_name_of_a_model_is_only_ever_a_name(
    url: str, backend: Scripted, client_dialect: str, name: str
) -> None:
    assert refused(post(url, client_dialect, raw(client_dialect, "x", model=json.dumps(name))))
    assert not backend.asked


@pytest.mark.parametrize("name", [n for n in NAMES if "\ud800" not in n][:11], ids=range(11))
def test_a_name_in_a_path_is_only_ever_a_name(url: str, backend: Scripted, name: str) -> None:
    before = len(backend.heads)
    assert http.get(f"{url}/v1/models/{quote(name, safe='')}").status_code == 404
    assert all("injected" not in head for head in backend.heads[before:])


@pytest.mark.parametrize(
    "digest",
    ["sha256:" + "a" * 64 + "%0d%0ax-injected:%201", "..%3fx", "%2e%2e", "sha256:zz", "x%20HTTP"],
)
def test_a_blob_is_named_by_its_digest_alone(url: str, backend: Scripted, digest: str) -> None:
    before = len(backend.heads)
    answer = http.post(f"{url}/api/blobs/{digest}", content=b"x")
    assert answer.status_code in (400, 404, 405)
    assert len(backend.heads) == before


# Back from a backend -----------------------------------------------------------------------------

BOMBS = {
    "deep": b'{"model": "m", "done": true, "message": '
    + b'{"a":' * DEPTH
    + b"1"
    + b"}" * DEPTH
    + b"}",
    "wide number": b'{"model": "m", "done": true, "message": {"role": "assistant", "content": "x"},'
    b' "response": "x", "prompt_eval_count": ' + b"9" * 5000 + b"}",
    "infinite": b'{"model": "m", "done": true, "message": {"role": "assistant", "content": "x"},'
    b' "response": "x", "total_duration": 1e400}',
    "negative": b'{"model": "m", "done": true, "message": {"role": "assistant", "content": "x"},'
    b' "response": "x", "eval_count": -5, "choices": []}',
}


@pytest.mark.parametrize("model", ["native", "compat"])
@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("client_dialect", CLIENT_DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_a_bomb_is_the_backends_fault(
    url: str, backend: Scripted, client_dialect: str, model: str, bomb: str, stream: bool
) -> None:
    kinds = {"native": "application/x-ndjson", "compat": "text/event-stream"}
    data = BOMBS[bomb] + b"\n"
    if stream and model == "compat":
        data = b"data: " + data + b"\n"
    kind = kinds[model] if stream else "application/json"
    for path in (*GOOD, "/v1/chat/completions", "/v1/completions"):
        backend.says(path, Said([data], content_type=kind))
    body = asked_body(client_dialect, model, "hello", stream=stream)
    answer = http.post(url + CLIENT_DIALECTS[client_dialect], json=body)
    assert answer.status_code in (200, 502), answer.text[:500]
    if answer.status_code == 502:
        assert answer.json()["error"]


def test_an_answer_without_end_is_cut(
    url: str, backend: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 100_000)
    for path in (*GOOD, "/v1/chat/completions", "/v1/completions"):
        backend.says(path, Said([b" " * 60_000] * 10))
    for client_dialect in CLIENT_DIALECTS:
        body: dict[str, Any] = asked_body(client_dialect, "native", "hello", stream=False)
        answer = http.post(url + CLIENT_DIALECTS[client_dialect], json=body)
        assert answer.status_code == 502
        assert "more than 100000 bytes" in answer.text


def test_what_a_backend_says_in_headers_is_not_passed_on(url: str, backend: Scripted) -> None:
    said = json.dumps({"error": "no"}).encode()
    headers = {"set-cookie": "a=b", "x-internal": "secret", "retry-after": "5\tx"}
    backend.says("/api/chat", Said([said], status=503, headers=headers))
    answer = http.post(url + "/api/chat", json=asked_body("ollama", "native", "x", stream=False))
    assert answer.status_code == 503
    assert not {"set-cookie", "x-internal", "retry-after"} & answer.headers.keys()


def test_the_config_file_is_no_way_in(tmp_path: Path) -> None:
    """YAML that makes objects of Python is no config."""
    path = tmp_path / "config.yaml"
    path.write_text("a: !!python/object/apply:os.system [touch owned]")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(path, environ={})
