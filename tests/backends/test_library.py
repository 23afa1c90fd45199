"""Managing models: over a scripted server for progress and faults, and over a real Ollama."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.backends.fleet import Fleet
from core.backends.library import Library, Pull
from core.errors import DiglotError
from tests.chats.test_service import loop_thread
from tests.support.programs import CLOSED
from tests.support.scripted_backend import Said, Scripted, running
from tests.support.servers import Ollama

GB = 1_000_000_000


@contextmanager
def library_of(url: str) -> Iterator[Library]:
    fleet = Fleet(environ={"OLLAMA_HOST": url})
    with loop_thread() as loop:
        asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(10)
        yield Library(fleet)
        asyncio.run_coroutine_threadsafe(fleet.__aexit__(None, None, None), loop).result(10)


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with running() as scripted:
        scripted.json("/api/tags", {"models": []})
        yield scripted


def wait(library: Library, until: Callable[[Pull], bool]) -> Pull:
    for _ in range(500):
        pulls = library.pulls()
        if pulls and until(pulls[0]):
            return pulls[0]
        time.sleep(0.02)
    raise AssertionError(library.pulls())


def test_progress_is_that_of_all_layers_together(backend: Scripted) -> None:
    lines = [
        {"status": "pulling manifest"},
        {"status": "pulling a", "digest": "a", "total": 3 * GB},
        {"status": "pulling a", "digest": "a", "total": 3 * GB, "completed": 2 * GB},
        {"status": "pulling b", "digest": "b", "total": GB, "completed": GB},
        {"status": "pulling a", "digest": "a", "total": 3 * GB, "completed": 3 * GB},
        {"status": "verifying sha256 digest"},
        {"status": "success"},
    ]
    backend.lines("/api/pull", lines, pause=0.05)
    with library_of(backend.url) as library:
        library.pull(" qwen3:4b ")
        half = wait(library, lambda pull: pull.done >= 2 * GB)
        assert half.name == "qwen3:4b" and half.state == "running"
        ended = wait(library, lambda pull: pull.state != "running")
        assert (ended.state, ended.done, ended.total) == ("complete", 4 * GB, 4 * GB)
        assert ended.rate > 0
        assert backend.bodies("/api/pull") == [{"model": "qwen3:4b"}]
        library.dismiss("qwen3:4b")
        assert library.pulls() == []


def test_a_second_pull_of_the_same_model_is_the_first_one(backend: Scripted) -> None:
    backend.lines("/api/pull", [{"status": "pulling manifest"}] * 100, pause=0.05)
    with library_of(backend.url) as library:
        library.pull("m")
        library.pull("m")
        wait(library, lambda pull: pull.step != "")
        assert len(backend.bodies("/api/pull")) == 1
        library.dismiss("m")
        assert len(library.pulls()) == 1
        library.cancel("m")
        assert wait(library, lambda pull: pull.state != "running").state == "cancelled"
        assert backend.left.wait(5)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said([b'{"error":"pull model manifest: file does not exist"}\n']), "file does not exist"),
        (Said([b'{"status":"pulling manifest"}\n'], cut=True), "closed|stopped"),
        (Said([b'{"status":"pulling manifest"}\n']), "stopped before"),
        (Said([b"<html>"], content_type="text/html"), "JSON"),
        (Said([b'{"error":"no space left on device"}'], status=500), "no space left"),
    ],
)
def test_a_pull_that_fails_says_why(backend: Scripted, said: Said, words: str) -> None:
    backend.says("/api/pull", said)
    with library_of(backend.url) as library:
        library.pull("m")
        failed = wait(library, lambda pull: pull.state != "running")
        assert failed.state == "failed" and failed.error
        assert re.search(words, failed.error["message"])


def test_nothing_can_be_pulled_where_no_ollama_is(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps({"model_list": [
        {"model_name": "m", "litellm_params": {"model": "openai/m", "api_base": CLOSED}}
    ]}))  # fmt: skip
    fleet = Fleet(config, environ={})
    with loop_thread() as loop:
        asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(10)
        library = Library(fleet)
        library.pull("m")
        assert wait(library, lambda pull: pull.state != "running").error
        with pytest.raises(DiglotError):
            library.delete("m")
        asyncio.run_coroutine_threadsafe(fleet.__aexit__(None, None, None), loop).result(10)


@pytest.mark.ollama
def test_a_real_ollama_loads_unloads_and_deletes(ollama_server: Ollama) -> None:
    with library_of(ollama_server.url) as library:
        httpx.post(
            f"{ollama_server.url}/api/copy", json={"source": "smollm2", "destination": "spare"}
        )
        httpx.post(f"{ollama_server.url}/api/generate", json={"model": "spare"}, timeout=120)
        spare = {model.name: model for model in library.models()}["spare:latest"]
        assert spare.loaded and spare.memory > 0 and spare.context > 0 and spare.expires
        assert "completion" in spare.capabilities and spare.size > 50_000_000 and spare.digest
        library.unload("spare")
        for _ in range(100):
            if not any(model.loaded and model.name == spare.name for model in library.models()):
                break
            time.sleep(0.1)
        else:
            raise AssertionError("it is still in memory")
        library.delete("spare")
        assert spare.name not in [model.name for model in library.models()]
        with pytest.raises(DiglotError, match="not found"):
            library.delete("spare")
