"""A search that was compiled before finds the same, and what is kept is not trusted blindly."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hyperscan import HS_FLAG_CASELESS, Database, Scratch

from core.exchanges import compiled_signs as module
from core.exchanges.compiled_signs import compiled_signs

WORDS = [b"ab", b"b[0-9]"]
FLAGS = [HS_FLAG_CASELESS, 0]
FOUND = [(0, 3), (1, 6)]


def search(folder: Path, words: Sequence[bytes] = WORDS) -> list[tuple[int, int]]:
    database = compiled_signs(words, FLAGS, {"DIGLOT_CACHE": str(folder)})
    found: list[tuple[int, int]] = []
    database.scan(b"xAb-b1", lambda sign, _, end, *__: found.append((sign, end)), 0, None,
                  Scratch(database))  # fmt: skip
    return found


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each search that is compiled."""
    times: list[int] = []

    class Counted(Database):
        def compile(self, *args: object, **more: object) -> None:
            times.append(1)
            super().compile(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "Database", Counted)
    return times


def test_it_is_compiled_once(tmp_path: Path, compiled: list[int]) -> None:
    assert [search(tmp_path) for _ in range(3)] == [FOUND] * 3
    assert len(compiled) == 1
    assert search(tmp_path, [b"ab", b"b"]) == [(0, 3), (1, 3), (1, 5)]
    assert len(compiled) == 2


@pytest.mark.parametrize("size", [0, 100, -10])
def test_what_is_damaged_is_made_anew(tmp_path: Path, compiled: list[int], size: int) -> None:
    search(tmp_path)
    (kept,) = (tmp_path / "signs").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:size])
    assert search(tmp_path) == FOUND and len(compiled) == 2
    kept.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
    assert search(tmp_path) == FOUND and len(compiled) == 3
    assert search(tmp_path) == FOUND and len(compiled) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="files have other rights there")
def test_what_others_may_have_written_is_not_read(tmp_path: Path, compiled: list[int]) -> None:
    search(tmp_path)
    (kept,) = (tmp_path / "signs").iterdir()
    for place in (kept, kept.parent):
        before = place.stat().st_mode
        place.chmod(before | 0o022)
        assert search(tmp_path) == FOUND
        place.chmod(before)
    assert len(compiled) == 3


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, compiled: list[int]) -> None:
    (tmp_path / "file").touch()
    assert search(tmp_path / "file") == FOUND
    assert len(compiled) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_several_may_write_at_once(tmp_path: Path) -> None:
    children = []
    for _ in range(8):
        child = os.fork()
        if not child:
            os._exit(search(tmp_path) != FOUND)
        children.append(child)
    assert {os.waitpid(child, 0)[1] for child in children} == {0}
    assert [path.suffix for path in (tmp_path / "signs").iterdir()] == [".db"]
