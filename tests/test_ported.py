"""What Ollama's own tests of its /v1 and /v1/messages describe (0.33), case by case.

tests/vectors/ported.json names for each of the 190 cases what shows the same here, where Diglot
differs on purpose and why, and which are about something that it does not have.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.test_traps import VECTORS, exists

ROWS: list[dict[str, Any]] = json.loads((VECTORS / "ported.json").read_text("utf-8"))
SUITES = {
    "openai/openai_test.go": 27,
    "openai/openai_encoding_format_test.go": 3,
    "openai/responses_test.go": 37,
    "middleware/openai_test.go": 17,
    "middleware/openai_encoding_format_test.go": 3,
    "middleware/responses_web_search_test.go": 20,
    "middleware/web_search_test.go": 5,
    "anthropic/anthropic_test.go": 50,
    "middleware/anthropic_test.go": 28,
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["cases"][0])
def test_it_is_shown_or_explained(row: dict[str, Any]) -> None:
    missing = [shower for shower in row.get("shown_by", ()) if not exists(shower)]
    assert not missing
    assert row.get("shown_by") or row["not_here"]


def test_every_case_is_accounted_for() -> None:
    counted: Counter[str] = Counter()
    for row in ROWS:
        counted[row["suite"]] += row.get("count", len(row["cases"]))
    assert dict(counted) == SUITES
