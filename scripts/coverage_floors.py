"""Checks each package's coverage against its floor: python -m scripts.coverage_floors FILE.

FILE is what ``pytest --cov core --cov-report json:FILE`` writes. Child processes of the tests
(servers, the app, sandboxes) are not counted, so real coverage is higher.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

FLOORS: Mapping[str, int] = {
    "backends": 87,
    "chats": 92,
    "config": 97,
    "documents": 79,
    "exchanges": 96,
    "gateway": 84,
    "http": 91,
    "inspector": 80,
    "tools": 86,
    "translation": 96,
}
"""Percent of the statements of each package that the fast tests run: as measured, less one."""


def covered(files: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, float]:
    """Return the percentage for each package of core, from the files of a coverage report."""
    counts: dict[str, list[int]] = {}
    for path, file in files.items():
        parts = Path(path).parts
        if len(parts) > 2:
            count = counts.setdefault(parts[1], [0, 0])
            count[0] += file["summary"]["covered_lines"]
            count[1] += file["summary"]["num_statements"]
    return {name: 100 * lines / max(of, 1) for name, (lines, of) in sorted(counts.items())}


def main(path: str) -> int:
    """Print each package with its floor. Returns 1 where one is below, or has no floor."""
    found = covered(json.loads(Path(path).read_text("utf-8"))["files"])
    failed = 0
    for name, percent in found.items():
        floor = FLOORS.get(name)
        good = floor is not None and percent >= floor
        failed |= not good
        print(f"{name:12} {percent:5.1f} %  floor {floor} {'' if good else '  TOO LOW'}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
