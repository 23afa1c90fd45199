"""A probe: its claim, its words and what a refusal says."""

from __future__ import annotations

import pytest

from core.http.client import Client
from core.inspector.probes.compatibility import (
    PROBES,
    run_probe,
)
from core.inspector.probes.probe import VERDICTS
from core.words import languages
from tests.support.probing import subject
from tests.support.programs import CLOSED
from tests.support.scripted_backend import Scripted

pytestmark = pytest.mark.slow


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
