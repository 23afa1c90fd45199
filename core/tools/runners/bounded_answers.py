"""A bound on what another MCP server answers: it is counted while it is read.

The SDK reads a JSON answer whole, however long it is, and unpacks what is packed. Its events have a
bound of their own (1 MB each).
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

MOST_ANSWERED = 8 * 1024 * 1024
"""Bytes of one JSON answer. A tool's result is for a model, which reads a hundredth of it."""

ASKED_PLAIN = {"accept-encoding": "identity"}
"""What is asked for unpacked need not be unpacked here."""


class _Bounded(httpx2.AsyncByteStream):
    """A body in whose place a few words stand where it is packed, or longer than the bound."""

    def __init__(self, response: httpx2.Response) -> None:
        self._body = response.stream
        self._packed = response.headers.pop("content-encoding", "identity") != "identity"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._body, httpx2.AsyncByteStream)
        pieces: list[bytes] = []
        came = 0
        async for piece in self._body:
            came += len(piece)
            if self._packed or came > MOST_ANSWERED:
                # No JSON, so that the call fails with these words; an error here ends the session.
                yield b"packed, or more than %d bytes" % MOST_ANSWERED
                return
            pieces.append(piece)
        for piece in pieces:
            yield piece

    async def aclose(self) -> None:
        assert isinstance(self._body, httpx2.AsyncByteStream)
        await self._body.aclose()


async def bound(response: httpx2.Response) -> None:
    """Bound an answer; a stream of events may be as long as its server stays connected."""
    events = response.headers.get("content-type", "").lower().startswith("text/event-stream")
    if not events or "content-encoding" in response.headers:
        response.stream = _Bounded(response)
