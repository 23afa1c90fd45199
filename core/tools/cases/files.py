"""Cases as files: Diglot's JSON lines, and the two files of the Berkeley leaderboard (BFCL).

A line of Diglot's format: ``{"id": "w1", "prompt": "…", "judge": "exact", "expected": [{"tool":
"…", "arguments": {…}}]}``; an empty ``expected`` means that nothing should be called. BFCL has one
file of questions with their functions, and one of possible answers; lines of both may come in any
order and are matched by id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from core.errors import InvalidRequest
from core.tools.cases.values import Case, ExpectedCall

_MOST = 2000


class ReadCases(Struct, frozen=True, kw_only=True):
    """The content of a file: cases, definitions in BFCL's format, and skipped ids."""

    cases: tuple[Case, ...]
    functions: tuple[dict[str, Any], ...] = ()
    skipped: tuple[str, ...] = ()


class BfclFiles(Struct, frozen=True, kw_only=True):
    """The two files, and the ids of cases that the format cannot express."""

    questions: str
    answers: str
    skipped: tuple[str, ...] = ()


def parse_cases(text: str) -> ReadCases:
    """Read cases in either format. Raises InvalidRequest that names the line."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise InvalidRequest("there are no cases: each line is one JSON object", path="line 1")
    if len(lines) > _MOST:
        raise InvalidRequest(f"there are {len(lines)} cases, and {_MOST} at most can be kept")
    values = [(number, _object(number, line)) for number, line in lines]
    if any("question" in value or "ground_truth" in value for _, value in values):
        return _read_bfcl(values)
    return ReadCases(cases=tuple(_case(number, value) for number, value in values))


def dump_cases(cases: Iterable[Case]) -> str:
    """Write cases as JSON lines; empty fields are left out."""
    return "".join(_line(_brief(case)) for case in cases)


def dump_bfcl_cases(cases: Sequence[Case], functions: Sequence[Mapping[str, Any]]) -> BfclFiles:
    """Write cases in BFCL's format, each with all ``functions``.

    The format has no schema or Python judges, and no calls with arbitrary arguments: such cases are
    skipped.
    """
    questions, answers, skipped = [], [], []
    for number, case in enumerate(cases):
        name = case.id or f"case_{number}"
        if case.judge in ("schema", "python") or any(e.arguments is None for e in case.expected):
            skipped.append(name)
            continue
        if not case.expected and "irrelevance" not in name:
            name = f"irrelevance_{name}"
        before = [{"role": "system", "content": case.system}] if case.system else []
        asked = [[*before, {"role": "user", "content": case.prompt}]]
        questions.append(_line({"id": name, "question": asked, "function": list(functions)}))
        if case.expected:
            truth = [{one.tool: _options(case, one)} for one in case.expected]
            answers.append(_line({"id": name, "ground_truth": truth}))
    return BfclFiles(questions="".join(questions), answers="".join(answers), skipped=tuple(skipped))


def _case(number: int, value: dict[str, Any]) -> Case:
    try:
        case = msgspec.convert(value, Case)
    except msgspec.ValidationError as exc:
        raise InvalidRequest(f"line {number}: {exc}", path=f"line {number}") from exc
    if case.judge == "python" and not case.predicate.strip():
        raise InvalidRequest(
            f"line {number}: the judge python needs a predicate", path=f"line {number}"
        )
    return case


def _brief(case: Case) -> dict[str, Any]:
    built = msgspec.to_builtins(case)
    built["expected"] = [
        {key: item for key, item in one.items() if item is not None} for one in built["expected"]
    ]
    order = ("id", "prompt", "system", "judge", "expected", "predicate")
    return {key: built[key] for key in order if built[key] or key in ("prompt", "expected")}


def _read_bfcl(values: Sequence[tuple[int, dict[str, Any]]]) -> ReadCases:
    truths: dict[str, Any] = {}
    for _, value in values:
        if "ground_truth" in value:
            truths[str(value.get("id"))] = value["ground_truth"]
    cases, skipped = [], []
    functions: dict[str, dict[str, Any]] = {}
    for number, value in values:
        if "question" not in value:
            continue
        name = str(value.get("id") or f"line_{number}")
        case = _bfcl_case(number, name, value, truths.get(name))
        if case is None:
            skipped.append(name)
            continue
        cases.append(case)
        offered = value.get("function") or []
        for function in offered if isinstance(offered, list) else [offered]:
            if isinstance(function, dict) and isinstance(function.get("name"), str):
                functions.setdefault(function["name"], function)
    return ReadCases(
        cases=tuple(cases), functions=tuple(functions.values()), skipped=tuple(skipped)
    )


def _bfcl_case(number: int, name: str, value: dict[str, Any], truth: Any) -> Case | None:
    """Return a case; None for several turns, as a case has only one prompt."""
    asked = value["question"]
    turn = asked[0] if isinstance(asked, list) and len(asked) == 1 else None
    if isinstance(turn, dict):
        turn = asked
    if not isinstance(turn, list) or not all(isinstance(m, dict) for m in turn):
        return None
    said = {role: [str(m.get("content")) for m in turn if m.get("role") == role]
            for role in ("system", "user")}  # fmt: skip
    if len(said["user"]) != 1 or (truth is None and "irrelevance" not in name):
        return None
    expected = []
    for one in truth or ():
        if not isinstance(one, dict) or len(one) != 1:
            raise InvalidRequest(
                f"line {number}: each ground_truth is an object with one function",
                path=f"line {number}",
            )
        ((tool, options),) = one.items()
        expected.append(ExpectedCall(tool=tool, arguments=options))
    return Case(
        id=name,
        prompt=said["user"][0],
        system="\n".join(said["system"]),
        judge="options",
        expected=tuple(expected),
    )


def _options(case: Case, expected: ExpectedCall) -> dict[str, Any]:
    if case.judge == "options":
        return dict(expected.arguments)
    return {name: [value] for name, value in expected.arguments.items()}


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest(f"line {number} is not JSON: {exc}", path=f"line {number}") from exc
    if not isinstance(value, dict):
        raise InvalidRequest(f"line {number} is not a JSON object", path=f"line {number}")
    return value


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
