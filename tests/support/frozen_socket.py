"""A network between a client and a server that can stand still, without a word to either."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import make_url

_NAME = ".s.PGSQL.5432"


class Network:
    """Passes on what comes, unless it is ``cut``: then nothing comes through, in either direction.

    ``here`` is where it listens and ``there`` what it stands before: the path of a socket, or a
    port of loopback.
    """

    def __init__(self, here: str | int, there: str | int) -> None:
        self.here = here
        self._there = there
        self._open = asyncio.Event()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._joined: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, and wait until it passes things on."""
        self._thread.start()
        assert self._ready.wait(30)

    def cut(self) -> None:
        """Let nothing through."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._open.clear)

    def mend(self) -> None:
        """Let it all through, also what has waited."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._open.set)

    def close(self) -> None:
        """End."""
        self.mend()
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(30)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open.set()
        async with await self._listen():
            self._ready.set()
            await self._ended.wait()
            # Each closes its two connections while the loop still runs.
            for joined in self._joined:
                joined.cancel()
            await asyncio.gather(*self._joined, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        if isinstance(self.here, str):
            return await asyncio.start_unix_server(self._join, self.here)
        return await asyncio.start_server(self._join, "127.0.0.1", self.here)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._there, str):
            return await asyncio.open_unix_connection(self._there)
        return await asyncio.open_connection("127.0.0.1", self._there)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._joined.add(task)
        task.add_done_callback(self._joined.discard)
        try:
            await self._open.wait()
            there = await self._connect()
        except (OSError, asyncio.CancelledError):
            # Nobody listens there: whoever came is told so at once.
            writer.transport.abort()
            return
        try:
            with suppress(OSError):
                await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))
        except asyncio.CancelledError:
            for end in (writer, there[1]):
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()


@contextmanager
def network(folder: Path, url: str) -> Iterator[tuple[Network, str]]:
    """Run one before the PostgreSQL at ``url`` until the block ends; give its address there."""
    parts = make_url(url)
    made = Network(str(folder / _NAME), f"{parts.query['host']}/{_NAME}")
    made.start()
    try:
        yield made, parts.set(query={"host": str(folder)}).render_as_string(hide_password=False)
    finally:
        made.close()
