"""Probes of memory look into the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from core.http.client import Client
from core.inspector.probes.compatibility import (
    PROBES,
    run_probe,
)
from core.inspector.probes.subject import HttpAsker, Subject
from core.words import languages
from tests.support.programs import CLOSED, ROOT
from tests.support.scripted_backend import Said, Scripted, running

pytestmark = pytest.mark.slow

TABLES = {
    name: (ROOT / f"docs/{name}/compatibility.md").read_text("utf-8") for name in ("zh", "en")
}
MARKS = {"✓": "honoured", "✗": "ignored", "⊘": "refused", "?": "inconclusive"}


def committed(name: str) -> list[str]:
    """Return the verdicts of a probe in the committed table."""
    title = PROBES[name].title
    found = []
    for language in languages():
        label = title.text(language)
        rows = (line for line in TABLES[language].splitlines() if line.startswith(f"| {label} |"))
        found.append([MARKS[cell.strip()] for cell in next(rows).split("|")[2:-1]])
    assert found[0] == found[1]
    return found[0]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    one = Client()
    yield one
    await one.close()


def subject(
    client: Client, url: str, client_dialect: str, server: str = "", model: str = "m"
) -> Subject:
    asker, behind = HttpAsker(client, url), HttpAsker(client, server or url)
    return Subject(
        name=client_dialect,
        client_dialect=client_dialect,
        asker=asker,
        model=model,
        server=behind,
        server_model="m",
    )


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        yield scripted


def native(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"model": "m", "message": message, "done": True, "done_reason": "stop", **more}


def says(backend: Scripted, *answers: dict[str, Any]) -> None:
    backend.says("/api/chat", *(Said([json.dumps(answer).encode()]) for answer in answers))


async def test_memory_is_looked_into(client: Client, backend: Scripted) -> None:
    one = subject(client, backend.url, "ollama")
    says(backend, native("a"))
    backend.json("/api/ps", {"models": [{"name": "m:latest", "context_length": 1536}]})
    assert (await run_probe("num_ctx", one)).verdict == "honoured"
    backend.json("/api/ps", {"models": [{"name": "m", "context_length": 4096}]})
    result = await run_probe("num_ctx", one)
    assert result.verdict == "ignored" and "4096" in result.evidence.text("en")
    assert (result.sent[0].request or {})["options"]["num_ctx"] == 1536
    hidden = subject(client, backend.url, "ollama", server=CLOSED)
    assert (await run_probe("num_ctx", hidden)).verdict == "inconclusive"
