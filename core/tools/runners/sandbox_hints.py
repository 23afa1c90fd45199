"""Hints for user-written Python that uses something the sandbox does not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.note import Note

MODULES = (
    "asyncio", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses",
    "datetime", "decimal", "functools", "hashlib", "itertools", "json", "math", "random", "re",
    "time", "tomllib", "typing", "unicodedata",
)  # fmt: skip
"""The modules that user-written tools may import."""

_HINTS: Sequence[tuple[str, str, Note]] = (
    ("TimeoutError|killed", "", Note("sandbox.time")),
    ("MemoryError", "", Note("sandbox.memory")),
    ("RecursionError", "", Note("sandbox.recursion")),
    ("ModuleNotFoundError|ImportError",
     r"requests|http|urllib|socket|aiohttp|ssl|ftplib|smtplib|websocket", Note("sandbox.network")),
    ("ModuleNotFoundError|ImportError", "", Note("sandbox.modules").fill(modules=MODULES)),
    ("PermissionError|FileNotFoundError|OSError", "", Note("sandbox.files")),
    ("RuntimeError", "not supported in this environment", Note("sandbox.environment")),
    ("NotImplementedError", "yield", Note("sandbox.generators")),
    ("NotImplementedError", "class", Note("sandbox.classes")),
    ("NotImplementedError", "", Note("sandbox.syntax")),
    ("TypeError", "JSON serializable", Note("sandbox.json")),
    ("NameError|AttributeError", r"'?(__\w+__|eval|exec|compile|globals|vars|input|open|exit)'?",
     Note("sandbox.interpreter")),
)  # fmt: skip


def hint_for(kind: str, message: str) -> Note | None:
    """Return a hint for an error of this type and text."""
    for kinds, pattern, note in _HINTS:
        if re.fullmatch(kinds, kind) and re.search(pattern, message):
            return note
    return None
