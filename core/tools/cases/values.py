"""What a case is, and what comes of judging an answer by it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Judge = Literal["exact", "options", "schema", "python"]
"""How arguments are judged: by their exact values, by lists of values that would do (as the
Berkeley leaderboard has them), by a JSON Schema, or by a Python expression."""

Why = Literal[
    "",
    "false_call",
    "no_call",
    "written",
    "wrong_tool",
    "wrong_count",
    "invalid",
    "arguments",
    "predicate",
    "predicate_error",
    "error",
]


class ExpectedCall(Struct, frozen=True, kw_only=True):
    """A call that should be made. ``arguments`` None: whatever they are.

    Else they are, by the case's judge, the object itself, an object of lists of values that
    would do (an empty string among them: may be left out), or the schema that they must fit.
    """

    tool: str
    arguments: Any = None


class Case(Struct, frozen=True, kw_only=True):
    """One prompt and the calls that should come of it, in any order; none: an answer in words.

    ``predicate`` is Python for the judge ``python``: an expression, or lines of which the last
    is one, over ``name`` and ``arguments`` (of the first call), ``calls`` and ``text``.
    """

    prompt: str
    id: str = ""
    system: str = ""
    judge: Judge = "exact"
    expected: tuple[ExpectedCall, ...] = ()
    predicate: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether an answer is what a case wants: the right tools, arguments that fit the tool's
    own schema, and the right ones. ``why`` says what is wrong first, ``detail`` where."""

    passed: bool
    tools: bool = False
    valid: bool = False
    arguments: bool = False
    why: Why = ""
    detail: str = ""
