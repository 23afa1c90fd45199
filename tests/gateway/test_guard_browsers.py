"""What a page elsewhere can make a browser do: nothing, unless the config names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.test_app import COMPAT, DONE, HELLO, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

pytestmark = pytest.mark.slow

EVIL = "https://evil.example"
FRIEND = "https://app.example.org"
BODY = {"model": "native", "messages": HELLO}
MODELS = 'model_list: [{model_name: native, litellm_params: {model: ollama/m, api_base: "%s"}}]\n'


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        yield scripted


@pytest.fixture
def url(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    with gateway(MODELS % backend.url, tmp_path) as base:
        yield base


@pytest.fixture
def known(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    rules = f"diglot: {{cors: ['{FRIEND}'], hosts: [chat.example.org, '*.corp.example']}}"
    with gateway(MODELS % backend.url + rules, tmp_path) as base:
        yield base


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "file://"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": EVIL, "sec-fetch-site": "same-origin"},
    ],
)
@pytest.mark.parametrize("path", [COMPAT, NATIVE, "/v1/messages", "/api/pull", "/api/delete"])
def test_a_page_elsewhere_cannot_act(
    url: str, backend: Scripted, headers: dict[str, str], path: str
) -> None:
    # As a form sends it, for which no browser asks first.
    kind = {"content-type": "text/plain"}
    method = "DELETE" if path == "/api/delete" else "POST"
    answer = httpx.request(method, url + path, content=b"{}", headers={**headers, **kind})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert "cors" in answer.text
    assert backend.asked == []


def test_no_browser_is_told_that_it_may(url: str) -> None:
    asked = {"origin": EVIL, "access-control-request-method": "POST"}
    preflight = httpx.options(url + COMPAT, headers=asked)
    assert preflight.status_code == 403
    assert "access-control-allow-origin" not in preflight.headers
    # What it can read without asking, it does not get to see.
    tags = httpx.get(f"{url}/api/version", headers={"origin": EVIL})
    assert "access-control-allow-origin" not in tags.headers


def test_this_servers_own_pages_and_programs_may(url: str) -> None:
    for headers in ({"origin": url}, {"origin": url, "sec-fetch-site": "same-origin"}, {}):
        assert httpx.post(url + COMPAT, json=BODY, headers=headers).status_code == 200


def test_a_page_that_the_config_names_may(known: str) -> None:
    asked = {
        "origin": FRIEND,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-stainless-os",
    }
    preflight = httpx.options(known + COMPAT, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == FRIEND
    assert preflight.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
    assert "access-control-allow-credentials" not in preflight.headers
    answer = httpx.post(known + COMPAT, json=BODY, headers={"origin": FRIEND})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert answer.headers["vary"] == "Origin"
    assert "x-diglot-id" in answer.headers["access-control-expose-headers"]
    other = httpx.post(known + COMPAT, json=BODY, headers={"origin": EVIL})
    assert other.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4000", "localhost.evil.example", "127.0.0.1.evil.example",
     "chat.example.org", "a" * 300, "evil\u00e9"],
)  # fmt: skip
def test_a_name_that_leads_here_from_elsewhere_is_not_answered(url: str, host: str) -> None:
    for path in ("/v1/models", "/api/tags", "/"):
        answer = httpx.get(url + path, headers={b"host": host.encode("latin-1")})
        assert answer.status_code == 403
        assert "hosts" in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9", "127.0.0.1", "[::1]:4000", "10.1.2.3", "gpu.local",
             "host.docker.internal:4000"]
)  # fmt: skip
def test_names_that_nobody_outside_can_have_are_answered(url: str, host: str) -> None:
    assert httpx.get(f"{url}/api/version", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["chat.example.org", "chat.example.org:443", "a.corp.example"])
def test_names_of_the_config_are_answered_and_their_pages_too(known: str, host: str) -> None:
    headers = {"host": host, "origin": f"https://{host}"}
    assert httpx.post(known + COMPAT, json=BODY, headers=headers).status_code == 200
    # A proxy that sends a Host of its own does not make strangers of one's own pages.
    assert httpx.post(known + COMPAT, json=BODY, headers={"origin": f"https://{host}"}).is_success


def test_headers_have_a_bound(url: str) -> None:
    answer = httpx.get(f"{url}/api/version", headers={"x-long": "a" * 70_000})
    assert answer.status_code in (400, 431)
