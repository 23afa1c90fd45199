"""All that pages use is loaded at the start, without a page, and not looked through again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import gc, sys
from ui.loading import load_pages
load_pages()
print(gc.get_freeze_count(), len(gc.get_objects()))
print(*sys.modules)
"""


@pytest.mark.slow
def test_pages_are_loaded_without_a_page_and_frozen() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", PROGRAM],
        cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    counts, modules = done.stdout.splitlines()
    frozen, watched = map(int, counts.split())
    assert frozen > 20 * watched
    sources = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "ui").rglob("*.py")
        if path.name not in ("__init__.py", "main.py")
    }
    assert sources <= set(modules.split())
    # Streamlit says so where something asks for a page that is not there.
    assert "ScriptRunContext" not in done.stderr
