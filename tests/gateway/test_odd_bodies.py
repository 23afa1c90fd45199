"""Bodies that are no proper JSON, held against what Ollama and LiteLLM answer to the same bytes.

``tests/vectors/odd_bodies.json`` has each body, a character a byte, with the statuses of a real
Ollama 0.17.4 and of LiteLLM 1.108.7 in front of it, both at ``/v1/chat/completions``; and ``why``
Diglot refuses one that they take: a sentence of the documentation.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.direct_backend import Place
from tests.support.programs import ROOT

ODD: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "odd_bodies.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", ODD, ids=lambda case: case["shows"])
def test_nothing_is_refused_that_others_read_without_a_reason_in_the_docs(
    place: Place, case: dict[str, Any]
) -> None:
    body = case["body"].encode("latin-1")
    for plain, wide in ((b'"m"', b'"one/whole"'), ('"m"'.encode("utf-16-le"), None)):
        body = body.replace(plain, wide or '"one/whole"'.encode("utf-16-le"))
    kind = case.get("content_type", "application/json")
    headers = {"content-type": kind} if kind else {}
    answer = httpx.post(place.url + "/v1/chat/completions", content=body, headers=headers)
    taken = 200 in (case["ollama"], case["litellm"])
    if "why" in case:
        assert taken
        assert answer.status_code in (400, 415)
        assert f"| {case['why']} |" in (ROOT / "docs/en/translation.md").read_text("utf-8")
    elif taken:
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code in (200, 400)
    if answer.status_code != 200:
        assert answer.json()["error"]["message"]
