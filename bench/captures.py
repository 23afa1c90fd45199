"""What keeping exchanges costs the gateway: CPU time, beside that of a whole answer.

    python bench/captures.py --requests 300 --rounds 20

The keeping alone is timed in this process: the wires, their masked headers and pieces, and the
log with its forgetting, as one answer makes them; then the same without masking, and with each
piece masked by itself on both sides. A whole answer is timed as the CPU of a gateway in front of
the fake Ollama. All are of the quickest rounds, so that a busy machine changes little.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.gateways.contestants import DIGLOT, Contestant, fake_backend  # noqa: E402
from bench.gateways.load import Server, running  # noqa: E402
from core.exchanges.exchange import Exchange  # noqa: E402
from core.exchanges.log import ExchangeLog  # noqa: E402
from core.exchanges.masking import mask_body, mask_headers  # noqa: E402
from core.exchanges.wire import Wire  # noqa: E402
from core.translation.codec.json import encode_json  # noqa: E402
from core.translation.stamp import Stamp  # noqa: E402
from core.translation.translate import StreamTranslator  # noqa: E402

BODY = '{"model":"fake","stream":%s,"messages":[{"role":"user","content":"hello there"}]}'

HEADERS = [
    (b"host", b"127.0.0.1:4000"),
    (b"content-type", b"application/json"),
    (b"user-agent", b"OpenAI/Python 3.0"),
    (b"authorization", b"Bearer none"),
    (b"content-length", b"90"),
]


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description="Measure what keeping exchanges costs.")
    parser.add_argument("--requests", type=int, default=300, help="for each figure of a round")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(DIGLOT)
        arguments = ("--config", str(config), "--port")
        diglot = Contestant(
            name="Diglot", port=14010, ready="/health/liveliness",
            command=(sys.executable, "-m", "core", *arguments, "14010"),
        )  # fmt: skip
        first = (BODY % "false").encode()
        with running(fake_backend(), first), running(diglot, first) as server:
            compare(server, options.requests, options.rounds)
    masking(options.rounds)


def compare(server: Server, requests: int, rounds: int) -> None:
    """Print the time of an answer, that of keeping it, and the ratio."""
    load = os.getloadavg()[0]
    print(f"load {load:.2f}, {os.cpu_count()} cores, {rounds} × {requests} requests\n")
    print("| stream | µs of CPU an answer | keeping it | share |")
    print("|---|--:|--:|--:|")
    for stream in ("false", "true"):
        body = BODY % stream
        spent(server, body, requests)  # warm up
        answer = statistics.quantiles([spent(server, body, requests) for _ in range(rounds)], n=4)[
            0
        ]
        said = streams(1 if stream == "false" else 3)
        own = min(keeping(body.encode(), said, requests, "masked") for _ in range(rounds))
        kind = "yes" if stream == "true" else "no"
        print(f"| {kind} | {answer:.0f} | {own:.1f} | {own / answer:.1%} |", flush=True)


def masking(rounds: int) -> None:
    """Print what keeping a stream takes without masking, with it, and as it once was masked."""
    print("\n| pieces | kept unmasked, µs | masked, µs | each piece on both sides, µs |")
    print("|--:|--:|--:|--:|")
    for pieces in (3, 64, 512):
        answer = streams(pieces)
        body = (BODY % "true").encode()
        found = [
            min(keeping(body, answer, 30, way) for _ in range(rounds))
            for way in ("unmasked", "masked", "each")
        ]
        print(f"| {pieces} | {' | '.join(f'{each:.0f}' for each in found)} |", flush=True)


def streams(pieces: int) -> list[tuple[bytes, bytes]]:
    """Return what comes for each word of an answer, and what goes out for it."""
    stamp = Stamp(id="x", created=1, model="fake")
    pairs = StreamTranslator("ollama", "openai", stamp)
    made = []
    for number in range(pieces):
        said = {"role": "assistant", "content": f" word{number % 97}"}
        line = encode_json({"model": "fake", "created_at": "2026-01-01T00:00:00Z",
                            "message": said, "done": False}) + b"\n"  # fmt: skip
        made.append((line, pairs.feed(line, now=1)))
    return made


def keeping(body: bytes, answer: list[tuple[bytes, bytes]], count: int, way: str) -> float:
    """Return the µs of CPU time that keeping one exchange takes.

    ``way``: ``unmasked``; ``masked`` as it is, an answer's joined text once; or ``each``, every
    piece of both sides by itself.
    """
    with ExitStack() as changed:
        if way != "masked":
            # Not read at the end, since nothing is left to mask.
            changed.enter_context(mock.patch.object(Wire, "mask", lambda wire, said_by=(): None))
        if way == "unmasked":
            changed.enter_context(mock.patch("core.exchanges.wire.mask_body", lambda data: data))
        return _keeping(body, answer, count, mask_body if way == "each" else bytes)


def _keeping(
    body: bytes, answer: list[tuple[bytes, bytes]], count: int, look: Callable[[bytes], bytes]
) -> float:
    log = ExchangeLog(200)
    began = time.process_time()
    for number in range(count):
        client = Wire("openai", "/v1/chat/completions", body, headers=HEADERS)
        one = Exchange(str(number), client, owner="", started=number)
        log.add(one)
        backend = Wire("ollama", "/api/chat", body, url="http://127.0.0.1:11999", of=client)
        one.backend.append(backend)
        backend.headers = mask_headers(HEADERS[:2])
        backend.answered = mask_headers(HEADERS[1:2])
        for came, went in answer:
            backend.came(look(came), number)
            client.came(look(went), number)
        one.end()
    return (time.process_time() - began) / count * 1e6


def spent(server: Server, body: str, requests: int) -> float:
    """Return the µs of CPU time that a server spends on one request."""
    before = server.cpu()
    load(server, body, requests)
    return (server.cpu() - before) / requests * 1e6


def load(server: Server, body: str, requests: int) -> None:
    """Send requests one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.contestant.port, timeout=30)
    headers = {"content-type": "application/json"}
    for _ in range(requests):
        connection.request("POST", server.contestant.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {data[:200]!r}")
    connection.close()


if __name__ == "__main__":
    main()
