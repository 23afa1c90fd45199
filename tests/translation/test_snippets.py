"""Code to copy is run as it stands, and what it sends is what was to be sent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Unsupported
from core.translation.snippets import WAYS, snippet, snippets
from tests.brain import SENTENCE, thinking
from tests.scripted import Scripted

NATIVE = {
    "model": "qwen3:4b",
    "messages": [{"role": "user", "content": "你说：'it\\'s $5'\n好吗？"}],
    "options": {"num_ctx": 8192, "stop": ["END"]},
    "keep_alive": "5m",
}
OPEN = {
    "model": "qwen3:4b",
    "messages": [{"role": "user", "content": "你说：'it\\'s $5'\n好吗？"}],
    "temperature": 0.0,
    "stop": ["END"],
    "num_ctx": 8192,
}
BODIES = {"/api/chat": NATIVE, "/v1/chat/completions": OPEN}
CASES = [
    (way, path, stream)
    for way, (speaks, _) in WAYS.items()
    for path in BODIES
    for stream in (True, False)
    if not speaks or path in speaks
]


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with thinking() as scripted:
        yield scripted


@pytest.mark.parametrize(("way", "path", "stream"), CASES)
def test_it_sends_what_it_shows(backend: Scripted, way: str, path: str, stream: bool) -> None:
    body: dict[str, Any] = {**BODIES[path], "stream": stream}
    code = snippet(way, body, path=path, origin=backend.url)
    command = ["bash", "-c", code] if way == "curl" else [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    sent = backend.bodies(path)[-1]
    if way == "ollama":
        assert sent.pop("tools") == [], "that client says that there are none"
    assert json.dumps(sent, sort_keys=True) == json.dumps(body, sort_keys=True)
    assert SENTENCE.split()[0] in done.stdout


def test_what_a_client_cannot_send_is_named() -> None:
    code = snippet("ollama", {**NATIVE, "truncate": False}, path="/api/chat", origin="http://h:1/")
    assert "# The client cannot send: truncate" in code
    assert "http://h:1'" in code


def test_a_client_speaks_its_own_dialect_alone() -> None:
    with pytest.raises(Unsupported):
        snippet("openai", NATIVE, path="/api/chat", origin="http://h:1")


def test_every_way_that_can_say_it_is_there() -> None:
    asked = {"dialect": "anthropic", "path": "/v1/messages", "origin": "http://h:1"}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    code = snippets(body, **asked)
    assert list(code) == ["curl", "requests", "openai", "ollama"]
    assert "/v1/messages" in code["curl"]
    assert "'num_predict': 9" in code["ollama"]
    embedding = {"dialect": "embed", "path": "/api/embed", "origin": "http://h:1"}
    assert list(snippets({"model": "m", "input": "hi"}, **embedding)) == ["curl", "requests"]


def test_code_for_the_other_api_keeps_what_diglots_own_face_takes() -> None:
    """The code is for Diglot itself, whose OpenAI face takes every native setting."""
    body = {**NATIVE, "options": {"num_ctx": 8192, "top_k": 5, "repeat_penalty": 1.2}}
    code = snippets(body, dialect="ollama", path="/api/chat", origin="http://x")["openai"]
    for setting in ("'num_ctx': 8192", "'top_k': 5", "'repeat_penalty': 1.2"):
        assert setting in code
