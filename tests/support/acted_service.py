"""The service of the pages over an Ollama that plays its part, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.chats.service import Service
from tests.support.scripted_backend import Scripted
from tests.support.whole_service import whole_service
from tests.ui.actor import acting

__all__ = ["backend", "service"]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """The Ollama that the service asks."""
    with acting() as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        yield scripted


@pytest.fixture
def service(backend: Scripted, tmp_path: Path) -> Iterator[Service]:
    """The service of this process, on a database of its own."""
    with whole_service(tmp_path) as made:
        yield made
