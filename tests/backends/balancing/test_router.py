"""Which deployment answers for a name."""

from __future__ import annotations

import pytest

from core.backends.balancing.router import Router
from core.config.config import parse_config
from core.errors import BackendError, InvalidRequest, Unsupported

CONFIG = """
model_list:
  - {model_name: qwen-local, litellm_params: {model: ollama/qwen3:4b, api_base: "http://a:1"}}
  - {model_name: "own/*", litellm_params: {model: "ollama/*", api_base: "http://b:1"}}
  - {model_name: twin, litellm_params: {model: ollama/x, api_base: "http://a:1"}}
  - {model_name: twin, litellm_params: {model: ollama/x, api_base: "http://b:1"}}
  - {model_name: far, litellm_params: {model: openai/gpt, api_base: "http://c:1/v1"}}
"""


@pytest.fixture
def router() -> Router:
    return Router(parse_config(CONFIG, environ={}).deployments)


def test_names_are_compared_as_ollama_compares_them(router: Router) -> None:
    for name in ("qwen-local", "QWEN-local", "qwen-local:latest"):
        assert router.resolve(name).model == "qwen3:4b"


def test_a_wildcard_stands_for_any_name(router: Router) -> None:
    route = router.resolve("own/ns/llama3:8b")
    assert (route.model, route.deployment.base_url) == ("ns/llama3:8b", "http://b:1")


def test_twins_take_turns(router: Router) -> None:
    group = router.group("twin")
    leases = [group.take() for _ in range(4)]
    places = [lease.route.deployment.base_url for lease in leases if lease]
    assert sorted(places) == ["http://a:1", "http://a:1", "http://b:1", "http://b:1"]


def test_a_backends_own_name_works_too(router: Router) -> None:
    assert router.resolve("qwen3:4b").deployment.model_name == "qwen-local"


def test_a_name_that_nobody_has(router: Router) -> None:
    with pytest.raises(BackendError, match="qwen-local") as caught:
        router.resolve("other")
    assert caught.value.status == 404
    with pytest.raises(InvalidRequest):
        router.resolve("")


def test_models_are_managed_where_they_live(router: Router) -> None:
    assert router.host("qwen-local").model == "qwen3:4b"
    assert router.host("new-one").deployment.base_url == "http://a:1"
    assert router.host("far").deployment.base_url == "http://a:1"
    with pytest.raises(Unsupported, match="none is behind this one"):
        Router(()).host("x")
