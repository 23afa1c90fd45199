"""Judges answers by cases."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core.tools.arguments import (
    ToolArgumentError,
    parse_arguments,
    spell_path,
    validate_arguments,
)
from core.tools.cases.values import Case, ExpectedCall, Verdict, Why
from core.tools.json_schema import problems, schema_fault
from core.tools.textual_calls import find_written_calls
from core.translation.codec.json import encode_json
from core.translation.messages import Tool, ToolCall

Check = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Runs the Python of a case in a sandbox, with some names defined, and returns its value. May raise
any exception.
"""

_LOOSE = re.compile(r"[\s,./\-_*^'\"]")


async def judge(
    case: Case,
    calls: Sequence[ToolCall],
    text: str,
    tools: Sequence[Tool],
    *,
    check: Check | None = None,
) -> Verdict:
    """Return the verdict on the calls and the text of one answer.

    ``check`` is needed for cases that are judged by Python.
    """
    if case.judge == "python":
        return await _judge_by_python(case, calls, text, tools, check)
    if Counter(call.name for call in calls) != Counter(one.tool for one in case.expected):
        return _wrong_tools(case, calls, text, tools)
    problem = _misfit(calls, tools)
    left, missed = list(calls), list[str]()
    for expected in case.expected:
        found = next((call for call in left if _fits(case, expected, call)), None)
        if found is None:
            missed.append(_difference(case, expected, left))
        else:
            left.remove(found)
    return Verdict(
        passed=not problem and not missed,
        tools=True,
        valid=not problem,
        arguments=not missed,
        why="invalid" if problem else "arguments" if missed else "",
        detail=problem or "; ".join(missed),
    )


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same: 1 is 1.0, and true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def fits_options(arguments: Mapping[str, Any], options: Any) -> bool:
    """Tell whether each argument is one of the accepted values, as the leaderboard does.

    Case, spaces and punctuation of strings are ignored. An empty string among the values means that
    the argument is optional.
    """
    if not isinstance(options, Mapping) or not arguments.keys() <= options.keys():
        return False
    for name, allowed in options.items():
        allowed = allowed if isinstance(allowed, list) else [allowed]
        if name not in arguments:
            if "" not in allowed:
                return False
        elif not any(_would_do(arguments[name], one) for one in allowed):
            return False
    return True


def _would_do(value: Any, option: Any) -> bool:
    if isinstance(value, str) and isinstance(option, str):
        return _loose(value) == _loose(option)
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(map(_would_do, value, option))
    if isinstance(value, dict) and isinstance(option, dict):
        return fits_options(value, option)
    return same(value, option)


def _loose(text: str) -> str:
    return _LOOSE.sub("", text).casefold()


async def _judge_by_python(
    case: Case,
    calls: Sequence[ToolCall],
    text: str,
    tools: Sequence[Tool],
    check: Check | None,
) -> Verdict:
    made = [{"name": call.name, "arguments": _read(call)} for call in calls]
    first = made[0] if made else {"name": "", "arguments": {}}
    problem = _misfit(calls, tools)
    try:
        if check is None:
            raise ValueError("nothing here runs Python for cases")
        holds = bool(await check(case.predicate, {**first, "calls": made, "text": text}))
    except Exception as exc:
        # A predicate is user code: whatever it raises becomes the verdict.
        detail = f"{type(exc).__name__}: {exc}"
        return Verdict(passed=False, valid=not problem, why="predicate_error", detail=detail)
    return Verdict(
        passed=holds and not problem,
        tools=holds,
        valid=not problem,
        arguments=holds,
        why="" if holds and not problem else "invalid" if problem else "predicate",
        detail=problem,
    )


def _wrong_tools(
    case: Case, calls: Sequence[ToolCall], text: str, tools: Sequence[Tool]
) -> Verdict:
    valid = not _misfit(calls, tools)
    named = ", ".join(call.name for call in calls)
    if not case.expected:
        return Verdict(passed=False, valid=valid, why="false_call", detail=named)
    if not calls:
        written = find_written_calls(text, [tool.name for tool in tools])
        if written:
            return Verdict(passed=False, why="written", detail=written[0].written[:200])
        return Verdict(passed=False, why="no_call")
    wanted = {one.tool for one in case.expected}
    same_tools = {call.name for call in calls} == wanted
    why: Why = "wrong_count" if same_tools else "wrong_tool"
    return Verdict(passed=False, valid=valid, why=why, detail=named)


def _misfit(calls: Sequence[ToolCall], tools: Sequence[Tool]) -> str:
    """Return why arguments do not fit the schema of their tool; empty if all fit."""
    known = {tool.name: tool for tool in tools}
    for call in calls:
        if call.name not in known:
            return f"there is no tool {call.name}"
        fault = schema_fault(dict(known[call.name].parameters or {}))
        if fault is not None:
            return f"the schema of {call.name} is broken: {fault.message}"
        try:
            validate_arguments(known[call.name], call.arguments)
        except ToolArgumentError as exc:
            return str(exc)
    return ""


def _fits(case: Case, expected: ExpectedCall, call: ToolCall) -> bool:
    if call.name != expected.tool:
        return False
    if expected.arguments is None:
        return True
    given = _read(call)
    if case.judge == "options":
        return fits_options(given, expected.arguments)
    if case.judge == "schema":
        return not (schema_fault(expected.arguments) or problems(expected.arguments, given))
    return same(given, expected.arguments)


def _difference(case: Case, expected: ExpectedCall, calls: Sequence[ToolCall]) -> str:
    """Return what is wrong with the closest call."""
    call = next((call for call in calls if call.name == expected.tool), None)
    given = {} if call is None else _read(call)
    wanted = expected.arguments
    if case.judge == "schema":
        fault = schema_fault(wanted)
        if fault is not None:
            return f"the schema of the case is broken: {fault.message}"
        found = problems(wanted or {}, given)
        return "; ".join(f"{spell_path(one.path)}: {one.message}" for one in found[:3])
    if not isinstance(wanted, Mapping):
        return f"expected {encode_json(wanted).decode()}"
    parts = []
    for name in {**wanted, **given}:
        alone = {name: given[name]} if name in given else {}
        option = {name: wanted[name]} if name in wanted else {}
        fits = fits_options(alone, option) if case.judge == "options" else same(alone, option)
        if not fits:
            parts.append(f"{name}: {_shown(alone, name)}, expected {_shown(option, name)}")
    return "; ".join(parts[:3])


def _shown(values: Mapping[str, Any], name: str) -> str:
    return encode_json(values[name]).decode() if name in values else "nothing"


def _read(call: ToolCall) -> dict[str, Any]:
    try:
        return parse_arguments(call.arguments)
    except ToolArgumentError:
        return {}
