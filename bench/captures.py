"""What keeping exchanges costs the gateway: CPU time of one, and the bytes that stay.

    python bench/captures.py --exchanges 400 --rounds 5

An exchange of OpenAI's client with Ollama is kept as it comes, then masked, then compressed, as
the log does it once there is time. Timed in this process, without sockets; the least of the
rounds, so that a busy machine changes little.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.fake_ollama import compat_chunk, native_chunk  # noqa: E402
from core.exchanges.exchange import Exchange  # noqa: E402
from core.exchanges.key_rules import key_rules  # noqa: E402
from core.exchanges.wire import Wire  # noqa: E402

T = TypeVar("T")

HEADERS = [
    (b"host", b"127.0.0.1:4000"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 3.0"),
    (b"authorization", b"Bearer none"),
    (b"content-length", b"1000"),
]
REQUEST = b'{"model":"fake","messages":[{"role":"user","content":"%b"}],"stream":true}'


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="Measure what keeping exchanges costs.")
    parser.add_argument("--exchanges", type=int, default=400, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    key_rules()  # compiled before
    print(f"load {os.getloadavg()[0]:.2f}, {options.rounds} × {options.exchanges} exchanges\n")
    print("| pieces | kept, µs | masked, µs | compressed, µs | bytes | of them stay |")
    print("|--:|--:|--:|--:|--:|--:|")
    for pieces in (1, 3, 64, 512):
        rounds = [keep(options.exchanges, pieces) for _ in range(options.rounds)]
        kept, masked, packed = (min(times) for times in zip(*(r[:3] for r in rounds), strict=True))
        before, after = rounds[0][3:]
        print(
            f"| {pieces} | {kept:.0f} | {masked:.0f} | {packed:.0f} | {before:.0f} | {after:.0f} |"
        )


def keep(count: int, pieces: int) -> tuple[float, float, float, float, float]:
    """Return the µs of each step, and the bytes before and after the last, of one exchange."""
    came = [native_chunk(f" word{number}") for number in range(pieces)]
    went = [compat_chunk(f" word{number}") for number in range(pieces)]
    made: list[Exchange] = []
    kept = spent(lambda _: made.append(exchange(came, went)), range(count))
    masked = spent(Exchange.settle, made)
    before = sum(one.size for one in made)
    packed = spent(Exchange.pack, made)
    after = sum(one.size for one in made)
    return kept / count, masked / count, packed / count, before / count, after / count


def exchange(came: Iterable[bytes], went: Iterable[bytes]) -> Exchange:
    """Return an exchange that has ended: what came of the backend and went to the client."""
    body = REQUEST % (b"word " * 200)
    client = Wire("openai", "/v1/chat/completions", body, headers=HEADERS)
    one = Exchange("x", client, owner="", started=1)
    backend = Wire("ollama", "/api/chat", body, url="http://127.0.0.1:11434", of=client)
    one.backend.append(backend)
    one.translated = True
    for now, (native, compat) in enumerate(zip(came, went, strict=True), 1):
        backend.came(native, now)
        client.came(compat, now)
    for wire in (client, backend):
        wire.was_answered(200, HEADERS[1:2])
        wire.streamed = True
    one.end()
    return one


def spent(work: Callable[[T], object], things: Iterable[T]) -> float:
    """Return the µs of CPU that some work on all of these takes."""
    began = time.process_time()
    for thing in things:
        work(thing)
    return (time.process_time() - began) * 1e6


if __name__ == "__main__":
    main()
