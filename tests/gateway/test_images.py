"""Images by their address, through the gateway, to a backend that takes only the image."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import gateway
from tests.support.scripted_backend import Said, Scripted, running

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
SEES = {"capabilities": ["completion", "vision"], "model_info": {}}
BLIND = {"capabilities": ["completion"], "model_info": {}}
DONE = {"model": "m", "done": True, "done_reason": "stop"}

CONFIG = """
model_list:
  - model_name: seeing
    litellm_params: {{model: ollama_chat/m, api_base: "{url}"}}
diglot:
  images: {{allow: [{allow}]}}
"""


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/show", SEES)
        scripted.json("/api/chat", {**DONE, "message": {"role": "assistant", "content": "a cat"}})
        scripted.says("/cat.png", Said([PNG], content_type="image/png"))
        yield scripted


def ask(
    backend: Scripted,
    folder: Path,
    url: str,
    allow: str = "127.0.0.1",
    text: str = "What is this?",
) -> httpx.Response:
    content: list[Any] = [{"type": "image_url", "image_url": {"url": url}}]
    if text:
        content.insert(0, {"type": "text", "text": text})
    body: dict[str, Any] = {"model": "seeing", "messages": [{"role": "user", "content": content}]}
    config = CONFIG.format(url=backend.url, allow=allow)
    with gateway(config, folder) as place:
        return httpx.post(f"{place}/v1/chat/completions", json=body, timeout=20)


def test_an_image_arrives_as_itself(backend: Scripted, tmp_path: Path) -> None:
    answer = ask(backend, tmp_path, f"{backend.url}/cat.png")
    assert answer.json()["choices"][0]["message"]["content"] == "a cat"
    assert "x-diglot-dropped" not in answer.headers
    message = backend.bodies("/api/chat")[0]["messages"][0]
    assert message == {
        "role": "user",
        "content": "What is this?",
        "images": [b64encode(PNG).decode()],
    }


def test_a_private_address_is_refused_with_its_path(backend: Scripted, tmp_path: Path) -> None:
    answer = ask(backend, tmp_path, f"{backend.url}/cat.png", allow="files.lan")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "messages[0].content[1].image_url.url"
    assert error["code"] == "image_address_refused"
    assert backend.bodies("/cat.png") == [] == backend.bodies("/api/chat")


def test_a_model_that_cannot_see_costs_no_fetch(backend: Scripted, tmp_path: Path) -> None:
    backend.json("/api/show", BLIND)
    answer = ask(backend, tmp_path, f"{backend.url}/cat.png")
    assert answer.status_code == 200
    assert answer.headers["x-diglot-dropped"] == "messages[0].content[1].image_url.url"
    assert backend.bodies("/api/chat")[0]["messages"] == [
        {"role": "user", "content": "What is this?"}
    ]
    assert backend.bodies("/cat.png") == []


def test_a_picture_alone_for_a_model_that_cannot_see_is_refused(
    backend: Scripted, tmp_path: Path
) -> None:
    backend.json("/api/show", BLIND)
    answer = ask(backend, tmp_path, f"{backend.url}/cat.png", text="")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "no_vision"
    assert "cannot see images" in answer.json()["error"]["message"]
