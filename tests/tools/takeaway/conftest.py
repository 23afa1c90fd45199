"""A gateway over a backend that thinks by rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.programs import CLOSED, gateway
from tests.support.rule_based_model import thinking

CONFIG = """
model_list:
  - model_name: native
    litellm_params: {{model: ollama_chat/brain, api_base: "{url}"}}
  - model_name: open
    litellm_params: {{model: openai/brain, api_base: "{url}/v1"}}
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gateway")
    with (
        thinking() as backend,
        gateway(
            CONFIG.format(url=backend.url), folder=folder, environ={"OLLAMA_HOST": CLOSED}
        ) as address,
    ):
        yield address
