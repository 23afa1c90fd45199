"""A client that leaves stops the work that was done for it, down to the real Ollama.

Ollama answers one request of a model after the other here, so whether it still works on the
one that was left shows in how long the next one waits.
"""

from __future__ import annotations

import time
from contextlib import suppress

import httpx
import pytest

from tests.support.servers import Gateway, Ollama

pytestmark = pytest.mark.ollama

# More than a minute of work for this model, which a grammar keeps from ending by itself.
ROW = {"type": "object", "properties": {n: {"type": "integer"} for n in "abcdefgh"}}
ROW["required"] = [*"abcdefgh"]
SCHEMA = {"type": "array", "minItems": 200, "items": ROW}
LONG = {
    "model": "qwen-local",
    "messages": [{"role": "user", "content": "Fill the table."}],
    "max_tokens": 20_000,
    "response_format": {"type": "json_schema", "json_schema": {"name": "t", "schema": SCHEMA}},
}
SOON = 20.0


def wait_for_next(server: Ollama) -> float:
    """Return how long Ollama takes for a short answer, in seconds."""
    started = time.monotonic()
    body = {"model": "qwen3:4b", "prompt": "Hi", "stream": False, "options": {"num_predict": 2}}
    httpx.post(f"{server.url}/api/generate", json=body, timeout=120).raise_for_status()
    return time.monotonic() - started


def test_a_stream_that_is_left(seed_over_ollama: Gateway, ollama_server: Ollama) -> None:
    body = {**LONG, "stream": True}
    url = f"{seed_over_ollama.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, timeout=60) as answer:
        heard = [line for line, _ in zip(answer.iter_lines(), range(40), strict=False)]
    assert len(heard) == 40 and not any("[DONE]" in line for line in heard)
    assert wait_for_next(ollama_server) < SOON


def test_a_whole_answer_that_is_left(seed_over_ollama: Gateway, ollama_server: Ollama) -> None:
    url = f"{seed_over_ollama.url}/v1/chat/completions"
    with suppress(httpx.ReadTimeout):
        httpx.post(url, json=LONG, timeout=3)
        pytest.fail("the long answer came too soon to show anything")
    assert wait_for_next(ollama_server) < SOON


def test_it_would_have_gone_on(seed_over_ollama: Gateway, ollama_server: Ollama) -> None:
    """The next request does wait for one that is not left, or the tests above show nothing."""
    url = f"{seed_over_ollama.url}/v1/chat/completions"
    with httpx.stream("POST", url, json={**LONG, "stream": True}, timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines)
        with pytest.raises(httpx.ReadTimeout):
            body = {"model": "qwen3:4b", "prompt": "Hi", "stream": False}
            httpx.post(f"{ollama_server.url}/api/generate", json=body, timeout=4)
