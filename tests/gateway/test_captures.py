"""What the gateway keeps of real requests: headers and bodies without anything secret."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.backends.fleet import Fleet
from core.exchanges.masking import MASK
from core.exchanges.wire import MAX_BODY
from core.gateway.app import create_app
from tests.support.scripted_backend import Scripted, running
from tests.support.threads import serving_app

CONFIG = """
model_list:
  - model_name: native
    litellm_params: {{model: ollama/m, api_base: {url}, api_key: the-backends-own-key}}
"""
DONE = {"model": "m", "message": {"role": "assistant", "content": "hello"}, "done": True}


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/chat", DONE)
        scripted.json("/api/show", {"capabilities": ["completion", "vision"], "model_info": {}})
        yield scripted


@pytest.fixture
def fleet(backend: Scripted, tmp_path: Path) -> Fleet:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url=backend.url))
    return Fleet(path)


@pytest.fixture
def url(fleet: Fleet) -> Iterator[str]:
    with serving_app(create_app(fleet)) as address:
        yield address


def test_no_key_and_no_picture_is_kept_of_a_request(url: str, fleet: Fleet) -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(900)).decode()
    content = [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
    ]
    body = {"model": "native", "messages": [{"role": "user", "content": content}], "n": 1}
    head = {"authorization": "Bearer the-clients-key", "x-diglot-strict": "false"}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=head)
    (kept,) = fleet.log.newest(owner="")
    wires = (kept.client, *kept.backend)
    whole = "".join(f"{w.request!r}{w.headers}{w.answered}{w.response!r}" for w in wires)
    for secret in ("the-clients-key", "the-backends-own-key", picture):
        assert secret not in whole
    shown = dict(kept.client.headers)
    assert shown["authorization"] == MASK and shown["x-diglot-strict"] == "false"
    assert shown["user-agent"].startswith("python-httpx")
    assert dict(kept.client.answered)["x-diglot-id"] == answer.headers["x-diglot-id"]
    assert dict(kept.backend[0].headers)["authorization"] == MASK
    assert dict(kept.backend[0].answered)["content-type"] == "application/json"
    # What is left is enough for the report: the picture moved, and nothing was lost.
    rows = {row.path: row.outcome for row in kept.report()}
    assert rows["messages[0].content[1].image_url.url"] == "retyped"
    assert "dropped" not in rows.values()


def test_a_request_longer_than_what_is_kept_is_answered(url: str, backend: Scripted) -> None:
    text = "long " * (MAX_BODY // 4)
    body = {"model": "native", "messages": [{"role": "user", "content": text}]}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert backend.bodies("/api/chat")[0]["messages"][0]["content"] == text


def test_an_error_keeps_what_the_client_got(url: str, fleet: Fleet) -> None:
    httpx.post(f"{url}/v1/chat/completions", json={"model": "nowhere", "messages": []})
    (kept,) = fleet.log.newest(owner="")
    assert kept.status >= 400 and kept.error and dict(kept.client.answered)["content-type"]
