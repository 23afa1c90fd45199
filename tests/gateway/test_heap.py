"""What a process has loaded is not looked through again; what it no longer needs is given back."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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
    assert said == ["True True (1000, 1000, 20)", "1"]


# Of 80 MB one text of fifty is kept, so that free memory stands between what is in use.
RETURNING = """
import asyncio, re, time
from pathlib import Path
from core.gateway.heap import return_memory

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024

async def main():
    returning = asyncio.create_task(return_memory(every=0.05, after=0.02))
    await asyncio.sleep(0)
    kept = [bytes(2000) for _ in range(40_000)][::50]
    full = resident()
    for _ in range(8):
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass
        await asyncio.sleep(0.01)
    busy = resident()
    for _ in range(100):
        await asyncio.sleep(0.05)
        if resident() < full - 50:
            break
    print(full - busy < 20, full - resident() > 50, returning.done())

asyncio.run(main())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others have no malloc_trim")
def test_free_memory_is_given_back_once_nothing_is_done() -> None:
    done = subprocess.run([sys.executable, "-c", RETURNING], capture_output=True, encoding="utf-8")
    assert done.stdout == "True True False\n", done.stderr
