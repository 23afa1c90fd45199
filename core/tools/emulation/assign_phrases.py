"""Decides which phrase belongs to which parameter, by the wording of the question.

Each rule removes assignments that contradict it, unless none would be left: a unit follows its
number; "from" and "to" say which end a place is; a phrase belongs to a parameter whose description
shares a word with it; phrases come in the order of the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from core.translation.messages import Tool

Way = Mapping[str, Any]

# Prepositions for start and destination, and names of parameters for them.
_ENDS = (
    (re.compile(r"(?:\bfrom|从|由|自)\s*$", re.I), ("from", "source", "origin", "start", "depart",
                                                   "base", "出发", "起点", "来源", "原")),
    (re.compile(r"(?:\bto|\binto|到|去|往|成)\s*$", re.I), ("to", "target", "dest", "end", "arriv",
                                                          "goal", "到达", "目的", "终点", "目标")),
)  # fmt: skip
_NEAR = 14

_OFF = re.compile(
    r"\b(?:off|stop|disable|without|no|not|don't|cancel|close)\b|关|停|不要|取消|别", re.I
)
_ON = re.compile(r"\b(?:on|start|enable|with|yes|open)\b|打开|开启|开一下|启动|开着|要", re.I)


def likely(ways: Sequence[Way], tool: Tool, question: str) -> list[dict[str, Any]]:
    """Return the assignments that fit the question best, at least one."""
    left = list(ways)
    for rule in (_switch, _unit_behind_number, _ends, _quoted_first, _order, _shared_signs):
        if len(left) > 1:
            best = _best(left, rule, tool, question)
            left = best or left
    return [dict(way) for way in left]


def _best(
    ways: Sequence[Way], rule: Callable[[Way, Tool, str], int], tool: Tool, question: str
) -> list[Way]:
    scores = [rule(way, tool, question) for way in ways]
    return [way for way, score in zip(ways, scores, strict=True) if score == max(scores)]


def _switch(way: Way, tool: Tool, question: str) -> int:
    """Prefer false for words of switching off, true for words of switching on."""
    del tool
    off, on = bool(_OFF.search(question)), bool(_ON.search(question))
    if off == on:
        return 0
    return sum(value is on for value in way.values() if isinstance(value, bool))


def _quoted_first(way: Way, tool: Tool, question: str) -> int:
    """Prefer a quoted phrase for the first parameter, which most tools work on."""
    del tool
    texts = [value for value in way.values() if isinstance(value, str)]
    return int(bool(texts) and bool(re.search(rf"[\"'“「《‘]{re.escape(texts[0])}", question)))


def _unit_behind_number(way: Way, tool: Tool, question: str) -> int:
    """Prefer a unit that follows a number for the first parameter that can take it."""
    del tool
    texts = [value for value in way.values() if isinstance(value, str)]
    behind = {v for v in texts if re.search(rf"\d\s*{re.escape(v)}", question, re.I)}
    return int(bool(texts) and texts[0] in behind)


def _ends(way: Way, tool: Tool, question: str) -> int:
    score = 0
    for name, value in way.items():
        if not isinstance(value, str):
            continue
        before = question[: max(question.casefold().find(value.casefold()), 0)][-_NEAR:]
        for index, (said, names) in enumerate(_ENDS):
            if not said.search(before):
                continue
            label = f"{name} {_described(tool, name)}".casefold()
            own = any(_names(label, word) for word in names)
            other = any(_names(label, word) for word in _ENDS[1 - index][1])
            score += int(own and not other) - int(other and not own)
    return score


def _names(label: str, word: str) -> bool:
    if word.isascii():
        return bool(re.search(rf"(?<![a-z]){word}", label))
    return word in label


def _shared_signs(way: Way, tool: Tool, question: str) -> int:
    """Count the CJK characters that a phrase shares with the words of its parameter."""
    del question
    score = 0
    for name, value in way.items():
        if isinstance(value, str):
            label = f"{name}{_described(tool, name)}"
            score += len({c for c in value if ord(c) > 0x3000} & set(label))
    return score


def _order(way: Way, tool: Tool, question: str) -> int:
    """Count neighbouring phrases that come in the order of the parameters.

    Only if each phrase has a parameter: otherwise the model chooses.
    """
    del tool
    places = [question.find(value) for value in way.values() if isinstance(value, str)]
    return sum(first < second for first, second in pairwise(places))


def _described(tool: Tool, name: str) -> str:
    properties = (tool.parameters or {}).get("properties")
    value = properties.get(name) if isinstance(properties, dict) else None
    return str(value.get("description") or "") if isinstance(value, dict) else ""
