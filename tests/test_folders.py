"""The user's folders, as the environment names them."""

from __future__ import annotations

from pathlib import Path

from core.folders import cache_folder, data_folder


def test_the_cache_folder_can_be_named(tmp_path: Path) -> None:
    assert cache_folder({"DIGLOT_CACHE": str(tmp_path)}) == tmp_path
    assert cache_folder({}).name == "diglot"


def test_what_is_kept_and_what_is_not_are_apart() -> None:
    assert data_folder().name == "diglot"
    assert data_folder() != cache_folder({})
