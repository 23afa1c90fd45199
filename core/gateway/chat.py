"""The hot path: one ASGI endpoint that answers chats in one dialect.

It speaks ASGI itself, because the client has to be watched while the answer is made: when it
leaves, the work for it is cancelled at once, streaming or not, and the backend stops too.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.backends.answers import Answer
from core.backends.fleet import Fleet
from core.errors import DiglotError, InvalidRequest
from core.translation.embeddings import EMBEDDING_DIALECTS
from core.translation.reading import encode_json
from core.translation.translate import DIALECTS

__all__ = ["MAX_REQUEST", "ChatEndpoint", "EmbedEndpoint", "dialect_of", "error_response"]

MAX_REQUEST = 64 * 1024 * 1024
"""Bytes that a request body may have: room for several large images."""

WATCH_AFTER = 0.02
"""Seconds of work after which it is seen to that the client is still there."""

_LOG = logging.getLogger("diglot.gateway")


class ChatEndpoint:
    """POST of a chat in the dialect ``face``."""

    def __init__(self, fleet: Fleet, face: str) -> None:
        self.fleet = fleet
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await _read(receive)
        except DiglotError as exc:
            await error_response(self._face, exc)(scope, receive, send)
            return
        if body is None:
            return
        watcher = _Watcher(receive)
        try:
            await self._answer(scope, body, receive, send)
        except asyncio.CancelledError:
            if not watcher.left:
                raise
            # The client has left: nobody is waiting for an answer.
            watcher.work.uncancel()
        finally:
            watcher.stop()

    async def ask(
        self, body: bytes, *, strict: bool, headers: Iterable[tuple[bytes, bytes]]
    ) -> Answer:
        """Return the answer to one request body. Raises DiglotError."""
        return await self.fleet.answer(self._face, body, strict=strict, headers=headers)

    async def _answer(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        try:
            headers = scope["headers"]
            answer = await self.ask(body, strict=_strict(headers), headers=headers)
        except DiglotError as exc:
            await error_response(self._face, exc)(scope, receive, send)
        except Exception:
            _LOG.exception("a request failed in a way that it should not")
            error = DiglotError("internal error; the server's log says more")
            await error_response(self._face, error)(scope, receive, send)
        else:
            await _send_answer(answer, send)


async def _send_answer(answer: Answer, send: Send) -> None:
    headers = [(b"content-type", answer.content_type.encode())]
    headers += [(name.encode(), value.encode("latin-1", "replace"))
                for name, value in answer.headers.items()]  # fmt: skip
    rest = answer.rest
    if rest is None:
        headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        return
    # Proxies in front must not hold a stream back.
    headers += [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        async for piece in rest:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await asyncio.shield(rest.aclose())


def error_response(face: str, error: DiglotError) -> Response:
    """Return ``error`` in the words of a dialect."""
    body: Any = DIALECTS[face].dump_error(error)
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    return Response(
        encode_json(body), status_code=error.status, headers=headers, media_type="application/json"
    )


def dialect_of(path: str) -> str:
    """Return the dialect whose errors a path answers with."""
    if path.startswith("/api"):
        return "ollama"
    return "anthropic" if path.startswith("/v1/messages") else "openai"


class EmbedEndpoint(ChatEndpoint):
    """POST of texts to embed, in the embedding dialect ``face``."""

    def __init__(self, fleet: Fleet, face: str) -> None:
        super().__init__(fleet, EMBEDDING_DIALECTS[face].chat)
        self._embedding = face

    async def ask(
        self, body: bytes, *, strict: bool, headers: Iterable[tuple[bytes, bytes]]
    ) -> Answer:
        """Return the vectors. Raises DiglotError."""
        return await self.fleet.embed(self._embedding, body, strict=strict, headers=headers)


async def _read(receive: Receive) -> bytes | None:
    """Return the request body, or None when the client left before it was whole."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_REQUEST:
            raise InvalidRequest(
                f"the request is larger than {MAX_REQUEST // 1024 // 1024} MB",
                status=413,
                code="request_too_large",
            )
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Watcher:
    """Cancels the work of the task that makes it when its client leaves.

    It begins to look a little later, since most short answers are done by then.
    """

    __slots__ = ("_receive", "_task", "_timer", "left", "work")

    def __init__(self, receive: Receive) -> None:
        work = asyncio.current_task()
        assert work is not None
        self.work = work
        self.left = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._start)

    def stop(self) -> None:
        """Look no longer."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _start(self) -> None:
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.work.cancel()


def _strict(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"x-diglot-strict" and value.lower() in (b"1", b"true") for name, value in headers
    )
