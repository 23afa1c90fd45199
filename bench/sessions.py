"""What open pages cost one process: memory and CPU of each, at rest and while answers are written.

    python -m bench.sessions --sessions 50

Each session is a WebSocket that draws the chat page, as a browser's does, and stays open. A
scripted backend writes the answers, twenty words a second each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Origin, Subprotocol

from core.chats.feed.tickets import Tickets
from core.chats.store.store import Store
from tests.support.scripted_backend import Said, running
from tests.ui.app_process import running_app
from ui.session.identity import COOKIE, browser_mark

_SECONDS = 15.0
MODEL = {"name": "fast:1b", "model": "fast:1b", "digest": "d" * 64, "size": 1}


def main() -> None:
    """Print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sessions", type=int, default=50)
    sessions = arguments.parse_args().sessions
    with tempfile.TemporaryDirectory() as name, running() as backend:
        folder = Path(name)
        backend.json("/api/tags", {"models": [MODEL]})
        backend.json("/api/ps", {"models": []})
        lines = [_line("word ", done=False)] * 1200 + [_line("", done=True)]
        backend.says("/api/chat", Said(lines, content_type="application/x-ndjson", pause=0.05))
        extra = {"OLLAMA_HOST": backend.url}
        with running_app(folder, extra=extra) as url:
            process = Process(int((folder / "app.pid").read_text()))
            store = Store(f"sqlite:///{folder / 'chats.db'}")
            asyncio.run(_measure(url, process, store, sessions))
            store.close()


def _line(word: str, *, done: bool) -> bytes:
    message = {"role": "assistant", "content": word}
    return json.dumps({"model": "fast:1b", "message": message, "done": done}).encode() + b"\n"


class Process:
    """One process of this host, by what Linux says of it in /proc."""

    def __init__(self, pid: int) -> None:
        self._place = Path(f"/proc/{pid}")

    def memory(self) -> int:
        """Return the bytes that it has in memory."""
        pages = (self._place / "statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def seconds(self) -> float:
        """Return the seconds of a core that it has used."""
        fields = (self._place / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _measure(url: str, process: Process, store: Store, sessions: int) -> None:
    async with AsyncExitStack() as stack:
        await _open(stack, url)  # the first loads what all share
        before = process.memory()
        used = process.seconds()
        for _ in range(sessions):
            await _open(stack, url)
        took = (process.seconds() - used) / sessions
        await asyncio.sleep(3)
        each = (process.memory() - before) / sessions
        print(f"a session: {each / 1e6:.1f} MB; drawn in {took * 1000:.0f} ms of one core")
        print(f"at rest: {await _cpu(process) / sessions:.2f} % of a core each")
        answers = [asyncio.create_task(_follow(url, store, n)) for n in range(sessions)]
        await asyncio.sleep(5)
        print(f"while it streams: {await _cpu(process) / sessions:.2f} % of a core each")
        for answer in answers:
            answer.cancel()
        await asyncio.gather(*answers, return_exceptions=True)


async def _open(stack: AsyncExitStack, url: str) -> None:
    """Draw the chat page, and go on reading what comes."""
    place = url.replace("http", "ws", 1) + "/_stcore/stream"
    socket = await stack.enter_async_context(
        websockets.connect(
            place,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            origin=Origin(url),
        )
    )
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    await socket.send(asked.SerializeToString())
    await _drawn(socket)
    reading = asyncio.create_task(_read(socket))
    stack.callback(reading.cancel)


async def _drawn(socket: Any) -> None:
    async for data in socket:
        message = ForwardMsg()
        message.ParseFromString(data)
        if message.WhichOneof("type") == "script_finished":
            return


async def _read(socket: Any) -> None:
    async for _ in socket:
        pass


async def _cpu(process: Process) -> float:
    """Return the per cent of a core that the process uses."""
    before = process.seconds()
    await asyncio.sleep(_SECONDS)
    return 100 * (process.seconds() - before) / _SECONDS


async def _follow(url: str, store: Store, number: int) -> None:
    cookies = {COOKIE: str(number).rjust(43, "s")}
    tickets = Tickets()
    tickets.share(store.common.secret("tickets"))
    ticket = tickets.make(cookies[COOKIE], browser_mark(cookies))
    deed = {"do": "ask", "text": "q", "options": [{"model": "fast:1b"}]}
    async with (
        httpx.AsyncClient(cookies=cookies, timeout=60) as client,
        client.stream(
            "POST", f"{url}/ui/chats/new", json=deed, headers={"x-diglot-ticket": ticket}
        ) as answer,
    ):
        async for _ in answer.aiter_bytes():
            pass


if __name__ == "__main__":
    main()
