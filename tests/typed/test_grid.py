"""Every dialect of a client over every kind of backend, streaming and not.

The backends answer with bytes that a real Ollama and a real llama.cpp server once sent
(tests/vectors/recorded). The same questions go to the real ones, too.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.scripted_backend import Said, Scripted
from tests.support.servers import Gateway, places
from tests.typed.faces import FACES, Face, records

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
RECORDED = ROOT / "tests/vectors/recorded"
OLLAMA, LLAMA = RECORDED / "ollama_0_17_4", RECORDED / "llama_cpp_2026_10"
CELLS = [(face, stream) for face in FACES for stream in face.streams]
cells = pytest.mark.parametrize(
    ("face", "stream"),
    CELLS,
    ids=[f"{f.name or f.path}{', stream' if s else ''}" for f, s in CELLS],
)

# What a backend of each kind once answered on a route: whole, and as a stream.
ANSWERS = {
    "/api/chat": ("chat.json", "chat.ndjson", OLLAMA),
    "/api/generate": ("generate.json", "generate.ndjson", OLLAMA),
    "/api/embed": ("embed.json", "", OLLAMA),
    "/api/embeddings": ("embeddings.json", "", OLLAMA),
    "/v1/embeddings": ("v1_embeddings.json", "", OLLAMA),
    "/v1/chat/completions": ("chat.json", "chat.sse", LLAMA),
    "/v1/completions": ("completions.json", "completions.sse", LLAMA),
}
TYPES = {"json": "application/json", "ndjson": "application/x-ndjson", "sse": "text/event-stream"}
TEXTS = {
    "/api/chat": json.loads((OLLAMA / "chat.json").read_text())["message"]["content"],
    "/api/generate": json.loads((OLLAMA / "generate.json").read_text())["response"],
    "/v1/chat/completions": json.loads((LLAMA / "chat.json").read_text())["choices"][0]["message"][
        "content"
    ],
    "/v1/completions": json.loads((LLAMA / "completions.json").read_text())["choices"][0]["text"],
}


def replay(backend: Scripted, path: str, *, stream: bool) -> None:
    whole, pieces, folder = ANSWERS[path]
    name = pieces if stream else whole
    raw = (folder / name).read_bytes()
    # In pieces that fit no line, as a network may cut them.
    cut = [raw[i : i + 97] for i in range(0, len(raw), 97)]
    backend.says(path, Said(cut, content_type=TYPES[name.rsplit(".", 1)[1]]))


def ask(url: str, face: Face, model: str, *, stream: bool) -> bytes:
    body: dict[str, Any] = {"model": model, **face.body}
    if face.event is not None:
        body["stream"] = stream
    answer = httpx.post(url + face.path, json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.content


def text_of(face: Face, raw: bytes, *, stream: bool) -> str:
    """Check every part of an answer, and return its text."""
    if not stream:
        body = face.check_whole(raw)
        return face.text(body) if face.text else ""
    events = [face.check_event(record) for record in records(raw)]
    assert len(events) > 2 and face.piece
    return "".join(face.piece(event) for event in events)


@cells
@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_recorded(url: str, backend: Scripted, face: Face, stream: bool, kind: str) -> None:
    path: str = getattr(face, kind)
    replay(backend, path, stream=stream)
    before = len(backend.asked)
    raw = ask(url, face, kind, stream=stream)
    assert [asked for asked, _ in backend.asked[before:] if asked in ANSWERS] == [path]
    said = text_of(face, raw, stream=stream)
    assert said == TEXTS.get(path, "")


@cells
@places("bare_over_ollama", "bare_embedded")
def test_real(place: Gateway, face: Face, stream: bool) -> None:
    if "embed" in face.path and place.model == "smollm2:135m":
        answer = httpx.post(place.url + face.path, json={"model": place.model, **face.body})
        assert answer.status_code == 501
        assert "nomic-embed-text" in answer.text
        return
    raw = ask(place.url, face, place.model, stream=stream)
    said = text_of(face, raw, stream=stream)
    assert said.strip() or face.event is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_docs_have_the_same_grid(language: str) -> None:
    text = (ROOT / "docs" / language / "translation.md").read_text("utf-8")
    rows = {}
    for line in text.splitlines():
        found = re.fullmatch(r"\| `(/[^`]+)`(, raw)? \| `([^`]+)` \| `([^`]+)` \| .*\|", line)
        if found:
            rows[found[1] + (found[2] or "")] = (found[3], found[4])
    assert rows == {face.name or face.path: (face.ollama, face.openai) for face in FACES}
