"""Every known trap between the two dialects, and every known fault of others, is shown to be none
here: tests/vectors/traps.json names what shows it."""

from __future__ import annotations

import ast
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
VECTORS = ROOT / "tests" / "vectors"
TRAPS: list[dict[str, Any]] = json.loads((VECTORS / "traps.json").read_text("utf-8"))
LATER = 3


@lru_cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))


def exists(shower: str) -> bool:
    path, colons, name = shower.partition("::")
    if colons:
        return (ROOT / path).exists() and name in names_in(path)
    return (VECTORS / f"{path}.json").exists() or (VECTORS / path / "case.json").exists()


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap["id"])
def test_it_is_shown(trap: dict[str, Any]) -> None:
    assert trap["says"]
    missing = [shower for shower in trap.get("shown_by", ()) if not exists(shower)]
    assert not missing
    assert trap.get("shown_by") or trap["later"]


def test_all_of_them_are_here() -> None:
    traps = [f"trap-{n}" for n in range(1, 51)]
    faults = [f"fault-{n}" for n in range(1, 38)]
    assert [trap["id"] for trap in TRAPS] == traps + faults
    assert sum("later" in trap for trap in TRAPS) == LATER


def test_there_are_enough_vectors() -> None:
    found = [p for p in VECTORS.rglob("*.json") if p.parent.name not in ("recorded", "vectors")]
    assert len(found) >= 300
