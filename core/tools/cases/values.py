"""The values of a case and of a verdict."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Judge = Literal["exact", "options", "schema", "python"]
"""How arguments are judged: by exact values, by lists of accepted values (as in the Berkeley
leaderboard), by a JSON Schema, or by a Python expression.
"""

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
    """An expected call. ``arguments`` None: any arguments.

    Otherwise they are, depending on the judge of the case, the exact object, an object of lists of
    accepted values (with an empty string: optional), or a schema.
    """

    tool: str
    arguments: Any = None


class Case(Struct, frozen=True, kw_only=True):
    """One prompt and the expected calls in any order; none: an answer in words.

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
    """The result of a case: the right tools, arguments that are valid by the schema of the tool,
    the right arguments. ``why`` is the first thing that is wrong, ``detail`` says where.
    """

    passed: bool
    tools: bool = False
    valid: bool = False
    arguments: bool = False
    why: Why = ""
    detail: str = ""
