"""What a matrix of cases adds to its backend: requests a second through it and straight.

    python bench/matrix.py                          # both kinds of backend, 8 at once
    python bench/matrix.py --tries 2000 --workers 16

The same requests are sent twice to bench/fake_ollama.py: by a matrix (asked through Diglot,
judged, kept in a SQLite file) and by a plain client with as many at once. ``instant`` answers
at once, so that what is measured is the matrix alone; ``paced`` takes its time, as models do.
Prints rows of a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from core.backends.fleet import Fleet  # noqa: E402  # found through the line above
from core.chats.store.store import Store  # noqa: E402
from core.chats.toolbench.matrix import MatrixRunner  # noqa: E402
from core.chats.values.matrix import MatrixPlan  # noqa: E402
from core.tools.cases.values import Case  # noqa: E402
from core.tools.examples import example_toolbox  # noqa: E402

CONFIG = """
model_list:
  - model_name: instant
    litellm_params: {{model: ollama_chat/fake, api_base: "{url}"}}
  - model_name: paced
    litellm_params: {{model: ollama_chat/paced, api_base: "{url}"}}
"""
CHUNKS, PAUSE = 10, 0.02
HEAD = "| backend | at once | straight, requests/s | matrix, requests/s | share |"


def main() -> None:
    """Measure both kinds of backend and print the table."""
    parser = argparse.ArgumentParser(description="Measure the matrix.")
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=8)
    options = parser.parse_args()
    print(HEAD, "|---|--:|--:|--:|--:|", sep="\n")
    with (
        backend() as url,
        tempfile.TemporaryDirectory() as folder,
        opened(url, folder) as (
            fleet,
            store,
        ),
    ):
        for model in ("instant", "paced"):
            tries = options.tries if model == "instant" else max(options.tries // 4, 1)
            through, body = matrix(fleet, store, model, tries, options.workers)
            straight = asyncio.run(plain(url, body, tries, options.workers))
            share = f"{through / straight:.0%}"
            print(f"| {model} | {options.workers} | {straight:,.0f} | {through:,.0f} | {share} |")


@contextmanager
def backend() -> Iterator[str]:
    """Run the fake server; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "bench/fake_ollama.py"), "--port", str(port)]
    command += ["--chunks", str(CHUNKS), "--pause", str(PAUSE)]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url)
        yield url
    finally:
        process.terminate()
        process.wait()


@contextmanager
def opened(url: str, folder: str) -> Iterator[tuple[Fleet, Store]]:
    """Open what a matrix needs, in a loop of its own."""
    config = Path(folder) / "config.yaml"
    config.write_text(CONFIG.format(url=url), "utf-8")
    store = Store(f"sqlite:///{folder}/chats.db")
    fleet = Fleet(config, environ={"OLLAMA_HOST": "127.0.0.1:9"})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(fleet.__aenter__(), loop).result(30)
    try:
        yield fleet, store
    finally:
        asyncio.run_coroutine_threadsafe(fleet.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        store.close()


def matrix(fleet: Fleet, store: Store, model: str, tries: int, workers: int) -> tuple[float, bytes]:
    """Return requests a second through a matrix, and the body that each sent."""
    plan = MatrixPlan(
        cases=(Case(prompt="What is the weather like in 上海?"),),
        models=(model,),
        tools=example_toolbox().tools,
        repeat=tries,
        workers=workers,
    )
    began = time.monotonic()
    job = MatrixRunner(fleet, store.matrices).start("bench", plan)
    while job.count < job.total:
        time.sleep(0.005)
    took = time.monotonic() - began
    while not job.done:
        time.sleep(0.01)
    assert all(result.verdict.passed for result in job.results), job.results[0].verdict
    exchange = fleet.log.get(job.results[-1].exchange, owner="bench")
    assert exchange is not None
    return tries / took, exchange.backend[-1].request


async def plain(url: str, body: bytes, tries: int, workers: int) -> float:
    """Return requests a second of a client that only reads."""
    left = iter(range(tries))

    async def work(session: aiohttp.ClientSession) -> None:
        for _ in left:
            async with session.post(f"{url}/api/chat", data=body) as answer:
                await answer.read()

    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        await asyncio.gather(*(work(session) for _ in range(workers)))
        return tries / (time.monotonic() - began)


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/api/version", timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the fake backend did not answer")


if __name__ == "__main__":
    main()
