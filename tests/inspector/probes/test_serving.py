"""Probes of memory look into the server."""

from __future__ import annotations

import pytest

from core.http.client import Client
from core.inspector.probes.compatibility import (
    run_probe,
)
from tests.support.probing import native, says, subject
from tests.support.programs import CLOSED
from tests.support.scripted_backend import Scripted

pytestmark = pytest.mark.slow


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
