"""A gateway before a backend that takes its steps byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.direct_backend import Place, noted_ends, serving_place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with serving_place(tmp_path_factory.mktemp("direct")) as found:
        yield found


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How requests ended that were begun without a task: "over" or "handed over"."""
    return noted_ends(monkeypatch)
