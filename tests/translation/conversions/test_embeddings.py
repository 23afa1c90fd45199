"""Requests for embeddings whose backend speaks the client's dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.config.deployment import Deployment
from core.translation.conversions.embeddings import Embed
from core.translation.conversions.incoming import Incoming
from core.translation.stamp import Stamp

BACKEND = Deployment(
    model_name="mine", model="m", dialect="openai", base_url="http://h"
)  # fmt: skip


def answered(said: Any, **asked: Any) -> bytes:
    """Return the answer to a request for embeddings that a server answered with ``said``."""
    asked = {"model": "m", "input": "a", **asked}
    stamp = Stamp(id="0", created=0, model="m", asked=asked)
    embed = Embed.read(Incoming("embeddings", json.dumps(asked).encode()), BACKEND, stamp)
    embed.request("m")
    return embed.response(json.dumps(said).encode(), now=0)[0]


def vectors(*found: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(found)]
    return {"object": "list", "data": data, "model": "m", "usage": {"total_tokens": 3}, "odd": 1}


def test_numbers_where_base64_was_asked_for_become_base64() -> None:
    # openai-node asks for base64 and reads what comes as such: a quarter of the numbers.
    said = vectors([0.1, -0.2, 0.3], "zczMPc3MTL6amZk+")
    packed = vectors("zczMPc3MTL6amZk+", "zczMPc3MTL6amZk+")
    assert json.loads(answered(said, encoding_format="base64")) == packed


@pytest.mark.parametrize("asked", [{}, {"encoding_format": "float"}, {"encoding_format": None}])
def test_numbers_stay_where_they_were_asked_for(asked: dict[str, Any]) -> None:
    said = vectors([0.1, -0.2, 0.3])
    assert answered(said, **asked) == json.dumps(said).encode()


@pytest.mark.parametrize("odd", [vectors("AAAAAA=="), vectors([1, "x"]), vectors({"a": [1]})])
def test_what_holds_no_numbers_passes_as_bytes(odd: dict[str, Any]) -> None:
    assert answered(odd, encoding_format="base64") == json.dumps(odd).encode()
