"""Requests that make little sense, held against what a real Ollama 0.17.4 answers to them.

``tests/vectors/odd_requests.json`` has what each adds to an ordinary request, Ollama's status, that
of LiteLLM 1.108.7 in front of it (with ``drop_params``), and ``why`` Diglot refuses it where one of
them does not: a sentence of the documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.errors import DiglotError
from core.translation.dialects.registry import EMBEDDING_DIALECTS
from core.translation.translate import translate_request
from tests.support.programs import ROOT
from tests.support.servers import Ollama

ODD: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "odd_requests.json").read_text("utf-8")
)
CHAT = {"messages": [{"role": "user", "content": "hi"}]}
ORDINARY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "/v1/chat/completions": ("openai", "ollama", {**CHAT, "max_tokens": 2}),
    "/v1/completions": ("completions", "generate", {"prompt": "hi", "max_tokens": 2}),
    "/v1/embeddings": ("embeddings", "embed", {"input": "hi"}),
    "/v1/messages": ("anthropic", "ollama", {**CHAT, "max_tokens": 2}),
    "/v1/responses": ("responses", "ollama", {"input": "hi", "max_output_tokens": 2}),
    "/api/chat": ("ollama", "openai", {**CHAT, "stream": False, "options": {"num_predict": 2}}),
    "/api/generate": ("generate", "openai", {"prompt": "hi", "stream": False}),
}


def named(case: dict[str, Any]) -> str:
    return f"{case['path']} {json.dumps(case['odd'])}"


def translated(source: str, target: str, body: dict[str, Any]) -> None:
    if source in EMBEDDING_DIALECTS:
        request = EMBEDDING_DIALECTS[source].parse_request(body)
        EMBEDDING_DIALECTS[target].dump_request(request)
    else:
        translate_request(body, source=source, target=target)


@pytest.mark.parametrize("case", ODD, ids=named)
def test_nothing_is_refused_that_others_take_without_a_reason_in_the_docs(
    case: dict[str, Any],
) -> None:
    source, target, ordinary = ORDINARY[case["path"]]
    body = {"model": "m", **ordinary, **case["odd"]}
    try:
        translated(source, target, body)
        status = 200
    except DiglotError as error:
        status = error.status
    taken = 200 in (case.get("ollama"), case.get("litellm"))
    if "why" in case:
        assert (taken, status) == (True, 400)
        assert f"| {case['why']} |" in (ROOT / "docs/en/translation.md").read_text("utf-8")
    elif taken:
        assert status == 200
    else:
        assert status in (200, 400)


@pytest.mark.ollama
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_ollama_answers_as_recorded(ollama_server: Ollama) -> None:
    with httpx.Client(base_url=ollama_server.url, timeout=60) as client:
        found = [
            (named(case), client.post(case["path"], json=_body(case)).status_code)
            for case in ODD
            if "ollama" in case
        ]
    assert found == [(named(case), case["ollama"]) for case in ODD if "ollama" in case]


def _body(case: dict[str, Any]) -> dict[str, Any]:
    return {"model": "smollm2", **ORDINARY[case["path"]][2], **case["odd"]}
