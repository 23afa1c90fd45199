"""FIELDS: every field of a request body, with its name in each dialect.

One row is one idea. ``paths`` gives where each dialect writes it, with ``[]`` for "each item";
a dialect without a path has no way to say it. The report is made from this table, and a law
holds it against what the code really did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.translation.fields.chat import CHAT_FIELDS
from core.translation.fields.client_dialects import (
    CLIENT_DIALECT_FIELDS,
    STANDARD,
    with_client_dialects,
)
from core.translation.fields.field import Field

__all__ = ["EXTENSIONS", "FIELDS", "STANDARD", "Field", "setting_paths", "settings_by_path"]

FIELDS: tuple[Field, ...] = (
    *(with_client_dialects(row) for row in CHAT_FIELDS),
    *CLIENT_DIALECT_FIELDS,
)

EXTENSIONS: Mapping[str, frozenset[str]] = {
    # llama.cpp's server: tools/server/README.md, "POST /completion" options on the chat route.
    "llama.cpp": frozenset({"top_k", "min_p", "typical_p", "repeat_penalty", "repeat_last_n"}),
    # vLLM: docs/serving/openai_compatible_server.md, "Extra parameters".
    "vllm": frozenset({"top_k", "min_p"}),
    # Diglot's own OpenAI dialect takes every native setting.
    "diglot": frozenset(row.name for row in FIELDS if row.extension),
}
"""What servers of OpenAI's dialect accept beyond it, by kind of server."""


def settings_by_path(dialect: str) -> dict[str, Field]:
    """Return the flat rows that ``dialect`` can write, by path. Own names come after aliases."""
    rows = [row for row in FIELDS if row.setting and dialect in row.paths]
    return {row.paths[dialect]: row for row in sorted(rows, key=lambda row: not row.alias)}


def setting_paths(dialect: str) -> dict[str, Field]:
    """Return where ``dialect`` writes each setting, by the setting's name."""
    return {
        row.name: row for row in FIELDS if row.setting and not row.alias and dialect in row.paths
    }


def _check(rows: tuple[Field, ...]) -> None:
    seen: dict[tuple[str, str], Any] = {}
    for row in rows:
        for dialect, path in row.paths.items():
            if not row.alias and seen.setdefault((dialect, path), row) is not row:
                raise AssertionError(f"two rows own {dialect} {path}")


_check(FIELDS)
