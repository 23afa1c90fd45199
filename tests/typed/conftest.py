"""Fixtures: Diglot in front of a backend that says what a test tells it, known as both kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.programs import CLOSED, gateway
from tests.support.scripted_backend import Scripted, running

CONFIG = """
model_list:
  - model_name: ollama
    litellm_params: {{model: ollama_chat/smollm2, api_base: "{url}"}}
  - model_name: openai
    litellm_params: {{model: openai/m, api_base: "{url}/v1"}}
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = CONFIG.format(url=backend.url)
    folder = tmp_path_factory.mktemp("typed")
    with gateway(config, folder=folder, environ={"OLLAMA_HOST": CLOSED}) as place:
        yield place
