"""DirectAnswer: a chat that is answered by callbacks, from one connection to the other.

It takes the same steps as the coroutine of a request (``ChatEndpoint.serve`` and ``Caller.answer``)
by the same objects, as long as nothing has to be waited for but the backend:

    begin() ── no lease, or a way that asks around first ──────────────────────────┐
      │ written, and sent                                                          │
      v                                                                            │
    asked ── an error, a head that is no good one's ───────────────────────────────┤
      │ head                                                                       │
      ├──> whole ── an error, or more than fits ───────────────────────────────────┤
      │      └──(all of it)──> over                                                │
      └──> held ── an error before the first words ────────────────────────────────┤
             │ first words                                                         │
             v                                                                     v
          streaming ── an error ──────────────────────────────────────────────> handed over:
             └──(the end)──> over                                               a coroutine
                                                                                goes on
    anywhere: the client leaves, the server stops ─────────────────────────────────^

A coroutine that goes on does so from the same place: what was taken is not taken again. So how
something is tried elsewhere, refused, timed out, cancelled or told is written in one place only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import cast

from starlette.types import Receive, Scope, Send

from core.backends.balancing.load import Lease
from core.backends.calls.answer import (
    Answer,
    Stream,
    add_headers,
    begin_answer,
    is_stream,
    note_answer,
    stream_answer,
    whole_answer,
)
from core.backends.calls.asked import Asked, Sent
from core.backends.calls.chat import Caller
from core.backends.calls.options import AskOptions
from core.backends.upstream import note_head
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.gateway.call import CallScope
from core.gateway.endpoints.answer_head import answer_lines
from core.gateway.endpoints.chat import ChatEndpoint
from core.gateway.protocols.direct_protocol import DirectClient
from core.gateway.telemetry.logs import REQUEST
from core.http.client import Post, Reply
from core.http.connection import Connection
from core.translation.conversions.hub import Hub
from core.translation.conversions.loading import Loading

_LOG = logging.getLogger("diglot.gateway")


class DirectAnswer:
    """One request on its way; see the drawing above."""

    # fmt: off
    __slots__ = ("_answer", "_asked", "_call", "_caller", "_client", "_endpoint", "_exchange",
                 "_failure", "_held", "_hide", "_lease", "_left", "_post", "_reply", "_sent",
                 "_stream")
    # fmt: on

    _exchange: Exchange

    def __init__(self, endpoint: ChatEndpoint, call: CallScope, client: DirectClient) -> None:
        self._endpoint = endpoint
        self._caller: Caller = endpoint.fleet.caller
        self._call = call
        self._client = client
        self._asked: Asked | None = None
        self._lease: Lease | None = None
        self._sent: Sent | None = None
        self._post: Post | None = None
        self._reply: Reply | None = None
        self._stream: Stream | None = None
        self._held = b""
        self._hide: Callable[[bytes], bytes] | None = None
        # Of a stream that has begun, and of a whole answer that is ready.
        self._answer: Answer | None = None
        self._left = False
        # Taken out before it is raised: an error that its frames hold is freed late.
        self._failure: Exception | None = None

    # The request ------------------------------------------------------------------------------

    def begin(self, raw: bytes, options: AskOptions) -> None:
        """Choose a deployment and send it the request."""
        self._exchange = self._caller.open(self._endpoint.client_dialect, raw, options)
        try:
            self._asked = asked = self._caller.read(self._exchange, raw, options)
            self._lease = asked.attempts.take()
            if self._lease is None or not self._ask(asked, self._lease):
                self._hand_over()
        except Exception as exc:
            self._hand_over(exc)

    def _ask(self, asked: Asked, lease: Lease) -> bool:
        """Send the request, unless something has to be waited for first."""
        if lease.route.deployment.embedded:
            return False
        call = asked.call(lease.route)
        conversion = self._caller.choose(call)
        if isinstance(conversion, Loading) or conversion.needs:
            return False
        if isinstance(conversion, Hub) and not self._caller.settle_now(conversion, call):
            return False
        self._sent = self._caller.write(conversion, call)
        self._post = self._caller.post(self._sent)
        if self._post is None:
            return False
        self._post.start(self, self._hand_over)
        return True

    # The answer -------------------------------------------------------------------------------

    def heard(self) -> None:
        """Something has come from the backend."""
        if self._left:
            return
        try:
            stream, post = self._stream, self._post
            if stream is not None and self._answer is not None and post is not None:
                self._flow(stream, cast(Connection, post.connection))
            else:
                REQUEST.set(self._call.id)
                self._hear()
        except Exception as exc:
            self._hand_over(exc)

    def took(self, piece: bytes) -> bool:
        """Pass on a piece from the middle of a stream, as most that comes is."""
        stream = self._stream
        if stream is None or self._answer is None or self._left:
            return False
        try:
            self._pass_on(stream, piece, over=False)
        except Exception as exc:
            self._hand_over(exc)
        return True

    def _hear(self) -> None:
        sent, post = self._sent, self._post
        assert sent is not None and post is not None, "nothing is heard before it is asked"
        connection = post.connection
        assert connection is not None, "nothing is heard without one"
        if not (self._client.cycle.usual and connection.status):
            self._hand_over()
            return
        if self._reply is None:
            reply = post.reply_now()
            if not note_head(sent.sending.wire, reply):
                self._hand_over()
                return
            self._reply = reply
            if is_stream(sent, reply):
                self._stream = Stream(sent, reply)
        if self._stream is not None:
            self._flow(self._stream, connection)
        elif connection.arrived():
            self._end(sent, connection.take())
        elif connection.stuck:
            self._hand_over()

    def _end(self, sent: Sent, whole: bytes) -> None:
        """Send a whole answer."""
        assert self._reply is not None and self._lease is not None, "it was asked for"
        self._reply.close()
        sent.sending.wire.came(whole, time.time_ns())
        answer = whole_answer(sent, whole)
        self._begun(answer, self._lease)
        head = answer_lines(self._call, answer)
        self._client.over()
        self._client.cycle.begin_now(head, answer.body, length=len(answer.body), more=False)
        self._over()

    def _flow(self, stream: Stream, connection: Connection) -> None:
        """Pass on what has come of a stream."""
        self._pass_on(stream, connection.take(), over=connection.arrived())
        if connection.failed and not self._left:
            self._hand_over()

    def _pass_on(self, stream: Stream, data: bytes, *, over: bool) -> None:
        """Pass on a piece of a stream, the last one if it is ``over``."""
        last = b""
        try:
            piece = stream.take(data) if data else b""
            failed = stream.failed
            if over and not failed:
                last = stream.close()
        except DiglotError as exc:
            piece, last, failed = b"", stream.fail(exc), True
        if over or failed:
            self._finish(stream, piece, last)
            return
        if self._answer is not None:
            self._write(piece, over=False)
        else:
            self._held += piece
            if stream.ready:
                self._start(stream, b"", over=False)
        if self._client.cycle.flow.write_paused:
            self.pause()

    def _finish(self, stream: Stream, piece: bytes, last: bytes) -> None:
        """Send the end of a stream, or all of it."""
        REQUEST.set(self._call.id)
        if self._answer is not None:
            self._write(piece + last, over=True)
        else:
            self._held += piece + last
            self._start(stream, last, over=True)
        if not self._left:
            stream.finish(last)
            self._over()

    def _start(self, stream: Stream, last: bytes, *, over: bool) -> None:
        """Send the beginning of a stream, or all of it."""
        assert self._lease is not None and self._sent is not None, "it was asked for"
        if stream.refused:
            stream.finish(last)
        answer = stream.begin(self._held, stream.pieces())
        add_headers(answer, self._sent)
        self._begun(answer, self._lease)
        self._hide = hide = self._endpoint.hides(self._call)
        body = self._held if hide is None else hide(self._held)
        head = answer_lines(self._call, answer)
        if over:
            self._client.over()
        self._client.cycle.begin_now(head, body, length=None, more=not over)

    def _write(self, data: bytes, *, over: bool) -> None:
        """Send a piece of a stream."""
        if over:
            self._client.over()
        elif not data:
            return
        self._client.cycle.write_now(
            data if self._hide is None else self._hide(data), more=not over
        )

    def _begun(self, answer: Answer, lease: Lease) -> None:
        begin_answer(lease, answer, self._exchange)
        note_answer(self._exchange, answer)
        self._answer = answer
        self._call.status = 200

    def _over(self) -> None:
        self._left = True
        self._call.end()

    # The client -------------------------------------------------------------------------------

    def client_left(self) -> None:
        """The connection is lost: whatever goes on finds that out, and stops."""
        self._hand_over()

    def pause(self) -> None:
        """The client reads slower than it is answered: so does the backend's answer."""
        if self._answer is not None and self._post is not None:
            connection = self._post.connection
            if connection is not None:
                connection.pause()

    def resume(self) -> None:
        """The client has caught up."""
        if self._post is not None and self._post.connection is not None:
            self._post.connection.resume()

    def stop(self) -> None:
        """The server stops: tasks are waited for, and told when the time is over."""
        self._hand_over()

    # Handing over -----------------------------------------------------------------------------

    def _hand_over(self, exc: Exception | None = None) -> None:
        """Let a coroutine go on from here. With ``exc`` this try, or its answer, has failed."""
        if self._left:
            if exc is not None:
                _LOG.error(
                    "a request that is over failed in a way that it should not", exc_info=exc
                )
            return
        self._left = True
        connection = self._post.connection if self._post is not None else None
        if connection is not None and connection.listener is self:
            connection.listener = None
            connection.resume()
        self._failure = exc
        if exc is not None:
            self._abandon()
        self._client.hand_over(self._go_on)

    async def _go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint.go_on(self._call, self._rest(send), scope, receive, send)

    def _abandon(self) -> None:
        """Give back what a try holds that has failed."""
        if self._stream is not None:
            if not self._stream.ended:
                self._stream.finish(b"")
        elif self._reply is not None:
            self._reply.close()

    async def _rest(self, send: Send) -> None:
        """Do what is left of this request."""
        if self._answer is None:
            answer = await self._caller.told(self._exchange, self._answering())
            await self._endpoint.deliver(self._call, answer, send)
            return
        self._fail()
        assert self._answer.rest is not None, "a whole answer is sent at once"
        await self._endpoint.deliver_rest(self._call, self._answer, self._answer.rest, send)

    async def _answering(self) -> Answer:
        asked, lease = self._asked, self._lease
        if asked is None or lease is None:
            self._fail()
            assert asked is not None, "what could not be read has failed"
            return await self._caller.go_on(asked)
        begun = self._failure is not None or self._sent is not None
        return await self._caller.go_on(asked, lease, self._received() if begun else None)

    async def _received(self) -> Answer:
        """Return what comes of the try that has begun."""
        self._fail()
        assert self._sent is not None, "a try that was not sent has nothing to receive"
        if self._stream is None:
            return await self._caller.finish(self._sent, self._post)
        answer = await stream_answer(self._stream, self._held)
        add_headers(answer, self._sent)
        return answer

    def _fail(self) -> None:
        """Raise what has failed, if anything has."""
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
        finally:
            del failure
