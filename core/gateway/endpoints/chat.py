"""The hot path: one ASGI endpoint that answers chats in one dialect.

It uses ASGI directly, because the client has to be watched during the answer: when it leaves, the
work is cancelled at once, streaming or not, and the backend stops too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.backends.calls.answer import Answer
from core.backends.calls.options import AskOptions
from core.backends.fleet import Fleet
from core.errors import BackendUnavailable
from core.gateway.call import CLIENT_LEFT, CallScope, GatewayState, Header
from core.gateway.endpoints.answer_head import answer_headers
from core.gateway.gate import Endpoint
from core.gateway.protocols.joined_head import BODY_FOLLOWS
from core.gateway.telemetry.logs import REQUEST
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS

WATCH_AFTER = 0.02
"""Seconds of work after which it is checked whether the client is still there."""

_BACK_AFTER = 2.0
"""Retry-After in seconds when the server is being stopped."""


_START = {"type": "http.response.start", "status": 200, BODY_FOLLOWS: None}


class ChatEndpoint(Endpoint):
    """POST of a chat, or of texts to embed, in the dialect ``client_dialect``."""

    def __init__(self, gateway_state: GatewayState, client_dialect: str) -> None:
        super().__init__(gateway_state, dialect=client_dialect)
        self.client_dialect = client_dialect
        self._lookout = _Lookout()

    async def serve(
        self, call: CallScope, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request, as long as the client is there."""
        watcher = _Watcher(receive)
        self._lookout.add(watcher)
        answering = self._answer(call, scope, body, send)
        await self._watched(watcher, answering, call, scope, receive, send)

    async def go_on(
        self, call: CallScope, rest: Awaitable[None], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Do the ``rest`` of a request that was begun without a task, and end it."""
        REQUEST.set(call.id)
        watcher = _Watcher(receive)
        watcher.start()
        answering = self._watched(watcher, rest, call, scope, receive, send)
        try:
            await self.guarded(call, answering, scope, receive, send)
        finally:
            call.end()

    async def _watched(
        self,
        watcher: _Watcher,
        answering: Awaitable[None],
        call: CallScope,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        try:
            await answering
        except asyncio.CancelledError:
            # The client has left, or the server is stopping and the time is over: the work ends
            # here.
            watcher.work.uncancel()
            if watcher.left:
                call.status = CLIENT_LEFT
            else:
                await self._stop(call, scope, receive, send)
        finally:
            watcher.stop()

    def only_asks(self, body: bytes) -> bool:
        """Tell whether ``ask`` does nothing but ask the fleet for the answer to this body."""
        return True

    async def ask(self, call: CallScope, body: bytes, options: AskOptions) -> Answer:
        """Return the answer to one request body. Raises DiglotError."""
        return await self.fleet.answer(self.client_dialect, body, options)

    def options(self, call: CallScope, headers: Iterable[Header], *, strict: bool) -> AskOptions:
        """Return what goes with a request beside its body."""
        return AskOptions(
            owner=call.principal.owner,
            strict=strict,
            headers=headers,
            identity=call.id,
            note=call.note,
        )

    async def _answer(self, call: CallScope, scope: Scope, body: bytes, send: Send) -> None:
        headers = scope["headers"]
        options = self.options(call, headers, strict=is_strict(headers))
        answer = await self.ask(call, body, options)
        await self.deliver(call, answer, send)

    async def deliver(self, call: CallScope, answer: Answer, send: Send) -> None:
        """Send an answer, without addresses of backends."""
        hide = self.hides(call)
        if answer.rest is not None and hide is not None:
            answer.body = hide(answer.body)
            answer.rest = _each(answer.rest, hide)
        await _send_answer(call, answer, send)

    def hides(self, call: CallScope) -> Callable[[bytes], bytes] | None:
        """Return what hides addresses in the pieces of a stream; None where they may be seen."""
        return None if call.principal.operator else self._gateway_state.addresses.piece

    async def deliver_rest(
        self, call: CallScope, answer: Answer, rest: AsyncGenerator[bytes], send: Send
    ) -> None:
        """Send the rest of a stream, of which the beginning was sent."""
        hide = self.hides(call)
        await _send_rest(call, answer, rest if hide is None else _each(rest, hide), send)

    async def _stop(self, call: CallScope, scope: Scope, receive: Receive, send: Send) -> None:
        """Send an error in the dialect of the client, as the server is stopping."""
        error = BackendUnavailable(
            "this server is being stopped before the answer was complete: ask again",
            code="server_stopping",
        )
        error.retry_after = _BACK_AFTER
        if call.fail is not None:
            last = call.fail(error, now=time.time_ns())
            await send({"type": "http.response.body", "body": last})
        elif not call.status:
            await self.fail(call, error, scope, receive, send)


async def _send_answer(call: CallScope, answer: Answer, send: Send) -> None:
    call.status = 200
    headers = answer_headers(call, answer)
    rest = answer.rest
    if rest is None:
        await send({**_START, "headers": headers, BODY_FOLLOWS: len(answer.body)})
        await send({"type": "http.response.body", "body": answer.body})
        return
    ended = False
    try:
        begin = answer.body
        if answer.arrived is not None and answer.arrived():
            # Nothing of it has to be waited for any more: it goes out at once.
            begin += b"".join([piece async for piece in rest])
            ended = True
        await send({**_START, "headers": headers})
        call.fail = answer.fail
        await send({"type": "http.response.body", "body": begin, "more_body": not ended})
    except BaseException:
        await asyncio.shield(rest.aclose())
        raise
    if not ended:
        await _send_rest(call, answer, rest, send)


async def _send_rest(
    call: CallScope, answer: Answer, rest: AsyncGenerator[bytes], send: Send
) -> None:
    call.fail = answer.fail
    ended = False
    try:
        async for piece in rest:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        ended = True
        await send({"type": "http.response.body", "body": b""})
    finally:
        if not ended:
            await asyncio.shield(rest.aclose())


async def _each(
    pieces: AsyncGenerator[bytes], change: Callable[[bytes], bytes]
) -> AsyncGenerator[bytes]:
    try:
        async for piece in pieces:
            yield change(piece)
    finally:
        await pieces.aclose()


class _Watcher:
    """Cancels the task that creates it when the client leaves."""

    __slots__ = ("_receive", "_task", "done", "left", "work")

    def __init__(self, receive: Receive) -> None:
        work = asyncio.current_task()
        assert work is not None
        self.work = work
        self.done = self.left = False
        self._receive = receive
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Look no longer."""
        self.done = True
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.work.cancel()


class _Lookout:
    """Starts each watcher ``WATCH_AFTER`` seconds after it was added: most answers are over then.

    All wait equally long, so one timer, set for the first of them, does for all.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, _Watcher]] = deque()

    def add(self, watcher: _Watcher) -> None:
        """Let a watcher wait for its time."""
        loop = asyncio.get_running_loop()
        due = loop.time() + WATCH_AFTER
        if not self._waiting:
            loop.call_at(due, self._look)
        self._waiting.append((due, watcher))

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = self._waiting
        while waiting and (waiting[0][0] <= now or waiting[0][1].done):
            _, watcher = waiting.popleft()
            if not watcher.done:
                watcher.start()
        if waiting:
            loop.call_at(waiting[0][0], self._look)


async def counted(fleet: Fleet, dialect: str, asked: dict[str, Any], request: Request) -> Response:
    """Return the answer to a question for the tokens of the request ``asked``.

    Its headers say what of the request the model is not told, as the answer to it would.
    """
    strict = is_strict(request.scope["headers"])
    count, losses = await fleet.count_tokens(dialect, asked, strict=strict)
    body = encode_json({**DIALECTS[dialect].counted, "input_tokens": count})
    return Response(body, media_type="application/json", headers=losses)


def is_strict(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether a request wants an error for each field that is lost."""
    for name, value in headers:
        if name == b"x-diglot-strict" and value.lower() in (b"1", b"true"):
            return True
    return False
