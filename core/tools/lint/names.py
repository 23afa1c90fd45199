"""Problems of names, and of several tools together."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec.structs import replace

from core.tokens import about_tokens
from core.tools.definitions.reading import dump_as
from core.tools.lint.finding import Finding, finding
from core.translation.messages import Tool

_LEGAL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EMPTY = frozenset(
    "run do process get call function tool handle execute action test data f fn main helper util "
    "query api request".split()
)
_MANY_TOOLS = 20
_MANY_TOKENS = 2000
_ALIKE = 0.88


def check_names(tools: Sequence[Tool]) -> Iterator[Finding]:
    """Yield problems of the names, and of these tools together."""
    for index, tool in enumerate(tools):
        yield from _check_name(index, tool)
    for (first, one), (second, other) in combinations(enumerate(tools), 2):
        if one.name == other.name:
            taken = {tool.name for tool in tools}
            yield _twin(second, one.name, taken)
        elif _alike(one.name, other.name):
            yield finding("near_twins", "warning", second, "name", name=other.name, other=one.name,
                          number=first + 1)  # fmt: skip
    if len(tools) > _MANY_TOOLS:
        yield finding("many_tools", "warning", count=len(tools), limit=_MANY_TOOLS)
    tokens = token_estimate(tools)
    yield finding("token_cost", "warning" if tokens > _MANY_TOKENS else "hint", tokens=tokens)


def token_estimate(tools: Sequence[Tool]) -> int:
    """Estimate the tokens of the block of tools."""
    return about_tokens(
        "".join(json.dumps(dump_as(tool, "openai"), ensure_ascii=False) for tool in tools)
    )


def _check_name(index: int, tool: Tool) -> Iterator[Finding]:
    if not _LEGAL.fullmatch(tool.name):
        legal = re.sub(r"[^a-zA-Z0-9_-]+", "_", tool.name).strip("_")[:64] or f"tool_{index + 1}"
        yield finding("illegal_name", "error", index, "name",
                      fix=lambda old: replace(old, name=legal), legal=legal)  # fmt: skip
    if tool.name.lower() in _EMPTY:
        yield finding("empty_name", "warning", index, "name", name=tool.name)


def _twin(index: int, name: str, taken: set[str]) -> Finding:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return finding("twins", "error", index, "name",
                   fix=lambda old: replace(old, name=f"{name}_{number}"), name=name)  # fmt: skip


def _alike(one: str, other: str) -> bool:
    first, second = (re.sub(r"[\W_]", "", name).lower() for name in (one, other))
    if first == second:
        return True
    # Two verbs with one object look alike on purpose: get_user, set_user.
    if re.split(r"[\W_]+", one)[1:] == re.split(r"[\W_]+", other)[1:]:
        return False
    return difflib.SequenceMatcher(None, first, second).ratio() > _ALIKE
