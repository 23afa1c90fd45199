"""Connections that a test serves itself, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def serving_streams(
    serve: Serve, writers: set[asyncio.StreamWriter], port: int = 0
) -> Iterator[str]:
    """Serve connections until the block ends and yield the address.

    ``writers`` are the open connections; they are closed at the end.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    # All in that thread: in this one a browser's loop may be running.
    starting = asyncio.start_server(serve, "127.0.0.1", port)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, writers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server, writers: set[asyncio.StreamWriter]) -> None:
    server.close()
    # Not cancelled: a server's tasks end by themselves once their connections are gone.
    mine = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    for writer in list(writers):
        writer.transport.abort()
    await asyncio.gather(*mine, return_exceptions=True)
    await asyncio.sleep(0)
