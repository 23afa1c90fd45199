"""All findings about definitions, worst first, and their fixes."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InvalidRequest
from core.tools.lint.finding import Finding, Severity
from core.tools.lint.names import check_names
from core.tools.lint.schemas import check_schema
from core.tools.lint.targets import check_targets
from core.translation.messages import Tool

_ORDER: tuple[Severity, ...] = ("error", "warning", "hint")
_ROUNDS = 200


def lint(tools: Sequence[Tool]) -> tuple[Finding, ...]:
    """Return the problems of these definitions, worst first, then in their order."""
    found = list(check_names(tools))
    for index, tool in enumerate(tools):
        found += check_schema(index, tool)
        found += check_targets(index, tool)
    last = len(tools)
    return tuple(sorted(found, key=lambda f: (
        _ORDER.index(f.severity), last if f.tool is None else f.tool
    )))  # fmt: skip


def fixed(tools: Sequence[Tool], finding: Finding) -> tuple[Tool, ...]:
    """Return the definitions with one finding fixed. Raises InvalidRequest where it has no fix."""
    if finding.fix is None or finding.tool is None:
        raise InvalidRequest(f"there is no fix for {finding.code}", path=finding.path)
    fix = finding.fix
    return tuple(fix(t) if index == finding.tool else t for index, t in enumerate(tools))


def fixed_all(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """Return the definitions with every fix applied, one after another."""
    now = tuple(tools)
    for _ in range(_ROUNDS):
        finding = next((f for f in lint(now) if f.fix is not None), None)
        if finding is None:
            break
        after = fixed(now, finding)
        if after == now:
            break
        now = after
    return now
