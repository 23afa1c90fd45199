"""uvicorn's HTTP protocol with two bounds more: how long headers may be, and how long they take.

Without them one client could fill the memory with a header that never ends, or hold connections
open by sending a byte now and then.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.gateway.origins import MAX_HEADERS

__all__ = ["HEAD_TIME", "BoundedProtocol"]

HEAD_TIME = 30.0
"""Seconds in which a request's headers have to be whole."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too long or too slow."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._in_head = True
        self._head_size = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_TIME, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        super().data_received(data)
        if self._in_head:
            self._head_size += len(data)
            if self._head_size > 2 * MAX_HEADERS:
                self.transport.close()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_TIME, self._too_slow)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._in_head = True
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._in_head = False
        self._rest()
        super().on_headers_complete()

    def _rest(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()
