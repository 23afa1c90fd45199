"""A probe: its claim, its words and what a refusal says."""

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
from core.inspector.probes.probe import VERDICTS
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


def says(backend: Scripted, *answers: dict[str, Any]) -> None:
    backend.says("/api/chat", *(Said([json.dumps(answer).encode()]) for answer in answers))


async def test_a_refusal_keeps_the_servers_words(client: Client, backend: Scripted) -> None:
    one = subject(client, backend.url, "ollama")
    backend.json("/api/chat", {"error": "no thinking here"}, status=400)
    result = await run_probe("think", one)
    assert (result.verdict, result.evidence.text("en")) == ("refused", "400: no thinking here")
    gone = subject(client, CLOSED, "openai")
    assert (await run_probe("n", gone)).verdict == "inconclusive"


def test_every_probe_and_verdict_is_said_in_both_languages() -> None:
    assert all(all(map(probe.title.text, languages())) for probe in PROBES.values())
    assert all(all(map(note.text, languages())) for note in VERDICTS.values())
