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


ODD = (
    b'"big":123456789012345678901234567890,"wide":1e400,"twice":{"a":1,"a":2},'
    b'"deep":' + b"[" * 300 + b"1e400" + b"]" * 300
)
WORDS = b'{"role":"user","content":[{"type":"never_seen","x":-1e400},{"type":"text","text":"hi"}]}'
SAYS = b'{"model":"m",%b,%b,%b}'
LAST = {
    "/v1/chat/completions": b"data: %b\n\ndata: [DONE]\n\n"
    % (
        SAYS
        % (
            b'"choices":[{"index":0,"delta":{"content":"\\"error\\""},"finish_reason":"stop"}]',
            b'"usage":{"prompt_tokens":1e400}',
            ODD,
        )
    ),
    "/api/chat": SAYS
    % (b'"message":{"content":"\\"error\\""}', b'"done":true,"eval_count":1e400', ODD)
    + b"\n",
}
WHOLE = {
    "/v1/chat/completions": b'{"model":"m","choices":[{"message":{"content":"yes","odd":[1e400]}}],'
    b'"usage":{"prompt_tokens":1e400,"completion_tokens":123456789012345678901234567890},%b}' % ODD,
    "/api/chat": b'{"model":"m","message":{"content":"yes"},"done":true,"eval_count":1e400,'
    b'"prompt_eval_count":123456789012345678901234567890,%b}' % ODD,
}


@pytest.mark.parametrize("settings", ["", "num_ctx: 7"])
@pytest.mark.parametrize("name", ["m", "alias"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", list(WHOLE))
def test_chats_pass_as_bytes_where_the_dialect_is_the_same(
    backend: Scripted, tmp_path: Path, path: str, stream: bool, name: str, settings: str
) -> None:
    native = path == "/api/chat"
    kind = "application/x-ndjson" if native else "text/event-stream"
    said = Said([LAST[path]], content_type=kind) if stream else Said([WHOLE[path]])
    backend.says(path, said)
    there, base_url = ("ollama", backend.url) if native else ("openai", backend.url + "/v1")
    more = f", {settings}" if settings else ""
    config = f"""
model_list:
  - model_name: "{name}"
    litellm_params: {{model: "{there}/m", api_base: "{base_url}"{more}}}
"""
    flag = b"true" if stream else b"false"
    body = b'{"model":"%b","stream":%b,"messages":[%b],%b}' % (name.encode(), flag, WORDS, ODD)
    with gateway(config, tmp_path) as base:
        answer = httpx.post(base + path, content=body)
    assert answer.status_code == 200, answer.text
    wanted = said.pieces[0].replace(b'"model":"m"', b'"model":"%b"' % name.encode())
    assert answer.content == wanted
    sent = backend.raw[-1]
    assert sent.startswith(b"{") and ODD in sent and WORDS in sent
    if not settings:
        assert sent == body.replace(b'"model":"alias"', b'"model":"m"')
