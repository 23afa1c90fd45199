"""Where the backends are and what opens them: no key, no stranger and no graph may see it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, word
from tests.support.scripted_backend import Said, Scripted, running
from tests.support.threads import serving_app

MASTER = "sk-canary-address-master-0a1b2c3d"
PLAIN = "sk-canary-address-plain-0a1b2c3d4"
WATCH = "sk-canary-address-watch-0a1b2c3d4"
USER, PASSWORD = "canary-user", "canary-password"
KEYS = f"""
general_settings: {{master_key: {MASTER}}}
diglot:
  keys:
    - {{name: plain, key: {PLAIN}, manage: true}}
    - {{name: graphs, key: {WATCH}, watch: true}}
"""
PATHS = [COMPAT, NATIVE, "/v1/messages", "/v1/responses", "/api/generate", "/v1/completions",
         "/v1/embeddings", "/api/embed", "/v1/messages/count_tokens", "/api/show"]  # fmt: skip


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


class _NoTls(socketserver.BaseRequestHandler):
    """Answers a TLS handshake as a server of plain HTTP does."""

    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    """Host and port of a server that speaks no TLS, and says so at once."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _NoTls) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def config(url: str, plain: str) -> str:
    place = url.removeprefix("http://")
    models = {
        "fine": f"http://{USER}:{PASSWORD}@{place}",
        "gone": f"http://{USER}:{PASSWORD}@127.0.0.1:9",
        "secure": f"https://{USER}:{PASSWORD}@{plain}",
    }
    return "model_list:\n" + "".join(
        f'  - {{model_name: {name}{kind}, litellm_params: {{model: {dialect}/m, api_base: "{base}",'
        f" max_retries: 0}}}}\n"
        for name, base in models.items()
        for kind, dialect in (("", "ollama"), ("-o", "openai"))
    )


def served(rules: str, backend: Scripted, plain: str, folder: Path) -> Iterator[str]:
    path = folder / "config.yaml"
    path.write_text(config(backend.url, plain) + rules)
    with serving_app(create_app(Fleet(path), exposed=True)) as url:
        yield url


@pytest.fixture(scope="module")
def url(backend: Scripted, plain: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from served(KEYS, backend, plain, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def open_url(
    backend: Scripted, plain: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    yield from served("diglot: {open: true}", backend, plain, tmp_path_factory.mktemp("open"))


def ask(url: str, path: str, model: str, key: str, *, stream: bool) -> httpx.Response:
    body = {"model": model, "messages": HELLO, "input": "x", "prompt": "x", "max_tokens": 5}
    if path == "/v1/responses":
        body = {"model": model, "input": "x"}
    return httpx.post(
        url + path, json={**body, "stream": stream}, headers={"api-key": key}, timeout=30
    )


def no_address(text: str, backend: Scripted) -> None:
    place = backend.url.removeprefix("http://")
    for word_ in (USER, PASSWORD, place, "127.0.0.1", "secret.example"):
        assert word_ not in text, text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gone", "secure", "gone-o"])
@pytest.mark.parametrize("path", PATHS)
def test_an_error_tells_a_key_no_address(
    url: str, backend: Scripted, path: str, model: str, stream: bool
) -> None:
    answer = ask(url, path, model, PLAIN, stream=stream)
    no_address(answer.text + repr(answer.headers), backend)
    if path == "/api/show" and model == "gone-o":
        return  # what is said of a model of OpenAI's dialect is known without asking
    assert answer.status_code >= 400
    assert "the model's server" in answer.text
    # The operator is told where to look, but never the password.
    told = ask(url, path, model, MASTER, stream=stream).text
    assert "127.0.0.1" in told
    assert PASSWORD not in told and USER not in told


def endings(backend: Scripted) -> dict[str, list[Said]]:
    """Return the ways in which an answer goes wrong, each with an address in its words."""
    words = f"dial tcp {backend.url}: no route to {backend.url.removeprefix('http://')}"
    error = b'{"error": "%b"}' % words.encode()
    sse = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
    line = b'{"model":"m","message":{"role":"assistant","content":"hi"},"done":false}\n'
    stream = {"content_type": "application/x-ndjson"}
    return {
        "status": [Said([error], status=500)],
        "moved": [Said([b"{}"], status=302, headers={"location": "http://secret.example/x"})],
        "html": [Said([b"<html>" + words.encode()], status=502, content_type="text/html")],
        "in the stream": [Said([line, error + b"\n"], **stream)],  # type: ignore[arg-type]
        "in events": [Said([sse, b"data: " + error + b"\n\n"], content_type="text/event-stream")],
        "cut": [Said([line], cut=True, **stream)],  # type: ignore[arg-type]
    }


@pytest.mark.parametrize("ending", ["status", "moved", "html", "in the stream", "in events", "cut"])
@pytest.mark.parametrize("model", ["fine", "fine-o"])
@pytest.mark.parametrize("path", [COMPAT, NATIVE, "/v1/messages", "/v1/responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_goes_wrong_tells_no_address(
    url: str, backend: Scripted, path: str, model: str, ending: str, stream: bool
) -> None:
    for asked in (NATIVE, COMPAT):
        backend.says(asked, *endings(backend)[ending])
    no_address(ask(url, path, model, PLAIN, stream=stream).text, backend)


def test_what_a_model_says_stays_as_it_is(url: str, backend: Scripted) -> None:
    said = f'write {backend.url} and {{"error": "{backend.url}"}}'
    backend.lines(NATIVE, [word(said), DONE])
    for path in (COMPAT, NATIVE, "/v1/messages"):
        answer = ask(url, path, "fine", PLAIN, stream=True)
        assert answer.text.count(backend.url.removeprefix("http://")) == 2
    arguments = {"error": backend.url}
    call = {"message": {"role": "assistant", "content": "", "tool_calls": [
        {"function": {"name": "f", "arguments": arguments}}]}, "done": False}  # fmt: skip
    backend.lines(NATIVE, [{"model": "m", **call}, DONE])
    assert backend.url in ask(url, NATIVE, "fine", PLAIN, stream=True).text


@pytest.mark.parametrize("path", ["/health", "/metrics", "/model/info", "/v1/model/info"])
def test_no_route_tells_the_password(url: str, open_url: str, backend: Scripted, path: str) -> None:
    place = backend.url.removeprefix("http://")
    for key in (MASTER, WATCH, PLAIN):
        said = httpx.get(url + path, headers={"api-key": key}, timeout=30).text
        assert USER not in said and PASSWORD not in said
        assert (place in said) is (key == MASTER or (key == WATCH and "info" not in path))
    no_address(httpx.get(open_url + path, timeout=30).text, backend)


def test_a_stranger_is_told_no_address(open_url: str, backend: Scripted) -> None:
    for model in ("gone", "secure"):
        no_address(ask(open_url, COMPAT, model, "", stream=False).text, backend)


def test_managing_models_tells_no_address(url: str, backend: Scripted) -> None:
    words: dict[str, Any] = {"error": f"pull: dial {backend.url}"}
    backend.json("/api/pull", words, status=500)
    body = {"model": "fine"}
    answer = httpx.post(f"{url}/api/pull", json=body, headers={"api-key": PLAIN})
    assert answer.status_code == 500
    no_address(answer.text, backend)


@pytest.mark.parametrize("ending", ["status", "moved", "html", "in the stream", "in events", "cut"])
@pytest.mark.parametrize("model", ["fine", "fine-o"])
def test_what_is_kept_of_an_exchange_that_went_wrong_tells_its_key_no_address(
    url: str, backend: Scripted, model: str, ending: str
) -> None:
    for asked in (NATIVE, COMPAT):
        backend.says(asked, *endings(backend)[ending])
    kept_without_addresses(url, backend, model)


@pytest.mark.parametrize("model", ["gone", "secure"])
def test_what_is_kept_of_a_backend_that_is_away_tells_its_key_no_address(
    url: str, backend: Scripted, model: str
) -> None:
    kept_without_addresses(url, backend, model)


def kept_without_addresses(url: str, backend: Scripted, model: str) -> None:
    routes, own = f"{url}/diglot/exchanges", url.removeprefix("http://")
    for path in (NATIVE, COMPAT):
        ask(url, path, model, PLAIN, stream=True)
        with httpx.Client(headers={"api-key": PLAIN}, timeout=30) as client:
            (newest,) = client.get(routes, params={"limit": 1}).json()["data"]
            assert newest["model"] == model and (newest["error"] or newest["status"] >= 400)
            for where in (routes, f"{routes}/{newest['id']}", f"{routes}/{newest['id']}/report"):
                # The Host header that the client itself sent is no backend's address.
                no_address(client.get(where).text.replace(own, ""), backend)


def test_nobody_finds_by_searching_what_is_not_shown(url: str, backend: Scripted) -> None:
    """Or an address could be guessed letter by letter."""
    ask(url, NATIVE, "gone", PLAIN, stream=False)
    found = {
        key: httpx.get(
            f"{url}/diglot/exchanges", params={"text": "127.0.0.1:9"}, headers={"api-key": key},
            timeout=30,
        ).json()["data"]
        for key in (PLAIN, MASTER)
    }  # fmt: skip
    assert not found[PLAIN]
    ask(url, NATIVE, "gone", MASTER, stream=False)
    again = httpx.get(
        f"{url}/diglot/exchanges", params={"text": "127.0.0.1:9"}, headers={"api-key": MASTER},
        timeout=30,
    ).json()["data"]  # fmt: skip
    assert len(again) > len(found[MASTER])
