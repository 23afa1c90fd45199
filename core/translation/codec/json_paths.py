"""JSON paths as the report and the errors write them: ``messages[0].content``.

A key that could be mistaken for a part of a path is quoted: ``["odd.key"]``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

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


def without(body: Mapping[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return ``body`` without what stands at the paths; ``[*]`` is every item of a list.

    A path that leads nowhere takes nothing away.
    """
    found = dict(body)
    for path in paths:
        found = _cut(found, [step.strip("[]") for step in _EVERY.findall(path)])
    return found


_EVERY = re.compile(r"\[\*\]|\[\d+\]|[^.\[\]]+")


def _cut(value: Any, steps: list[str]) -> Any:
    if not steps:
        return value
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if k != first or rest}
        return kept | {first: _cut(value[first], rest)} if rest and first in value else kept
    if isinstance(value, list):
        places = [str(at) for at in range(len(value))]
        hit = [first in ("*", place) for place in places]
        if not rest:
            return [item for item, gone in zip(value, hit, strict=True) if not gone]
        return [_cut(v, rest) if gone else v for v, gone in zip(value, hit, strict=True)]
    return value
