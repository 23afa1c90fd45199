"""The next step on a machine without models, with a program that stands in for Ollama."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.backends import next_steps
from core.backends.fleet import Fleet
from core.backends.next_steps import (
    fitting_model,
    installed_ollama,
    machine_memory,
    start_ollama,
)
from core.errors import BackendUnavailable
from tests.chats.test_service import loop_thread
from tests.support.ollama_program import ollama_program
from tests.support.programs import free_port

GB = 1_000_000_000


@contextmanager
def fleet_of(environ: dict[str, str]) -> Iterator[Fleet]:
    made = Fleet(environ=environ)
    with loop_thread() as loop:
        asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result(30)
        yield made
        asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result(30)


@pytest.mark.parametrize(
    ("memory", "name"),
    [(0, "gemma3:1b"), (4 * GB, "qwen3:1.7b"), (8 * GB, "qwen3:4b"), (16 * GB, "qwen3:8b"),
     (64 * GB, "gpt-oss:20b")],
)  # fmt: skip
def test_a_model_leaves_half_of_the_memory_free(memory: int, name: str) -> None:
    assert fitting_model(memory).name == name


def test_the_memory_of_this_machine_is_known() -> None:
    if sys.platform == "linux":
        assert machine_memory() > GB // 2


def test_a_program_is_found_where_it_would_be_asked(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:9"}
    assert installed_ollama(environ) == ""
    program = ollama_program(tmp_path)
    assert installed_ollama(environ) == str(program)
    assert installed_ollama({"PATH": str(tmp_path)}) == str(program)
    for host in ("10.1.2.3", "https://models.example", "::::", "not an address"):
        assert installed_ollama({**environ, "OLLAMA_HOST": host}) == ""


def test_it_is_started_without_our_keys_and_used(tmp_path: Path) -> None:
    ollama_program(tmp_path)
    host = f"127.0.0.1:{free_port()}"
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OLLAMA_HOST": host,
               "OPENAI_API_KEY": "sk-1", "DIGLOT_DATABASE": "x"}  # fmt: skip
    with fleet_of(environ) as fleet:
        start_ollama(fleet, environ)
        try:
            assert fleet.status().kind == "server" and fleet.status().base_url.endswith(host)
            seen = (tmp_path / "environ").read_text().split("\n")
            assert f"OLLAMA_HOST={host}" in seen
            assert not [line for line in seen if line.startswith(("OPENAI", "DIGLOT"))]
        finally:
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_one_that_ends_at_once_is_a_sentence(tmp_path: Path) -> None:
    program = tmp_path / "ollama"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    environ = {"PATH": str(tmp_path), "OLLAMA_HOST": f"127.0.0.1:{free_port()}"}
    with fleet_of(environ) as fleet:
        began = time.monotonic()
        with pytest.raises(BackendUnavailable, match="it ended at once"):
            start_ollama(fleet, environ)
        assert time.monotonic() - began < next_steps._PATIENCE  # noqa: SLF001 the limit itself
        program.unlink()
        with pytest.raises(BackendUnavailable, match="cannot be started"):
            start_ollama(fleet, environ)
