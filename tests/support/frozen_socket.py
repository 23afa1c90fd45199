"""A network between a client and a PostgreSQL that can stand still, without a word to either."""

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

    ``url`` is the database's address through it.
    """

    def __init__(self, folder: Path, url: str) -> None:
        parts = make_url(url)
        self._there = f"{parts.query['host']}/{_NAME}"
        self._here = str(folder / _NAME)
        self.url = parts.set(query={"host": str(folder)}).render_as_string(hide_password=False)
        self._open = asyncio.Event()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def cut(self) -> None:
        """Let nothing through."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._open.clear)

    def mend(self) -> None:
        """Let it all through, also what has waited."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._open.set)

    def serve(self) -> None:
        """Run until ``close``."""
        asyncio.run(self._serve())

    def close(self) -> None:
        """End."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._ended.set)

    def up(self) -> None:
        """Wait until it passes things on."""
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open.set()
        async with await asyncio.start_unix_server(self._join, self._here):
            self._ready.set()
            await self._ended.wait()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(self._there)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()


@contextmanager
def network(folder: Path, url: str) -> Iterator[Network]:
    """Run one before the database at ``url`` until the block ends."""
    made = Network(folder, url)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    made.up()
    try:
        yield made
    finally:
        made.mend()
        made.close()
        thread.join(30)
