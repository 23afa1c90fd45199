"""What is looked after for every request: who asks, how much they may, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from core.backends.exchange import Exchange
from core.backends.fleet import Fleet
from core.errors import DiglotError
from core.gateway.limits import Limits, OverLimit, Slot
from core.gateway.visitors import Visitor

__all__ = ["Call", "Front"]


class Front:
    """Shared by all routes of one app."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.limits = Limits()

    def begin(self, face: str, visitor: Visitor) -> Call:
        """Note that a request has come. End it, however it ends."""
        return Call(self, face, visitor)


class Call:
    """One request of a client."""

    __slots__ = ("_front", "_slot", "exchange", "face", "visitor")

    def __init__(self, front: Front, face: str, visitor: Visitor) -> None:
        self._front = front
        self.face = face
        self.visitor = visitor
        self.exchange: Exchange | None = None
        self._slot: Slot | None = None

    async def admit(self) -> None:
        """Let the request in, or raise OverLimit (429)."""
        key = self.visitor.key
        if key is not None and (key.rpm or key.tpm or key.max_parallel):
            self._slot = await self._front.limits.admit(key, anthropic=self.face == "anthropic")

    def note(self, exchange: Exchange) -> None:
        """Take in what is kept of the request."""
        self.exchange = exchange

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """What the answer says of limits."""
        return self._slot.headers if self._slot is not None else ()

    def marked(self, response: Response, error: DiglotError) -> Response:
        """Return an error's response with what it says of limits."""
        more = error.headers if isinstance(error, OverLimit) else self.headers
        response.raw_headers.extend(more)
        return response

    def end(self) -> None:
        """The request is over."""
        if self._slot is not None:
            self._front.limits.release(self._slot, self._tokens())

    def _tokens(self) -> int:
        exchange = self.exchange
        if exchange is None or not exchange.backend:
            return 0
        usage: Any = getattr(exchange, "usage", lambda: None)()
        if usage is not None:
            return int(usage.prompt_tokens + usage.completion_tokens)
        # Nobody counted: a client that leaves early must not have the answer for nothing.
        wire = exchange.client
        return len(wire.request) // 4 + max(len(wire.chunks), 1)
