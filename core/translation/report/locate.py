"""Where a value went between dialects whose messages do not stand at the same places.

One message of Anthropic's or of the responses dialect may be several elsewhere, so places are
found by looking: the next leaf, in the order of the body, that means the same and holds the
same value, or else one that the value became a part of.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from core.errors import DiglotError
from core.translation.codec.json import decode_json, encode_json
from core.translation.dialects.registry import FIELDS, SPOKEN, derived
from core.translation.fields.field import Field
from core.translation.report.leaves import Leaf

__all__ = ["Finder", "aligned"]

# Names of rows that hold one idea between them.
_GROUPS = (
    frozenset({"content", "content.text", "refusal", "prompt", "system", "message.thinking"}),
    frozenset({"call.id", "tool_call_id"}),
    frozenset({"call.name", "tool_name"}),
    frozenset({"raw_prompt", "prompt"}),
    frozenset({"thinking", "thinking.budget"}),
)

_NEAR = 50
"""Texts that are looked through for one that a value may be a part of."""


def aligned(source: str, target: str) -> bool:
    """Tell whether places in one dialect can be told from places in the other by their index.

    They can where a message is a message: what stands at one index stands there in the other.
    """
    return SPOKEN[source].aligned and SPOKEN[target].aligned


class Finder:
    """The leaves of a written body, to be found once each by what they hold."""

    def __init__(self, written: Iterable[Leaf], target: str) -> None:
        self._target = target
        self._places: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        self._equal: dict[tuple[str, bytes], deque[str]] = defaultdict(deque)
        self._found: dict[tuple[str, bytes], str] = {}
        self._next: dict[str, int] = defaultdict(int)
        for path, _, value, node in written:
            self._places[node.pattern].append((path, value))
            self._equal[node.pattern, _key(value)].append(path)

    def find(self, value: Any, rows: list[Field]) -> str | None:
        """Return the path at which ``value`` was written, whole or as a part, if it was."""
        patterns = _patterns(self._target, frozenset(row.name for row in rows))
        key = _key(value)
        for pattern in patterns:
            places = self._equal.get((pattern, key))
            if places:
                self._found[pattern, key] = places[0]
                return places.popleft()
        for pattern in patterns:
            # A value that was sent twice may be written once.
            if (pattern, key) in self._found:
                return self._found[pattern, key]
        for pattern in patterns:
            path = self._part_of(value, pattern) if isinstance(value, str) else None
            if path is not None:
                return path
        if not rows[0].retyped:
            return None
        return next((self._places[p][0][0] for p in patterns if self._places.get(p)), None)

    def _part_of(self, value: str, pattern: str) -> str | None:
        places = self._places.get(pattern, [])
        first = self._next[pattern]
        for index in range(first, min(first + _NEAR, len(places))):
            path, text = places[index]
            if isinstance(text, str) and value in text:
                self._next[pattern] = index
                return path
        return None


def _key(value: Any) -> bytes:
    """Return text that is equal for values that mean the same in every dialect."""
    if isinstance(value, str):
        if value.startswith("data:") and ";base64," in value[:100]:
            value = value.partition(";base64,")[2]
        elif value.startswith("{"):
            # A call's arguments: text in one dialect, an object in the other.
            with suppress(DiglotError):
                value = decode_json(value)
    return encode_json(value)


@derived
def _patterns(target: str, names: frozenset[str]) -> tuple[str, ...]:
    """Return where ``target`` writes what these rows are about: own places before aliases."""
    wanted = set(names)
    for group in _GROUPS:
        if group & names:
            wanted |= group
    rows = [row for row in FIELDS if row.name in wanted and target in row.paths]
    rows.sort(key=lambda row: (row.name not in names, row.alias))
    return tuple(dict.fromkeys(row.paths[target] for row in rows))
