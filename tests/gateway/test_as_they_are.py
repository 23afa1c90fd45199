"""What a client of a backend's own API is told as it is, and under the names that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.test_app import gateway
from tests.support.scripted_backend import Said, Scripted, running


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


def test_what_is_in_memory_has_the_names_that_clients_use(
    backend: Scripted, tmp_path: Path
) -> None:
    held = {"models": [{"name": "m:latest", "model": "m:latest", "size": 1}]}
    backend.json("/api/ps", held)
    config = f"""
model_list:
  - {{model_name: "mine", litellm_params: {{model: ollama/m, api_base: "{backend.url}"}}}}
  - {{model_name: "cold", litellm_params: {{model: ollama/n, api_base: "{backend.url}"}}}}
  - {{model_name: "all/*", litellm_params: {{model: ollama/*, api_base: "{backend.url}"}}}}
"""
    with gateway(config, tmp_path) as base:
        models = httpx.get(f"{base}/api/ps").json()["models"]
    assert [(m["name"], m["size"]) for m in models] == [("mine", 1), ("all/m:latest", 1)]


@pytest.mark.parametrize(
    ("path", "there", "answer"),
    [
        (
            "/v1/embeddings",
            "openai",
            b'{"data":[{"embedding":[1e400,1]}],"model":"m","usage":{"prompt_tokens":3},"odd":1.0}',
        ),
        ("/api/embed", "ollama", b'{"embeddings":[[3.0,4.0]],"model":"m","odd":[1]}'),
        ("/api/embeddings", "ollama", b'{"embedding":[3.0,4.0]}'),
    ],
)  # fmt: skip
def test_embeddings_pass_as_bytes_where_the_dialect_is_the_same(
    backend: Scripted, tmp_path: Path, path: str, there: str, answer: bytes
) -> None:
    backend.says(path, Said([answer]))
    base_url = backend.url + ("/v1" if there == "openai" else "")
    config = f"""
model_list: [{{model_name: "m", litellm_params: {{model: "{there}/m", api_base: "{base_url}"}}}}]
"""
    asked = {"model": "m", "input": [[1, 2]], "prompt": ["x"], "encoding_format": "odd"}
    with gateway(config, tmp_path) as base:
        said = httpx.post(base + path, json=asked)
    assert (said.status_code, said.content) == (200, answer), said.text
    assert backend.bodies(path) == [asked]
