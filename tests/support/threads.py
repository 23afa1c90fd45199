"""An app that a test serves itself, in a thread of its own, over a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests.support.programs import until


def bound() -> tuple[socket.socket, str]:
    """Return a socket at a free port of loopback, and the address of what is served there."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


class _Server(uvicorn.Server):
    """Stops at once: uvicorn's own polls every 0.1 s, and waits as long again at the end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Ask it to end, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._end.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        if not self.should_exit:
            await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await self.lifespan.shutdown()


@contextmanager
def serving_app(app: ASGIApp, listener: socket.socket | None = None, **more: Any) -> Iterator[str]:
    """Serve an app until the block ends and yield its address. ``more`` is for uvicorn."""
    if listener is None:
        listener, _ = bound()
    options = {"log_level": "warning", "ws": "none", "lifespan": "on", **more}
    server = _Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive())
    assert server.started
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.end()
        thread.join(20)
