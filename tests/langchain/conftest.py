"""Fixtures: Diglot in front of the brain, which it knows as an Ollama and as an OpenAI server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from langchain_tests.integration_tests import chat_models

from tests.support.programs import CLOSED, gateway
from tests.support.rule_based_model import thinking

CONFIG = """
model_list:
  - model_name: over-ollama
    litellm_params: {{model: ollama_chat/brain, api_base: "{url}"}}
  - model_name: over-openai
    litellm_params: {{model: openai/brain, api_base: "{url}/v1"}}
"""
CAPABILITIES = ["completion", "tools", "vision", "thinking"]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="session")
def diglot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with thinking() as backend:
        backend.json("/api/show", {"capabilities": CAPABILITIES, "model_info": {}})
        config = CONFIG.format(url=backend.url)
        folder = tmp_path_factory.mktemp("langchain")
        with gateway(config, folder=folder, environ={"OLLAMA_HOST": CLOSED}) as url:
            yield url


@pytest.fixture(autouse=True)
def picture_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests fetch a picture from GitHub; what it shows does not matter to them."""
    fetched = SimpleNamespace(get=lambda url, **_: SimpleNamespace(content=PNG))
    monkeypatch.setattr(chat_models, "httpx", fetched)


@pytest.fixture
def benchmark() -> None:
    """What a test asks for that skips itself: it times LangChain's code over a recording."""


@pytest.fixture
def vcr() -> None:
    """As ``benchmark``."""
