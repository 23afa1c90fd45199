"""Write the tables of SECURITY.md and SECURITY.zh-CN.md: each promise, and its tests.

    python scripts/write_promises.py

The source is tests/promises.yaml; a test checks the tables and that the named files exist.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
PAGES = {"en": ROOT / "SECURITY.md", "zh": ROOT / "SECURITY.zh-CN.md"}
_HEADS = {"en": ("promise", "test", ", "), "zh": ("承诺", "测试", "、")}
_BEGIN, _END = "<!-- promises -->\n", "<!-- end -->\n"


def promises() -> list[dict[str, Any]]:
    """Return the promises: ``en``, ``zh``, and ``tests`` as paths below tests/."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/promises.yaml").read_text("utf-8"))
    return found


def page(language: str) -> str:
    """Return a page with its table as it should be."""
    before, _, rest = PAGES[language].read_text("utf-8").partition(_BEGIN)
    promise, test, comma = _HEADS[language]
    rows = [f"| {promise} | {test} |", "|---|---|"]
    for one in promises():
        rows.append(f"| {one[language]} | {comma.join(f'`{path}`' for path in one['tests'])} |")
    return before + _BEGIN + "\n".join(rows) + "\n" + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.write_text(page(language), "utf-8")
