"""Requests for checking reports, and two scripted backends that answer all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.rule_based_model import answer_natively, thinking
from tests.support.scripted_backend import Said, Scripted

VECTORS = Path(__file__).parent.parent / "vectors"

MODELS = ("bare", "able", "alias", "tuned", "bare-alias", "gpt", "gpt-alias", "gpt-tuned", "llama")
"""What can be asked for: over Ollama, then over OpenAI's dialect."""

_TUNED = {"temperature": 0.25, "num_ctx": 4096, "keep_alive": "7m"}
_OPEN = {"temperature": 0.25, "max_tokens": 77}
CONFIGURED: dict[str, dict[str, Any]] = {"tuned": _TUNED, "gpt-tuned": _OPEN}
"""The settings that the config adds, by model."""

_WAYS = {
    "bare": "ollama/bare", "able": "ollama/able", "alias": "ollama/able", "tuned": "ollama/able",
    "bare-alias": "ollama/bare",
    "gpt": "openai/gpt", "gpt-alias": "openai/gpt", "gpt-tuned": "openai/gpt",
    "llama": "openai/llama",
}  # fmt: skip


def config_of(plain: str, llama: str) -> str:
    """Return the config for the backends at these addresses."""
    lines = ["model_list:"]
    for name, model in _WAYS.items():
        base = llama if name == "llama" else plain
        if model.startswith("openai/"):
            base += "/v1"
        more = "".join(f", {k}: {json.dumps(v)}" for k, v in CONFIGURED.get(name, {}).items())
        params = f"model: {model}, api_base: '{base}', api_key: x{more}"
        lines.append(f"  - {{model_name: {name}, litellm_params: {{{params}}}}}")
    return "\n".join(lines) + "\n"


@contextmanager
def answering(kind: str = "") -> Iterator[Scripted]:
    """Run a backend of both kinds; ``kind`` is the owner of its models (llamacpp)."""
    with thinking() as backend:
        backend.thinks("/api/chat", _talked)
        backend.thinks("/api/show", _shown)
        backend.thinks("/api/generate", _generated)
        backend.thinks("/v1/completions", _completed)
        backend.json("/v1/models", {"data": [{"id": "llama", "owned_by": kind or "someone"}]})
        backend.thinks(
            "/api/embed",
            lambda body: _said(
                {
                    "embeddings": [[1.0, 0.0] for _ in _listed(body.get("input"))],
                    "prompt_eval_count": 2,
                }
            ),
        )
        backend.json("/api/embeddings", {"embedding": [1.0, 0.0]})
        backend.thinks(
            "/v1/embeddings",
            lambda body: _said(
                {
                    "object": "list",
                    "data": [
                        {"object": "embedding", "index": i, "embedding": [1.0, 0.0]}
                        for i, _ in enumerate(_listed(body.get("input")))
                    ],
                    "usage": {"prompt_tokens": 2, "total_tokens": 2},
                }
            ),
        )
        yield backend  # fmt: skip


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _said(body: Any) -> Said:
    return Said([json.dumps(body).encode()])


def _shown(body: dict[str, Any]) -> Said:
    able = ["completion", "tools", "thinking", "vision", "insert"]
    bare = body.get("model") == "bare"
    return _said({"capabilities": ["completion"] if bare else able, "model_info": {}})


def _talked(body: dict[str, Any]) -> Said:
    """Answer a chat; one without a word only loads the model."""
    if body.get("messages"):
        return answer_natively(body)
    message = {"role": "assistant", "content": ""}
    return _said({"model": body["model"], "message": message, "done": True, "done_reason": "load"})


def _generated(body: dict[str, Any]) -> Said:
    whole = {
        "model": body["model"], "created_at": "2026-01-01T00:00:00Z", "response": "yes",
        "done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1,
    }  # fmt: skip
    data = json.dumps(whole).encode()
    if body.get("stream", True):
        return Said([data + b"\n"], content_type="application/x-ndjson")
    return Said([data])


def _completed(body: dict[str, Any]) -> Said:
    choice = {"index": 0, "text": "yes", "finish_reason": "stop", "logprobs": None}
    whole = {"id": "c", "object": "text_completion", "created": 1, "model": body["model"],
             "choices": [choice]}  # fmt: skip
    if body.get("stream"):
        data = b"data: " + json.dumps(whole).encode() + b"\n\n"
        return Said([data, b"data: [DONE]\n\n"], content_type="text/event-stream")
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return _said({**whole, "usage": usage})


BY_HAND: dict[str, list[dict[str, Any]]] = json.loads(
    (VECTORS / "report_requests.json").read_text("utf-8")
)
"""Bodies without a model, by dialect: one of each sort that a report has got wrong."""


def requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield dialects and bodies without a model: those above, then all vectors."""
    for dialect, bodies in BY_HAND.items():
        for body in bodies:
            yield dialect, body
    for file in sorted((VECTORS / "requests").glob("*/*.json")):
        vector = json.loads(file.read_text("utf-8"))
        if isinstance(vector.get("input"), dict):
            yield vector["source"], vector["input"]
