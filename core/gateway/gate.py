"""The gate that every route of the gateway stands behind.

Every route is a ``GatedRoute`` with an ``Endpoint``, and ``Endpoint.__call__`` is the only entry.
So every request is authenticated, within the limits of its key, limited in size and time, counted
and logged before it is handled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from core.errors import DiglotError, InvalidRequest
from core.gateway.auth import Principal, principal_of
from core.gateway.body_codings import decoded, is_plain
from core.gateway.call import CallScope, GatewayState, identified
from core.gateway.errors import dialect_of, error_response
from core.gateway.ollama_bodies import exact
from core.gateway.paths import PATH_MODEL
from core.translation.codec.json import encode_json
from core.translation.conversions.passed_stream import set_model
from core.translation.dialects.registry import SPOKEN

MAX_REQUEST = 64 * 1024 * 1024
"""The largest request body in bytes: enough for several large images."""

BODY_TIME = 60.0
"""Seconds of silence allowed while a request's body is sent."""

SLOWEST = 500
"""Bytes per second that a body needs after ``BODY_TIME`` (Apache's MinRate)."""

Reads = Literal["nothing", "all", "as it comes"]
Handler = Callable[[Request, bytes], Awaitable[Any]]
_NOBODY = Principal()
_LOG = logging.getLogger("diglot.gateway")


class Endpoint(ABC):
    """The handler of one route, behind the gate.

    ``dialect`` is that of its errors. ``reads`` says how much of the body is read before ``serve``;
    with "as it comes", ``serve`` passes the pieces on. ``most`` is the largest body in bytes.
    ``free`` routes need no key: orchestrators call them all the time.
    """

    most = MAX_REQUEST

    def __init__(
        self,
        gateway_state: GatewayState,
        *,
        dialect: str = "",
        reads: Reads = "all",
        free: bool = False,
    ) -> None:
        self.fleet = gateway_state.fleet
        self.route = ""
        self.reads = reads
        self._gateway_state = gateway_state
        self._dialect = dialect
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit one request or refuse it, and end it."""
        if scope["type"] != "http":
            return
        call = self._gateway_state.begin(
            self._dialect or dialect_of(scope["path"]),
            self.route or scope["path"],
            _NOBODY if self._free else principal_of(scope),
            scope["headers"],
        )
        try:
            try:
                await call.admit()
                body = await self._read(scope, receive)
                if body is None:
                    return
                if body:
                    self.check(call.principal, body)
            except DiglotError as exc:
                await self.fail(call, exc, scope, receive, send)
            else:
                serving = self.serve(call, body, scope, receive, send)
                await self.guarded(call, serving, scope, receive, send)
        finally:
            call.end(seen=not self._free)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body as UTF-8, in Ollama's API as it reads it, with the model of the path."""
        if self.reads != "all":
            return b""
        headers = scope["headers"]
        body = await read_body(receive, headers, most=self.most)
        if body and not is_plain(headers, body):
            body = await asyncio.to_thread(decoded, headers, body, limit=self.most)
        dialect = self._dialect or dialect_of(scope["path"])
        if body and SPOKEN[dialect].native:
            body = exact(body, dialect)
        if body and PATH_MODEL in scope:
            return set_model(body, scope[PATH_MODEL])
        return body

    async def guarded(
        self, call: CallScope, serving: Awaitable[None], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Await ``serving``, and tell the client of an error before its answer begins."""
        try:
            await serving
        except DiglotError as exc:
            await self.fail(call, exc, scope, receive, send)
        except Exception:
            if call.status:
                raise
            _LOG.exception("a request failed in a way that it should not")
            error = DiglotError("internal error; the server's log says more")
            await self.fail(call, error, scope, receive, send)

    def check(self, principal: Principal, body: bytes) -> None:
        """Raise AccessDenied (403) if a body names a model that may not be used."""
        principal.check(body)

    @abstractmethod
    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer an admitted request. May raise DiglotError before the answer begins."""

    async def fail(
        self, call: CallScope, error: DiglotError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer with an error in the client's dialect, without addresses of backends."""
        if not call.principal.operator:
            error = self._gateway_state.addresses.error(error)
        response = call.marked(error_response(call.client_dialect, error, call.id), error)
        await response(scope, receive, send)


class HandlerEndpoint(Endpoint):
    """Calls a handler, which returns a Response or a value for JSON."""

    def __init__(
        self,
        gateway_state: GatewayState,
        handler: Handler,
        *,
        reads: Reads = "nothing",
        free: bool = False,
    ) -> None:
        super().__init__(gateway_state, reads=reads, free=free)
        self._handler = handler

    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Run the handler and send what it returns."""
        value = await self._handler(Request(scope, receive), body)
        if not isinstance(value, Response):
            value = Response(encode_json(value), media_type="application/json")
        await value(scope, receive, noted(call, send))


class GatedRoute(Route):
    """A route whose endpoint is behind the gate. The gateway has no other routes."""

    def __init__(self, path: str, endpoint: Endpoint, methods: Sequence[str] | None = None) -> None:
        super().__init__(path, endpoint, methods=methods)
        # Counted and logged by its pattern: the path itself is text from the client.
        endpoint.route = path


def handled(
    gateway_state: GatewayState,
    path: str,
    handler: Handler,
    method: str = "GET",
    *,
    reads: Reads = "nothing",
    free: bool = False,
) -> GatedRoute:
    """Return the route of a handler."""
    endpoint = HandlerEndpoint(gateway_state, handler, reads=reads, free=free)
    return GatedRoute(path, endpoint, [method])


def noted(call: CallScope, send: Send) -> Send:
    """Return ``send``, which records the status in ``call`` and adds the headers of ``call``."""

    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
            more = [*call.headers(), *identified(call.id)]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await send(message)

    return noting


async def read_body(
    receive: Receive, headers: Iterable[tuple[bytes, bytes]], *, most: int = MAX_REQUEST
) -> bytes | None:
    """Return the request body, or None if the client left before its end.

    Raises InvalidRequest: 413 for more than ``most`` bytes, 408 for a slow body.
    """
    pieces: list[bytes] = []
    size = 0
    began = time.monotonic()
    while True:
        message = await _next(receive, began, size)
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        more = message.get("more_body", False)
        # A body that is announced as too long is not read.
        if size > most or (more and not pieces and _length(headers) > most):
            raise InvalidRequest(
                f"the request is larger than {most // 1024 // 1024} MB",
                status=413,
                code="request_too_large",
            )
        pieces.append(piece)
        if not more:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def body_pieces(receive: Receive) -> AsyncGenerator[bytes]:
    """Yield the request body as it comes, of any size. Raises InvalidRequest like ``read_body``."""
    size = 0
    began = time.monotonic()
    while True:
        message = await _next(receive, began, size)
        if message["type"] == "http.disconnect":
            raise InvalidRequest("the client left before its request was whole", status=499)
        piece = message.get("body", b"")
        size += len(piece)
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


async def _next(receive: Receive, began: float, size: int) -> Message:
    """Return the next message of a body of which ``size`` bytes have come since ``began``."""
    # Nearly always the body has come with its head: then it is taken without a timer, which would
    # cost more than all else here.
    reading = receive()
    try:
        reading.send(None)  # type: ignore[attr-defined]  # ASGI's servers give coroutines
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    reading.close()  # type: ignore[attr-defined]
    rest = began + BODY_TIME + size / SLOWEST - time.monotonic()
    try:
        async with asyncio.timeout(min(BODY_TIME, rest)):
            return await receive()
    except TimeoutError as exc:
        raise InvalidRequest(
            f"nothing of the request's body came for {BODY_TIME:.0f} s, or too little of it",
            status=408,
            code="request_timeout",
        ) from exc


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Return the Content-Length; 0 if there is none."""
    length = next((value for name, value in headers if name == b"content-length"), b"")
    return int(length) if length.isdigit() else 0
