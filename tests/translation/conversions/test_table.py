"""The conversion for a pair of dialects: the shortest that fits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.config.deployment import Deployment
from core.errors import InvalidRequest
from core.translation.conversions.hub import Hub
from core.translation.conversions.incoming import Incoming
from core.translation.conversions.loading import Loading
from core.translation.conversions.pass_through import PassThrough
from core.translation.conversions.plain_over_ollama import PlainOverOllama
from core.translation.conversions.table import Conversion, choose, ways
from core.translation.dialects.registry import BACKEND_KINDS, SPOKEN
from core.translation.stamp import Stamp

STAMP = Stamp(id="0123", created=1_700_000_000_000_000_000, model="mine")
HI = {"model": "mine", "messages": [{"role": "user", "content": "hi"}]}


def backend(kind: str, **more: Any) -> Deployment:
    return Deployment(model_name="mine", model="m", dialect=kind, base_url="http://h", **more)  # type: ignore[arg-type]


def way(client_dialect: str, body: dict[str, Any], to: Deployment) -> Conversion | Loading:
    return choose(Incoming(client_dialect, json.dumps(body).encode()), to, STAMP)


def test_every_dialect_has_a_way_to_every_kind_of_backend() -> None:
    assert all(ways(client_dialect, kind) for client_dialect in SPOKEN for kind in BACKEND_KINDS)


def test_the_shortest_way_that_fits_is_taken() -> None:
    ollama, openai = backend("ollama"), backend("openai")
    assert isinstance(way("openai", HI, ollama), PlainOverOllama)
    assert isinstance(way("openai", HI, openai), PassThrough)
    assert isinstance(way("ollama", HI, ollama), PassThrough)
    assert isinstance(way("ollama", HI, openai), Hub)
    assert isinstance(way("ollama", {"model": "mine"}, openai), Loading)
    assert isinstance(way("anthropic", HI, ollama), Hub)
    claude = {**HI, "max_tokens": 9, "system": "Be brief."}
    assert isinstance(way("anthropic", claude, ollama), PlainOverOllama)
    assert isinstance(way("anthropic", claude, openai), Hub)
    assert isinstance(way("anthropic", {**claude, "top_k": 2}, ollama), Hub)
    for more in ({"settings": {"seed": 1}}, {"unwanted": ("seed",)}, {"thinking": False}):
        assert isinstance(way("openai", HI, backend("ollama", **more)), Hub)
    assert isinstance(way("openai", {**HI, "n": 2}, ollama), Hub)


@pytest.mark.parametrize("most", [{}, {"max_tokens": None}, {"max_tokens": 0}, {"max_tokens": -1}])
def test_messages_need_a_limit_as_on_its_servers(most: dict[str, Any]) -> None:
    conversion = way("anthropic", {**HI, **most}, backend("ollama"))
    assert isinstance(conversion, Hub)
    with pytest.raises(InvalidRequest) as caught:
        _ = conversion.asked
    assert (caught.value.status, caught.value.path) == (400, "max_tokens")
