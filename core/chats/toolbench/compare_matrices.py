"""Compares two matrices: over time, or before and after an edit of the definitions."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.chats.values.matrix import Cell, Matrix, cells
from core.tools.cases.values import Case


class Change(Struct, frozen=True, kw_only=True):
    """How many tries of one cell passed before, and of how many."""

    passed: int
    tries: int

    @property
    def share(self) -> float:
        """The part of the tries that were right."""
        return self.passed / self.tries if self.tries else 0.0


def compare(now: Matrix, before: Matrix) -> dict[tuple[int, str], Change]:
    """Return what ``before`` had in each cell of ``now``, where it tried the same.

    Cases are equal if their prompts, system prompts and expectations are: ids may be reused.
    """
    places = {_identity(case): place for place, case in enumerate(before.plan.cases)}
    old: dict[tuple[int, str], Cell] = cells(before.results)
    found = {}
    for place, case in enumerate(now.plan.cases):
        for model in now.plan.models:
            cell = old.get((places.get(_identity(case), -1), model))
            if cell is not None:
                found[place, model] = Change(passed=cell.passed, tries=len(cell.results))
    return found


def _identity(case: Case) -> bytes:
    return msgspec.json.encode(replace(case, id=""))
