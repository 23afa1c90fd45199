"""Conversions through the hub."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.config.deployment import Deployment
from core.translation.conversions.hub import Hub
from core.translation.conversions.incoming import Incoming
from core.translation.conversions.loading import Loading
from core.translation.conversions.table import Conversion, choose
from core.translation.dialects.registry import DIALECTS
from core.translation.stamp import Stamp

STAMP = Stamp(id="0123", created=1_700_000_000_000_000_000, model="mine")
HI = {"model": "mine", "messages": [{"role": "user", "content": "hi"}]}


def backend(kind: str, **more: Any) -> Deployment:
    return Deployment(model_name="mine", model="m", dialect=kind, base_url="http://h", **more)  # type: ignore[arg-type]


def way(client_dialect: str, body: dict[str, Any], to: Deployment) -> Conversion | Loading:
    return choose(Incoming(client_dialect, json.dumps(body).encode()), to, STAMP)


@pytest.mark.parametrize("kind", ["ollama", "openai"])
@pytest.mark.parametrize(
    "client_dialect",
    list(DIALECTS),
)
def test_a_whole_answer_becomes_the_stream_that_was_asked_for(
    client_dialect: str, kind: str
) -> None:
    said = {"responses": {"input": "hi"}, "generate": {"prompt": "hi"}}
    body = {**HI, "prompt": "hi", "max_tokens": 9, "stream": True}
    if client_dialect != "completions":
        body = {**HI, "max_tokens": 9, "stream": True, **said.get(client_dialect, {})}
    found = way(client_dialect, body, backend(kind))
    assert not isinstance(found, Loading)
    if isinstance(found, Hub):
        found.settle(found.asked, accepts=())
    found.request("m")
    if not found.json_is_whole or found.dialect in ("ollama", "generate"):
        return
    text = {"message": {"role": "assistant", "content": "hello"}, "text": "hello"}
    whole = {"model": "m", "choices": [{"index": 0, "finish_reason": "stop", **text}]}
    data, _ = found.response(json.dumps(whole).encode(), now=0)
    words = DIALECTS[client_dialect]
    assert found.answer_type == words.stream_type
    decoder = words.decoder(ids="x")
    events = decoder.decode(data) + decoder.flush()
    assert "hello" in repr(events)
    assert "Finish" in repr(events[-1])
