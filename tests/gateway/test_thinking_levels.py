"""How hard a model can think is what its server says; what it lacks becomes the nearest, and said.

``/api/show`` of a newer Ollama has ``thinking: {values, default}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.test_app import DONE, HELLO, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

SHOWN = {
    "capabilities": ["completion", "thinking"],
    "thinking": {"values": ["low", "high"], "default": "low"},
}
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": "m", "messages": HELLO},
    "/v1/messages": {"model": "m", "max_tokens": 9, "messages": HELLO},
    "/v1/responses": {"model": "m", "input": "hi"},
}


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json(NATIVE, {**DONE, "message": {"role": "assistant", "content": "x"}})
        scripted.json("/api/show", SHOWN)
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    base = f"litellm_params: {{model: ollama/m, api_base: {backend.url}}}"
    folder: Path = tmp_path_factory.mktemp("levels")
    with gateway(f"model_list: [{{model_name: m, {base}}}]\n", folder) as gate:
        yield gate


@pytest.mark.parametrize(
    ("path", "said", "sent", "told"),
    [
        ("/v1/chat/completions", {"reasoning_effort": "high"}, "high", False),
        ("/v1/chat/completions", {"reasoning_effort": "xhigh"}, "high", True),
        # Natively the least is low anyway.
        ("/v1/chat/completions", {"reasoning": {"effort": "minimal"}}, "low", False),
        ("/v1/chat/completions", {"reasoning": {"max_tokens": 6000}}, "low", True),
        ("/v1/chat/completions", {"think": "medium"}, "low", True),
        ("/v1/responses", {"reasoning": {"effort": "medium"}}, "low", True),
        ("/v1/messages", {"thinking": {"type": "enabled", "budget_tokens": 6000}}, "low", True),
        ("/v1/messages", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
         "high", True),
        # A bare yes is what the model takes a yes for.
        ("/v1/chat/completions", {"enable_thinking": True}, "low", False),
        ("/v1/chat/completions", {"reasoning_effort": "none"}, False, False),
    ],
)  # fmt: skip
def test_a_level_that_the_model_lacks_is_the_nearest_and_is_said(
    url: str, backend: Scripted, path: str, said: dict[str, Any], sent: bool | str, told: bool
) -> None:
    answer = httpx.post(url + path, json={**ASKED[path], **said}, timeout=20)
    assert answer.status_code == 200, answer.text
    assert backend.bodies(NATIVE)[-1]["think"] == sent
    assert ("think_nearest" in answer.headers.get("x-diglot-emulated", "")) is told
    report = httpx.get(f"{url}/diglot/exchanges/{answer.headers['x-diglot-id']}/report").json()
    rows = report["request"]["rows"]
    assert any(row["note"]["key"] == "report.think_nearest" for row in rows) is told
