"""Cases as rows of an editable table, with one cell for each common field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from core.errors import InvalidRequest
from core.tools.cases.values import Case, ExpectedCall, Judge

COLUMNS = ("id", "prompt", "tool", "arguments", "judge", "predicate", "system")

SEVERAL = "*"
"""Stands for the tool of a case with several calls; the arguments are then the list of calls."""


def row_of_case(case: Case) -> dict[str, str]:
    """Return a case as text by column. No tool means that no call is expected."""
    tool, arguments = "", ""
    if len(case.expected) == 1:
        one = case.expected[0]
        tool, arguments = one.tool, "" if one.arguments is None else _text(one.arguments)
    elif case.expected:
        tool, arguments = SEVERAL, _text([msgspec.to_builtins(one) for one in case.expected])
    cells = (case.id, case.prompt, tool, arguments, case.judge, case.predicate, case.system)
    return dict(zip(COLUMNS, cells, strict=True))


def case_of_row(row: Mapping[str, Any]) -> Case | None:
    """Return the case of a row, None for one without a prompt. Raises InvalidRequest."""
    cells = {name: _cell(row.get(name)) for name in COLUMNS}
    if not cells["prompt"]:
        return None
    judge: Judge = "exact"
    if cells["judge"] in get_args(Judge):
        judge = cells["judge"]  # type: ignore[assignment]  # looked up in the line above
    case = Case(
        id=cells["id"],
        prompt=cells["prompt"],
        system=cells["system"],
        judge=judge,
        expected=_expected(cells["tool"], cells["arguments"], cells["prompt"]),
        predicate=cells["predicate"],
    )
    if judge == "python" and not case.predicate:
        raise InvalidRequest(f"{case.prompt[:40]}: the judge python needs a predicate")
    return case


def _expected(tool: str, arguments: str, prompt: str) -> tuple[ExpectedCall, ...]:
    if not tool:
        return ()
    if not arguments:
        return (ExpectedCall(tool=tool),)
    try:
        value = json.loads(arguments)
        if tool == SEVERAL:
            return msgspec.convert(value, tuple[ExpectedCall, ...])
    except (ValueError, RecursionError, msgspec.ValidationError) as exc:
        raise InvalidRequest(f"{prompt[:40]}: arguments: {exc}", path="arguments") from exc
    return (ExpectedCall(tool=tool, arguments=value),)


def _cell(value: Any) -> str:
    # An empty cell of a data frame is None or NaN.
    return value.strip() if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
