"""Code to copy is run as it stands, and what it sends is what was to be sent."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Unsupported
from core.exchanges.snippets import LANGUAGES, WAYS, snippet, snippets
from core.translation.dialects.registry import DIALECTS
from tests.support.programs import ROOT
from tests.support.rule_based_model import SENTENCE, thinking
from tests.support.scripted_backend import Scripted
from tests.support.servers import Gateway, places

pytestmark = pytest.mark.slow

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
BODIES: dict[str, dict[str, Any]] = {"/api/chat": NATIVE, "/v1/chat/completions": OPEN}
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


@pytest.fixture(scope="session")
def npm_folder() -> str:
    """A folder from which node finds the npm package openai."""
    script = [str(ROOT / "scripts/install_openai_npm.sh")]
    found = subprocess.run(script, capture_output=True, text=True, timeout=300)
    if found.returncode:  # CI must not pass by skipping
        pytest.fail(found.stderr.strip())
    if not found.stdout:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


def command(way: str, code: str) -> list[str]:
    """Return what runs a piece of code."""
    if LANGUAGES[way] == "javascript":
        if shutil.which("node") is None:
            pytest.skip("node is not installed")
        return ["node", "--input-type=module", "-e", code]
    return ["bash", "-c", code] if way == "curl" else [sys.executable, "-c", code]


@pytest.mark.parametrize(("way", "path", "stream"), CASES)
def test_it_sends_what_it_shows(
    backend: Scripted, way: str, path: str, stream: bool, request: pytest.FixtureRequest
) -> None:
    body: dict[str, Any] = {**BODIES[path], "stream": stream}
    code = snippet(way, body, path=path, origin=backend.url)
    folder = request.getfixturevalue("npm_folder") if way == "openai-npm" else None
    done = subprocess.run(
        command(way, code), capture_output=True, text=True, timeout=120, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    sent = backend.bodies(path)[-1]
    if way == "ollama":
        assert sent.pop("tools") == [], "that client says that there are none"
    if LANGUAGES[way] == "javascript":
        assert sent == body, "there 0.0 and 0 are one number"
    else:
        assert json.dumps(sent, sort_keys=True) == json.dumps(body, sort_keys=True)
    assert SENTENCE.split()[0] in done.stdout


@pytest.mark.parametrize("way", WAYS)
@places("seed_embedded")
def test_a_real_gateway_answers_code_of_either_side(
    place: Gateway, way: str, request: pytest.FixtureRequest
) -> None:
    body: dict[str, Any] = {"model": place.model}
    body["messages"] = [{"role": "user", "content": "Say hello."}]
    sides = {
        "ollama": {**body, "options": {"num_predict": 4, "top_k": 3}},
        "openai": {**body, "max_tokens": 4, "top_k": 3, "stream": True},
    }
    folder = request.getfixturevalue("npm_folder") if way == "openai-npm" else None
    for dialect, asked in sides.items():
        path = DIALECTS[dialect].path
        code = snippets(asked, dialect=dialect, path=path, origin=place.url)[way]
        done = subprocess.run(
            command(way, code), capture_output=True, text=True, timeout=300, check=False, cwd=folder
        )
        assert done.returncode == 0 and done.stdout.strip(), f"{code}\n{done.stderr}"


def test_each_way_has_a_language_and_hidden_pictures_are_named() -> None:
    assert LANGUAGES.keys() == WAYS.keys()
    body = {"model": "m", "messages": [{"role": "user", "images": ["+hidden+data+9+bytes+"]}]}
    assert snippet("fetch", body, path="/api/chat", origin="http://h").startswith("// Pictures")
    assert snippet("curl", body, path="/api/chat", origin="http://h").startswith("# Pictures")


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
    assert list(code) == list(WAYS)
    assert "/v1/messages" in code["curl"]
    assert "'num_predict': 9" in code["ollama"]
    embedding = {"dialect": "embed", "path": "/api/embed", "origin": "http://h:1"}
    assert list(snippets({"model": "m", "input": "hi"}, **embedding)) == [
        "curl",
        "requests",
        "httpx",
        "fetch",
    ]


def test_code_for_the_other_api_keeps_what_diglots_own_face_takes() -> None:
    """The code is for Diglot itself, whose OpenAI face takes every native setting."""
    body = {**NATIVE, "options": {"num_ctx": 8192, "top_k": 5, "repeat_penalty": 1.2}}
    code = snippets(body, dialect="ollama", path="/api/chat", origin="http://x")["openai"]
    for setting in ("'num_ctx': 8192", "'top_k': 5", "'repeat_penalty': 1.2"):
        assert setting in code
