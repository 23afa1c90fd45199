"""Where chats are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.chats.store.place import database_url


def test_the_environment_names_it_or_it_is_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("core.chats.store.place.data_folder", lambda: tmp_path / "diglot")
    assert database_url({"DIGLOT_DATABASE": "sqlite:////x.db"}) == "sqlite:////x.db"
    assert not (tmp_path / "diglot").exists()
    assert database_url({}) == f"sqlite:///{tmp_path / 'diglot' / 'chats.db'}"
    assert (tmp_path / "diglot").is_dir()
