"""The values of a matrix: cases tried on models, several times each, and the results."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Literal

from msgspec import Struct

from core.chats.values.chat import PageDialect
from core.tools.cases.values import Case, Verdict
from core.translation.codec.json import encode_json
from core.translation.fields.field import COMMON
from core.translation.messages import Tool, ToolCall

MOST_TRIES = 5000

MatrixState = Literal["running", "complete", "stopped", "interrupted"]


class MatrixPlan(Struct, frozen=True, kw_only=True):
    """What is tried: each case on each model ``repeat`` times, ``workers`` at once.

    ``emulated``: emulate tool calls even for models that support them.
    """

    cases: tuple[Case, ...]
    models: tuple[str, ...]
    tools: tuple[Tool, ...]
    repeat: int = 1
    workers: int = 2
    emulated: bool = False
    dialect: PageDialect = COMMON

    @property
    def tries(self) -> list[tuple[int, str, int]]:
        """The tries: index of the case, model, number. They are ordered by model, so that a server
        loads each model once.
        """
        places = range(len(self.cases))
        return [(p, m, n) for m in self.models for p in places for n in range(self.repeat)]


class Result(Struct, frozen=True, kw_only=True):
    """The result of one try. ``duration`` is in ns, ``exchange`` is the id of its exchange."""

    case: int
    model: str
    number: int
    verdict: Verdict
    calls: tuple[ToolCall, ...] = ()
    text: str = ""
    duration: int = 0
    exchange: str = ""


class Matrix(Struct, frozen=True, kw_only=True):
    """One matrix: its plan and, if they were loaded, its results so far."""

    id: str
    owner: str
    created: int
    updated: int
    state: MatrixState
    definitions: str
    plan: MatrixPlan
    results: tuple[Result, ...] = ()


class Cell(Struct, frozen=True, kw_only=True):
    """The tries of one case on one model, and how many of them passed.

    ``duration`` is the median in ns.
    """

    case: int
    model: str
    results: tuple[Result, ...]
    passed: int
    tools: int
    valid: int
    arguments: int
    duration: int


def cells(results: Iterable[Result]) -> dict[tuple[int, str], Cell]:
    """Return results by case and model."""
    grouped: dict[tuple[int, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.case, result.model), []).append(result)
    return {key: _cell(key, tries) for key, tries in grouped.items()}


def hash_tools(tools: Sequence[Tool]) -> str:
    """Return a short hash that is the same for the same definitions in the same order."""
    return hashlib.sha256(encode_json(list(tools))).hexdigest()[:12]


def _cell(key: tuple[int, str], tries: list[Result]) -> Cell:
    verdicts = [result.verdict for result in tries]
    return Cell(
        case=key[0],
        model=key[1],
        results=tuple(sorted(tries, key=lambda result: result.number)),
        passed=sum(v.passed for v in verdicts),
        tools=sum(v.tools for v in verdicts),
        valid=sum(v.valid for v in verdicts),
        arguments=sum(v.arguments for v in verdicts),
        duration=int(median(result.duration for result in tries)),
    )
