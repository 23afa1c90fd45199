"""Opens many paced streams at once and says how late their chunks come.

    python -m bench.gateways.paced --port 14000 --streams 512 < request.http

The request, head and body, comes over standard input as it is to be sent. Every chunk's text is
the time at which the backend sent it (bench/fake_ollama.py), so what is measured is the way from
the backend's write to here. Streams begin spread over one pause and more, since real ones do not
speak in step. A process of its own: what it does must not delay what it measures. Prints JSON:
chunks, late (over ``--late`` ms), median, p99, worst and first (the median time until a first
chunk) in ms, errors, and the share of a core that this process took.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import re
import resource
import sys
import time
from typing import cast

import uvloop

_TIME = re.compile(rb'"content":"(\d{20})"')


class Stream(asyncio.Protocol):
    """One stream on a connection of its own."""

    def __init__(self, request: bytes, delays: list[int], firsts: list[int]) -> None:
        self._request = request
        self._delays = delays
        self._firsts = firsts
        self._begun = 0
        self._tail = b""
        self.chunks = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._begun = time.monotonic_ns()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        whole = self._tail + data if self._tail else data
        # A chunk that was cut begins in the last bytes: its text is 20 digits long.
        end = 0
        for found in _TIME.finditer(whole):
            self._delays.append(now - int(found[1]))
            self.chunks += 1
            end = found.end()
            if self.chunks == 1:
                self._firsts.append(now - self._begun)
        self._tail = whole[max(end, len(whole) - 31) :]
        if whole.endswith((b"0\r\n\r\n",)) and not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def run(options: argparse.Namespace, request: bytes) -> dict[str, float]:
    """Run all streams to their ends."""
    loop = asyncio.get_running_loop()
    delays: list[int] = []
    firsts: list[int] = []
    streams: list[Stream] = []
    began = time.monotonic()
    for number in range(options.streams):
        due = began + options.spread * number / options.streams
        await asyncio.sleep(due - time.monotonic())
        try:
            _, stream = await loop.create_connection(
                lambda: Stream(request, delays, firsts), "127.0.0.1", options.port
            )
        except OSError:
            continue
        streams.append(stream)
    await asyncio.wait([s.done for s in streams], timeout=options.timeout)
    used = resource.getrusage(resource.RUSAGE_SELF)
    delays.sort()
    firsts.sort()
    whole = sum(stream.chunks == options.chunks for stream in streams)

    def at(values: list[int], share: float) -> float:
        return values[min(int(len(values) * share), len(values) - 1)] / 1e6 if values else 0.0

    return {
        "chunks": len(delays),
        "late": sum(delay > options.late * 1_000_000 for delay in delays),
        "median": at(delays, 0.5),
        "p99": at(delays, 0.99),
        "worst": at(delays, 1.0),
        "first": at(firsts, 0.5),
        "errors": options.streams - whole,
        "busy": (used.ru_utime + used.ru_stime) / (time.monotonic() - began),
    }


def main() -> None:
    """Read the request, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--spread", type=float, default=1.0, help="seconds to begin all streams")
    parser.add_argument("--late", type=float, default=5.0, help="ms after which a chunk is late")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds for all streams")
    options = parser.parse_args()
    request = sys.stdin.buffer.read()
    gc.disable()
    print(json.dumps(uvloop.run(run(options, request))))


if __name__ == "__main__":
    main()
