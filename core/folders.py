"""The user's folders for what Diglot keeps, and for what it can make or fetch again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs


def data_folder() -> Path:
    """Return the folder for what Diglot keeps."""
    return platformdirs.user_data_path("diglot", appauthor=False)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for what can be had again: DIGLOT_CACHE, or else the user's cache."""
    named = environ.get("DIGLOT_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("diglot", appauthor=False)
