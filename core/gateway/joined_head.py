"""An answer whose head leaves together with the beginning of its body.

uvicorn writes the head of an answer and each piece of its body one by one, and uvloop hands each
to the system at once. A system call takes longer than most of what is done for a request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

BODY_FOLLOWS = "diglot.body_follows"
"""Key of ``http.response.start`` that promises: the body's beginning is sent next, at once.

Servers pass over keys that they do not know (ASGI 3.0, "Extensions").
"""


class JoinedHead(RequestResponseCycle):
    """uvicorn's cycle of a request and its answer, which keeps the promise of ``BODY_FOLLOWS``."""

    async def send(self, message: Any) -> None:
        """Send on; a head that is followed at once waits for what follows."""
        # To HEAD no body is written, whatever is sent.
        if BODY_FOLLOWS in message and self.scope["method"] != "HEAD":
            self.transport = _Joining(self)  # type: ignore[assignment]
        await super().send(message)


class _Joining:
    """Stands for the transport during two writes, which it makes one."""

    __slots__ = ("_cycle", "_head", "_transport")

    def __init__(self, cycle: JoinedHead) -> None:
        self._cycle = cycle
        self._transport: asyncio.Transport = cycle.transport
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            self._cycle.transport = self._transport
            self._transport.write(self._head + data)
        else:
            self._head = data

    def close(self) -> None:
        self._transport.write(self._head)
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()
