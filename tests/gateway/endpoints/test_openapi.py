"""The OpenAPI document: it names every route, and nothing that it allows breaks the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis import Case, GenerationMode

from core.backends.fleet import Fleet
from core.gateway.app import routes
from core.gateway.call import GatewayState
from core.gateway.endpoints.mcp import McpEndpoint, own_tools
from core.gateway.endpoints.openapi import document, sections
from core.translation.dialects.api import Operation
from tests.gateway.test_app import DONE, NATIVE, gateway
from tests.support.scripted_backend import Scripted, running

pytestmark = pytest.mark.slow

# A backend that is fine: whatever is 5xx then is Diglot's own.
EMBEDDED = {"model": "m", "embeddings": [[0.5, 0.25]], "embedding": [0.5], "prompt_eval_count": 1}


@pytest.fixture(scope="module")
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        whole = {**DONE, "message": {"role": "assistant", "content": "x"}, "response": "x"}
        for path in (NATIVE, "/api/generate"):
            scripted.json(path, whole)
        scripted.json("/api/embed", EMBEDDED)
        scripted.json("/api/embeddings", EMBEDDED)
        scripted.json("/api/tags", {"models": [{"name": "m:latest"}]})
        scripted.json("/api/ps", {"models": []})
        yield scripted


@pytest.fixture(scope="module")
def url(backend: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    config = f"""
model_list:
  - {{model_name: "*", litellm_params: {{model: ollama/*, api_base: "{backend.url}"}}}}
"""
    with gateway(config, tmp_path_factory.mktemp("openapi")) as base:
        yield base


def test_every_route_is_described_and_no_other() -> None:
    served = set()
    fleet = Fleet(None, environ={})
    mcp = McpEndpoint(GatewayState(fleet), lambda: own_tools(fleet.config.tools))
    for route in routes(GatewayState(fleet), mcp):
        path = re.sub(r":\w+}", "}", route.path)
        # What /mcp speaks is described by its own protocol.
        if path in ("/v1", "/docs", "/openapi.json", "/mcp") or path.endswith("{rest}"):
            continue
        methods = route.methods or set()
        # HEAD comes with every GET.
        served |= {(m.lower(), path) for m in methods if m != "HEAD" or "GET" not in methods}
    assert served == {
        (one.method, one.path) for section in sections() for one in section.operations
    }


def test_the_document_is_valid_and_so_is_the_page(url: str) -> None:
    served = httpx.get(f"{url}/openapi.json").json()
    assert served == document()
    schemathesis.openapi.from_dict(served).validate()
    page = httpx.get(f"{url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in page.text.lower()
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page.text)
    assert all(one.path in page.text for one in described())


def described() -> list[Operation]:
    return [one for section in sections() for one in section.operations]


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(document())
    # One that is an error has no ok(), and the test fails.
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_nothing_breaks_the_server(url: str, operation: Any, mode: GenerationMode) -> None:
    # What an Ollama is asked as it is, is its own to answer.
    if "blobs" in operation.path or operation.path.removeprefix("/api/") in (
        "pull", "push", "create", "copy", "delete", "show",
    ):  # fmt: skip
        allowed = {501, 502}
    elif operation.path.endswith("/compact"):
        allowed = {501}
    else:
        allowed = set()

    @hypothesis.settings(
        max_examples=4,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def broken(case: Case) -> None:
        answer = case.call(base_url=url, timeout=60)
        assert answer.status_code < 500 or answer.status_code in allowed, answer.text[:500]

    try:
        broken()
    except hypothesis.errors.Unsatisfiable:
        # Without a body or a parameter there is nothing to get wrong.
        assert mode is GenerationMode.NEGATIVE
