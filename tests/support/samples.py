"""Texts that match a regular expression, made from a seed, so no test file holds a key."""

from __future__ import annotations

import random
import string
from re import _constants as c  # type: ignore[attr-defined]  # the parser has no public door
from re import _parser  # type: ignore[attr-defined]  # as above
from typing import Any

_WORD = string.ascii_letters + string.digits
_CLASSES = {
    c.CATEGORY_DIGIT: string.digits, c.CATEGORY_WORD: _WORD, c.CATEGORY_SPACE: " ",
    c.CATEGORY_NOT_SPACE: _WORD, c.CATEGORY_NOT_DIGIT: string.ascii_letters,
    c.CATEGORY_NOT_WORD: "-",
}  # fmt: skip


def sample(pattern: str, seed: int) -> str:
    """Return a text that ``pattern`` matches, the same for the same seed."""
    groups: dict[int, str] = {}
    return _sequence(_parser.parse(pattern), random.Random(seed), groups)


def _sequence(items: Any, chance: random.Random, groups: dict[int, str]) -> str:
    return "".join(_item(kind, value, chance, groups) for kind, value in items)


def _item(kind: Any, value: Any, chance: random.Random, groups: dict[int, str]) -> str:
    if kind is c.LITERAL:
        return chr(value)
    if kind is c.NOT_LITERAL or kind is c.ANY:
        return chance.choice(_WORD)
    if kind is c.IN:
        return chance.choice(sorted(_letters(value)))
    if kind is c.BRANCH:
        return _sequence(chance.choice(value[1]), chance, groups)
    if kind is c.SUBPATTERN:
        text = _sequence(value[3], chance, groups)
        if value[0] is not None:
            groups[value[0]] = text
        return text
    if kind is c.GROUPREF:
        return groups[value]
    if kind in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
        least, most, part = value
        count = chance.randint(least, min(int(most), max(least, 3)))
        return "".join(_sequence(part, chance, groups) for _ in range(count))
    return ""  # a place, or a look ahead or behind


def _letters(items: Any) -> set[str]:
    found: set[str] = set()
    inverted = False
    for kind, value in items:
        if kind is c.NEGATE:
            inverted = True
        elif kind is c.LITERAL:
            found.add(chr(value))
        elif kind is c.RANGE:
            found.update(map(chr, range(value[0], value[1] + 1)))
        elif kind is c.CATEGORY:
            found.update(_CLASSES[value])
    return (set(_WORD) - found or set(" ;~") - found) if inverted else found
