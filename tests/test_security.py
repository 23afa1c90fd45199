"""SECURITY.md promises what tests hold, and says which."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scripts.write_promises import PAGES, ROOT, page, promises

TESTS = ROOT / "tests"


@pytest.mark.parametrize("language", PAGES)
def test_the_table_is_the_one_that_the_promises_make(language: str) -> None:
    said = PAGES[language].read_text("utf-8")
    assert said == page(language), "run: python scripts/write_promises.py"
    assert said.count("test_guard_gate.py") == 1


@pytest.mark.parametrize("one", promises(), ids=lambda one: one["tests"][0])
def test_each_promise_has_its_words_and_files_with_tests(one: dict[str, Any]) -> None:
    assert one["en"] and one["zh"] and one["tests"]
    for name in one["tests"]:
        assert re.search(r"^(?:async )?def test_", (TESTS / name).read_text("utf-8"), re.MULTILINE)


def test_no_guard_is_left_out() -> None:
    named = {name for one in promises() for name in one["tests"]}
    guards = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_guard*.py")}
    assert guards - named == set()
