"""What a process has loaded is not looked through again."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from core.gateway.heap import freeze_heap
circle = []; circle.append(circle); kept = [[] for _ in range(50_000)]
del circle
freeze_heap()
print(gc.get_freeze_count() > 50_000, len(gc.get_objects()) < 10_000, gc.get_threshold())
circle = []; circle.append(circle); del circle
print(gc.collect())
"""


def test_only_what_came_later_is_collected() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True
    ).stdout.splitlines()
    assert said == ["True True (10000, 20, 50)", "1"]
