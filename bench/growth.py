"""Whether the gateway's memory grows: a million requests, whole answers and streams by turns.

    python bench/growth.py --requests 1000000 --seconds 600

Ends at whichever comes first, with 1 where it has grown by more than 10 MB after what it keeps
on purpose (the newest exchanges) was full. Needs wrk, as bench/gateway.py does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.gateway import SMALL, body  # noqa: E402  # found through the line above
from bench.gateways.contestants import contestants, fake_backend  # noqa: E402
from bench.gateways.load import load, running  # noqa: E402

FULL = 20_000
"""Requests after which all that is kept on purpose is full."""

GROWN = 10.0
"""MB that are no growth: how the allocator lays things out differs from time to time."""


def main() -> int:
    """Run, and print what the memory was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    done, full, errors = 0, 0.0, 0
    bodies = [SMALL, body(stream=True, size=1000)]
    print("| requests | resident MB |\n|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        (diglot,) = contestants(Path(folder), {"diglot"})
        with running(fake_backend(), SMALL) as fake, running(diglot, SMALL) as server:
            print(f"| 0 | {server.memory():.0f} |", flush=True)
            while done < options.requests and time.monotonic() < end:
                for asked in bodies:
                    seconds = min(10.0, max(end - time.monotonic(), 2.0))
                    figures = load(server, fake, asked, 16, round(seconds))
                    done += int(figures.rate * seconds)
                    errors += figures.errors
                memory = server.memory()
                if done >= FULL and not full:
                    full = memory
                print(f"| {done:,} | {memory:.0f} |", flush=True)
    grown = memory - full if full else 0.0
    print(f"\n{errors} errors; grown by {grown:.1f} MB since {FULL:,} requests")
    return int(errors > 0 or grown > GROWN)


if __name__ == "__main__":
    sys.exit(main())
