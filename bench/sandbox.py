"""What one call of a user-written tool costs: in the sandbox, and of a trusted one.

    python bench/sandbox.py --calls 200

Medians of wall time, and CPU time per call of this process and the workers together.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from core.tools.runners.sandbox import Sandbox
from core.tools.runners.trusted import Trusted

SOURCE = """
def add_up(numbers: list[float], unit: str = "km") -> dict[str, float]:
    total = 0.0
    for number in numbers:
        total += number
    return {unit: total, "mean": total / len(numbers)}
"""
ARGUMENTS = {"numbers": [1.5, 2.5, 40, 7], "unit": "mile"}


def cpu() -> float:
    """Return the CPU seconds of this process and of those that it has waited for."""
    own, children = (
        resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


async def measured(call: Callable[[], Awaitable[object]], calls: int) -> list[float]:
    """Return the milliseconds of each call."""
    await call()
    found = []
    for _ in range(calls):
        began = time.perf_counter()
        await call()
        found.append((time.perf_counter() - began) * 1000)
    return found


async def main(calls: int) -> None:
    """Measure and print."""
    began = cpu()
    sandbox = Sandbox()
    times = await measured(lambda: sandbox.call(SOURCE, "add_up", ARGUMENTS), calls)
    sandbox.close()
    used = (cpu() - began) * 1000 / calls
    print(f"sandbox: median {statistics.median(times):.2f} ms, CPU {used:.2f} ms a call")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "add_up.py").write_text(SOURCE)
        trusted = Trusted(Path(folder))
        few = max(calls // 10, 5)
        began = cpu()
        times = await measured(lambda: trusted.call("add_up.py", "add_up", ARGUMENTS), few)
        used = (cpu() - began) * 1000 / few
    print(f"trusted: median {statistics.median(times):.2f} ms, CPU {used:.2f} ms a call")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    asyncio.run(main(parser.parse_args().calls))
