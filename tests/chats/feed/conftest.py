"""A service over an Ollama that plays what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.chats.service import Service
from tests.support.scripted_backend import Scripted
from tests.support.whole_service import whole_service
from tests.ui.actor import acting


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with acting() as scripted:
        monkeypatch.setenv("OLLAMA_HOST", scripted.url)
        yield scripted


@pytest.fixture
def service(backend: Scripted, tmp_path: Path) -> Iterator[Service]:
    with whole_service(tmp_path) as made:
        yield made
