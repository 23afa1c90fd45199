"""JSON paths as the report and the errors write them: ``messages[0].content``.

A key that could be mistaken for a part of a path is quoted: ``["odd.key"]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["join", "value_at"]

_PLAIN = re.compile(r"[^.\[\]\"]+")
_STEP = re.compile(r"\[(?P<index>\d+)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]|(?P<key>[^.\[\]\"]+)")


def join(path: str, key: str) -> str:
    """Return the path of ``key`` in the object at ``path``; an empty path is the body itself."""
    if not _PLAIN.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def value_at(body: Any, path: str) -> Any:
    """Return the value at a path. Raises KeyError where there is none."""
    value = body
    for step in _STEP.finditer(path):
        if step["index"]:
            if not isinstance(value, list) or int(step["index"]) >= len(value):
                raise KeyError(path)
            value = value[int(step["index"])]
        else:
            key = step["key"] or json.loads(step["quoted"])
            if not isinstance(value, Mapping) or key not in value:
                raise KeyError(path)
            value = value[key]
    return value
