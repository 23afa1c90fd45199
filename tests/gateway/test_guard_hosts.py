"""Names that lead to a server which other machines can reach: its own, and those of the config."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from core.http.own_names import own_names
from tests.support.scripted_backend import Scripted, running
from tests.support.threads import serving_app

KEY = "sk-canary-hosts-0a1b2c3d4e5f6071"
OPEN = "diglot: {open: true}"
KEYED = f"general_settings: {{master_key: {KEY}}}"
NAMED = f"{KEYED}\ndiglot: {{hosts: [chat.example.org, '*.corp.example']}}"


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/delete", {})
        yield scripted


def exposed(rules: str, backend: Scripted, folder: Path) -> Iterator[str]:
    path = folder / "config.yaml"
    model = f'{{model_name: "*", litellm_params: {{model: ollama/*, api_base: "{backend.url}"}}}}'
    path.write_text(f"model_list: [{model}]\n{rules}\n")
    with serving_app(create_app(Fleet(path), exposed=True)) as url:
        yield url


@pytest.fixture(params=[OPEN, KEYED], ids=["open", "key"])
def url(request: pytest.FixtureRequest, backend: Scripted, tmp_path: Path) -> Iterator[str]:
    yield from exposed(request.param, backend, tmp_path)


@pytest.fixture
def named(backend: Scripted, tmp_path: Path) -> Iterator[str]:
    yield from exposed(NAMED, backend, tmp_path)


def delete(url: str, host: str) -> httpx.Response:
    headers = {b"host": host.encode("latin-1"), b"api-key": KEY.encode()}
    return httpx.request("DELETE", f"{url}/api/delete", json={"model": "m"}, headers=headers)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4000", "chat.example.org", "localhost.evil.example",
     "127.0.0.1.nip.example", "router.local", "metadata.internal", "evil", "0x7f.1", "2130706433.",
     "[::1].evil.example", "127.0.0.1@evil.example", "evil.example.", "EVIL.example",
     "127.0.0.1:80evil", "localhost:evil.example", "xn--lcalhost-x5a"],
)  # fmt: skip
def test_a_name_from_elsewhere_does_nothing(url: str, backend: Scripted, host: str) -> None:
    answer = delete(url, host)
    assert answer.status_code == 403
    assert "diglot: {hosts:" in answer.text
    assert backend.bodies("/api/delete") == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:4000", "app.localhost", "127.0.0.1:1", "[::1]", "[::1]:4000",
     "10.1.2.3", "192.0.2.7:8501", "[2001:db8::1]:4000", socket.gethostname(),
     f"{socket.gethostname()}:4000", f"{socket.gethostname().upper()}.",
     "host.docker.internal:4000"],
)  # fmt: skip
def test_the_machines_own_names_and_addresses_are_answered(
    url: str, backend: Scripted, host: str
) -> None:
    assert delete(url, host).status_code == 200
    assert backend.bodies("/api/delete") == [{"model": "m"}]


def test_names_of_the_config_are_answered(named: str) -> None:
    for host in ("chat.example.org", "a.corp.example:443", "localhost"):
        assert delete(named, host).status_code == 200
    assert delete(named, "evil.example").status_code == 403


def test_the_machine_knows_its_names() -> None:
    names = own_names()
    host = socket.gethostname().lower()
    assert {host, f"{host.partition('.')[0]}.local"} <= names
    assert all(name == name.lower() and not name.endswith(".") for name in names)
