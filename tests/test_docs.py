"""The docs say what the code does: their tables are made from it, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.docs_tables import filled

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert filled(text) == text, "run: python -m scripts.docs_tables"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/threat-model.md"])
def test_every_promise_names_the_tests_that_hold_it(page: str) -> None:
    rows = [line for line in (ROOT / page).read_text("utf-8").splitlines() if line.startswith("|")]
    for row in rows[2:]:
        last = row.rstrip("| ").rpartition("|")[2]
        named = re.findall(r"`([\w/]+\.py)`", last)
        assert named or "same · 同上" in last, row
        assert all((ROOT / "tests" / name).exists() for name in named), row
