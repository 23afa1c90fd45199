"""Where chats are kept, as the environment says it."""

from __future__ import annotations

from collections.abc import Mapping

from core.folders import data_folder


def database_url(environ: Mapping[str, str]) -> str:
    """Return DIGLOT_DATABASE, or else the address of a file in the user's folder, which is made."""
    if url := environ.get("DIGLOT_DATABASE"):
        return url
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'chats.db'}"
