"""Instructions a request: the gateway between two connections without sockets, under callgrind.

    python bench/steps.py                     every case, with Diglot's and the floor's figures
    python bench/steps.py --profile whole     the functions that are called, by their own time
    python bench/steps.py --play whole        CPU time, where the machine is at rest

A busy machine does not change how many instructions a request takes, so small steps can be told
apart that no clock would show. The client's protocol and the backend's are the gateway's own; what
uvloop and the system do for a request is not in it. Needs valgrind.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp
from uvicorn.lifespan.on import LifespanOn
from uvicorn.server import ServerState

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.fake_ollama import SMALL, chunked, compat_chunk, faces, native_chunk  # noqa: E402
from bench.gateways.contestants import BACKEND, BACKEND_PORT, DIGLOT  # noqa: E402
from bench.gateways.floor import Floor  # noqa: E402
from core.backends.fleet import Fleet  # noqa: E402
from core.gateway.app import create_app  # noqa: E402
from core.gateway.protocols.direct_protocol import DirectProtocol  # noqa: E402
from core.http.connection import Connection, Pool  # noqa: E402

PLACE = ("127.0.0.1", BACKEND_PORT)
_OPENAI, _CLAUDE = "/v1/chat/completions", "/v1/messages"
FEW, MANY = 50, 150
LONG = 100_000


class Case(Struct, frozen=True):
    """A request, and the backend's answer as the network gives it: read by read."""

    path: str
    body: bytes
    reads: list[bytes]

    def request(self) -> bytes:
        """Return the request as curl and wrk send it."""
        return (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:4000\r\naccept: */*\r\n"
            "content-type: application/json\r\nuser-agent: bench\r\n"
            f"content-length: {len(self.body)}\r\n\r\n"
        ).encode() + self.body


class Pipe(asyncio.Transport):
    """A transport that throws away what is written, and counts it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 4000)})
        self.written = 0
        self.last = b""

    def write(self, data: Any) -> None:
        """Count."""
        self.written += len(data)
        self.last = data

    def is_closing(self) -> bool:
        """Return whether it is closing: never."""
        return False

    def pause_reading(self) -> None:
        """Nothing is read by itself."""

    def resume_reading(self) -> None:
        """Nothing is read by itself."""

    def close(self) -> None:
        """Nothing is open."""

    def abort(self) -> None:
        """Nothing is open."""


def filled(chat: bytes, model: bytes) -> bytes:
    """Return a long chat, whose text may have a percent sign in it."""
    return chat.replace(b"%b", model, 1).replace(b"%b", b"false", 1)


def cases() -> dict[str, Case]:
    """Return what is measured, by name."""
    native, compat = faces(64)[b"/api/chat"], faces(64)[b"/v1/chat/completions"]
    chat = b'{"model":"%b","stream":%b,"messages":[{"role":"user","content":"hello there"}]}'
    vectors = SMALL[b"/api/embed"]
    claude = chat.replace(b'"stream"', b'"max_tokens":64,"stream"')
    # Code with prose in it, as an agent sends it; few texts have no other letter than ASCII's.
    code = Path(argparse.__file__).read_text("utf-8").replace(" - ", " – ")
    said = json.dumps(code[:LONG], ensure_ascii=False)
    long, long_claude = (one.replace(b'"hello there"', said.encode()) for one in (chat, claude))
    paced = [native.head, *[chunked(native_chunk(f" word{i}")) for i in range(64)], native.end]
    events = [compat.head, *[chunked(compat_chunk(f" word{i}")) for i in range(64)], compat.end]
    return {
        "whole": Case(_OPENAI, chat % (b"fake", b"false"), [native.whole]),
        "burst": Case(_OPENAI, chat % (b"fake", b"true"), [native.stream]),
        "paced": Case(_OPENAI, chat % (b"fake", b"true"), paced),
        "claude whole": Case(_CLAUDE, claude % (b"fake", b"false"), [native.whole]),
        "claude burst": Case(_CLAUDE, claude % (b"fake", b"true"), [native.stream]),
        "claude paced": Case(_CLAUDE, claude % (b"fake", b"true"), paced),
        "native over openai whole": Case("/api/chat", chat % (b"compat", b"false"), [compat.whole]),
        "native over openai burst": Case("/api/chat", chat % (b"compat", b"true"), [compat.stream]),
        "native over openai paced": Case("/api/chat", chat % (b"compat", b"true"), events),
        "passed whole": Case("/api/chat", chat % (b"fake", b"false"), [native.whole]),
        "passed burst": Case("/api/chat", chat % (b"fake", b"true"), [native.stream]),
        "passed paced": Case("/api/chat", chat % (b"fake", b"true"), paced),
        "openai passed whole": Case(_OPENAI, chat % (b"compat", b"false"), [compat.whole]),
        "openai passed burst": Case(_OPENAI, chat % (b"compat", b"true"), [compat.stream]),
        "openai passed paced": Case(_OPENAI, chat % (b"compat", b"true"), events),
        "claude over openai whole": Case(_CLAUDE, claude % (b"compat", b"false"), [compat.whole]),
        "claude over openai burst": Case(_CLAUDE, claude % (b"compat", b"true"), [compat.stream]),
        "long whole": Case(_OPENAI, filled(long, b"fake"), [native.whole]),
        "long claude whole": Case(_CLAUDE, filled(long_claude, b"fake"), [native.whole]),
        "long passed whole": Case("/api/chat", filled(long, b"fake"), [native.whole]),
        "long openai passed whole": Case(_OPENAI, filled(long, b"compat"), [compat.whole]),
        "embeddings": Case("/v1/embeddings", b'{"model":"fake","input":"hello"}', [vectors]),
    }  # fmt: skip


kept = Pool.kept


def _wrote(pipe: Pipe, before: int) -> bool:
    return pipe.written > before


async def until(done: Callable[[], bool]) -> None:
    """Let the loop turn until something is done."""
    for _ in range(1000):
        if done():
            return
        await asyncio.sleep(0)
    raise RuntimeError("nothing comes")


async def played(case: Case, app: ASGIApp) -> tuple[Callable[[int], Any], Callable[[], Any]]:
    """Return what plays a case a number of times between two connections of ``app``'s, and
    what stops the app."""
    # The floor is served as `bench/gateways/floor.py` is.
    http: Any = "httptools" if isinstance(app, Floor) else DirectProtocol
    config = uvicorn.Config(
        app, http=http, log_level="warning", access_log=False, date_header=False,
        server_header=False, lifespan="auto",
    )  # fmt: skip
    config.load()
    lifespan = LifespanOn(config)
    await lifespan.startup()
    client, backend = Pipe(), Pipe()
    protocol = cast(Any, config.http_protocol_class)(
        config=config, server_state=ServerState(), app_state=lifespan.state
    )
    protocol.connection_made(client)
    # Each request finds this connection kept, in whatever pool it looks.
    pool = Pool()
    connection = Connection(pool, PLACE)
    connection.connection_made(backend)
    pool.give_back(PLACE, connection)
    mock.patch.object(Pool, "kept", lambda _, place: kept(pool, place)).start()
    request = case.request()

    async def play(times: int) -> None:
        for _ in range(times):
            asked, told = backend.written, client.written
            protocol.data_received(request)
            await until(partial(_wrote, backend, asked))
            for read in case.reads:
                connection.data_received(read)
                if not connection.listener and connection.status:
                    await asyncio.sleep(0)
            await until(lambda: not connection.status)
            if client.written == told:
                raise RuntimeError(f"no answer: {client.last[:400]!r}")
            await asyncio.sleep(0)

    return play, lifespan.shutdown


async def run(name: str, times: int, *, floor: bool, profile: bool) -> None:
    """Play one case, profiled or not."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(DIGLOT)
        app: Any = Floor(BACKEND) if floor else create_app(Fleet(config))
        play, stop = await played(cases()[name], app)
        try:
            await play(20)
            gc.freeze()
            gc.disable()
            await measured(play, times, profile=profile)
        finally:
            await stop()


async def measured(play: Callable[[int], Any], times: int, *, profile: bool) -> None:
    """Play, profiled or not."""
    if profile:
        profiler = cProfile.Profile()
        profiler.enable()
        await play(times)
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(70)
    else:
        began = time.process_time_ns()
        await play(times)
        print(f"{(time.process_time_ns() - began) / times / 1000:.0f} µs of CPU a request")


def counted(name: str, *, floor: bool) -> float:
    """Return the instructions of one request: the difference between many and few of them."""

    def total(times: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                       sys.executable, __file__, "--play", name, "--times", str(times)]  # fmt: skip
            done = subprocess.run(
                command + ["--floor"] * floor, capture_output=True, text=True, check=False
            )
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or found is None:
            raise SystemExit(done.stderr[-3000:])
        return int(found[1])

    return (total(MANY) - total(FEW)) / (MANY - FEW)


def main() -> None:
    """Count, or play under a counter."""
    parser = argparse.ArgumentParser(description="Count the instructions of a request.")
    parser.add_argument("names", nargs="*", default=[*cases()])
    parser.add_argument("--play")
    parser.add_argument("--profile")
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--floor", action="store_true")
    options = parser.parse_args()
    played_one = options.play or options.profile
    if played_one:
        asyncio.run(run(played_one, options.times, floor=options.floor,
                        profile=bool(options.profile)))  # fmt: skip
        return
    print("| thousand instructions | Diglot | floor | of the floor |\n|---|--:|--:|--:|")
    for name in options.names:
        own, least = counted(name, floor=False), counted(name, floor=True)
        print(f"| {name} | {own / 1000:,.0f} | {least / 1000:,.0f} | {least / own:.2f} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
