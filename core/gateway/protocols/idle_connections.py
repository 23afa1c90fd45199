"""The connections that wait for their next request, with one timer for all of them.

A timer for each request, which nearly always is cancelled before it is due, takes as long as
reading the request.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class IdleConnections:
    """Those of one server. Each is told after ``seconds`` that its time is over."""

    __slots__ = ("_loop", "_seconds", "_since", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        # Whoever waits longest comes first.
        self._since: dict[HttpToolsProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: HttpToolsProtocol) -> None:
        """Let a connection wait from now on, which did not wait."""
        self._since[connection] = now = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._seconds, self._look)

    def discard(self, connection: HttpToolsProtocol) -> None:
        """Note that a connection waits no longer, if it did."""
        self._since.pop(connection, None)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        for connection, since in list(self._since.items()):
            due = since + self._seconds
            if due > now:
                self._timer = self._loop.call_at(due, self._look)
                break
            del self._since[connection]
            connection.timeout_keep_alive_handler()


_of_servers: WeakKeyDictionary[Any, IdleConnections] = WeakKeyDictionary()


def idle_connections(
    server: Any, loop: asyncio.AbstractEventLoop, seconds: float
) -> IdleConnections:
    """Return those of one server, by uvicorn's state of it."""
    found = _of_servers.get(server)
    if found is None:
        found = _of_servers[server] = IdleConnections(loop, seconds)
    return found
