"""uvicorn's HTTP protocol with bounds, for the gateway's port and for that of the pages alike.

Without them one client could fill the memory with a header, a trailer or a pipeline that never
ends, or hold connections open for good by sending or reading a byte now and then.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from core.gateway.protocols.http_protocol import MAX_HEADERS, HttpProtocol
from core.gateway.protocols.idle_connections import idle_connections

HEAD_TIME = 30.0
"""Seconds in which a request's headers have to be whole."""

BODY_TIME = 90.0
"""Seconds more than a body needs at ``SLOWEST`` in which it has to be whole."""

SLOWEST = 500
"""Bytes a second that a body has to come with on average (as Apache's MinRate)."""

LINGER = 256 * 1024 * 1024
"""Bytes of a body that are still read, and thrown away, once its request has been answered.

A connection that is closed at once would lose the answer on its way (RFC 9112, 9.6).
"""

READ_TIME = 300.0
"""Seconds in which a client that reads slowly has to catch up with its answer."""

TICK = 5.0
"""Seconds between two looks at a body that is slow."""

MAX_FIELDS = 256
"""Headers of one request."""

MAX_PIPELINE = 32
"""Requests that wait on one connection while another is answered."""

MAX_CONNECTIONS = 4096
"""Connections of all clients together, where the system allows as many files."""

MAX_SOCKETS = 1024
"""WebSockets of all clients together; one address may have half of them."""

MAX_SOCKET_MESSAGE = 32 * 1024 * 1024
"""Bytes of a WebSocket message, which is put together in memory: Streamlit's own bound is 25 MB."""

API_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""What a browser may do with an answer that is for a program, or a page to read: show it."""

SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)

_LOG = logging.getLogger("diglot.server")


class _Refused(Exception):
    """Raised inside the parser to stop it."""


class BoundedProtocol(HttpProtocol):
    """Closes a connection that is too long, too slow or one too many."""

    most = MAX_CONNECTIONS
    _in_heads: dict[BoundedProtocol, None] = {}  # noqa: RUF012  # of all connections, oldest first

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._in_head = True
        self._whole = True
        self._broken = False
        self._refused = (400, "")
        # Of the message that is being read: all bytes, and those that are its body.
        self._came = self._body = 0
        self._waited = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._idle = idle_connections(self.server_state, self.loop, self.timeout_keep_alive)
        self._read_timer: asyncio.TimerHandle | None = None

    # What the loop tells ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request, where there is room."""
        super().connection_made(transport)
        self._in_heads[self] = None
        self._timer = self.loop.call_later(HEAD_TIME, self._too_slow)
        if len(self.connections) > self.most:
            # Whoever has waited longest to say anything makes room.
            oldest = next((p for p in self._in_heads if p.connections is self.connections), self)
            self._in_heads.pop(oldest, None)
            oldest.refuse(503, "There are too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._rest()
        self._idle.discard(self)
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        self._in_heads.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        if self._broken:
            return
        self._came += len(data)
        super().data_received(data)
        if self._broken or self.transport.is_closing():
            return
        # Heads, trailers and what stands around chunks: a little of it for each byte of a body.
        if self._came - self._body > 2 * MAX_HEADERS + 16 * self._body:
            self.refuse(431 if self._in_head else 400, "The request is mostly headers.")
        elif self._timer is not None:
            pass
        elif self._in_head:
            self._timer = self.loop.call_later(HEAD_TIME, self._too_slow)
        elif not self._whole:
            self._waited = 0.0
            self._timer = self.loop.call_later(TICK, self._look)

    def pause_writing(self) -> None:
        """The client reads slower than it is answered."""
        super().pause_writing()
        if self._read_timer is None:
            self._read_timer = self.loop.call_later(READ_TIME, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    # What the parser finds --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._in_head = True
        self._whole = False
        self._came = self._body = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come, or a trailer, of which none is wanted (RFC 9110, 6.5.1)."""
        if not self._in_head:
            return
        if len(self.headers) >= MAX_FIELDS:
            self._refused = (431, f"There are more than {MAX_FIELDS} headers.")
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        self._in_head = False
        self._in_heads.pop(self, None)
        self._rest()
        if len(self.pipeline) >= MAX_PIPELINE:
            raise _Refused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body has come."""
        self._body += len(body)
        cycle = self.cycle
        if self._body > LINGER and cycle is not None and cycle.response_complete:
            raise _Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._whole = True
        self._rest()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is sent: wait for the next request, as uvicorn does, with one timer for all."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle.add(self)

    def _unset_keepalive_if_required(self) -> None:
        self._idle.discard(self)

    # Refusing ---------------------------------------------------------------------------------

    def refuse(self, status: int, message: str) -> None:
        """Say why and close, where nothing is being answered; else see ``send_400_response``."""
        self._refused = (status, message)
        self.send_400_response(message)

    def send_400_response(self, msg: str) -> None:
        """End the connection at what is no request.

        An answer that is going out is for an earlier request: nothing may be written into it.
        """
        self._broken = True
        self._rest()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            cycle.keep_alive = False
            self.flow.pause_reading()
        elif self.pipeline or (cycle is not None and cycle.more_body and cycle.response_started):
            self.transport.close()
        else:
            status, message = self._refused
            text = (message or msg).encode("ascii")
            head = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(text) + text)
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        """Open a WebSocket, where there are not too many."""
        sockets = [one for one in self.connections if not isinstance(one, HttpToolsProtocol)]
        host = (self.client or ("",))[0]
        of_one = sum((getattr(one, "client", None) or ("",))[0] == host for one in sockets)
        if len(sockets) >= MAX_SOCKETS or of_one >= MAX_SOCKETS // 2:
            self.refuse(503, "There are too many WebSockets.")
            return
        self._in_head, self._whole = False, True
        self._rest()
        super().handle_websocket_upgrade()

    # Time -------------------------------------------------------------------------------------

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._in_head and not self.transport.is_closing():
            self.transport.close()

    def _look(self) -> None:
        """Look whether a body comes fast enough. While nobody reads it, it need not."""
        self._timer = self.loop.call_later(TICK, self._look)
        if self.flow.read_paused:
            return
        self._waited += TICK
        if self._waited > BODY_TIME + self._body / SLOWEST:
            self.transport.close()


class BoundedServer:
    """Gives the bounds to the uvicorn that serves ``app``, before it takes connections.

    Every answer gets the headers that browsers go by, with ``policy`` as its content's. ``drain``
    is how many seconds answers in work have once the server is to stop; None is left as it is.
    Connections are served by ``protocol``.

    Streamlit starts uvicorn itself and lets nobody choose its protocol. What uvicorn hands an app
    for its lifespan belongs to an object that knows its config, of which each new connection reads
    the protocol (uvicorn 0.54, ``lifespan/on.py`` and ``server.py``).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: str = API_POLICY,
        drain: int | None = None,
        protocol: type[BoundedProtocol] = BoundedProtocol,
    ) -> None:
        self._app = app
        self._drain = drain
        self._protocol = protocol
        self._headers = [(b"content-security-policy", policy.encode()), *SAFE_HEADERS]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] == "lifespan":
            config = getattr(getattr(receive, "__self__", None), "config", None)
            if isinstance(config, Config):
                allow_connections()
                config.http_protocol_class = self._protocol
                config.ws_max_size = min(config.ws_max_size, MAX_SOCKET_MESSAGE)
                config.encoded_headers = self._headers
                if self._drain is not None:
                    config.timeout_graceful_shutdown = self._drain
            else:
                _LOG.warning("this server is not uvicorn: Diglot cannot bound its connections")
        await self._app(scope, receive, send)


def allow_connections() -> None:
    """Let this process have as many files as the system allows, and half as many connections.

    Each request may need a second one, to a backend.
    """
    try:
        import resource  # not on Windows, where nothing of the kind is counted
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MAX_CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if allowed > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    BoundedProtocol.most = min(MAX_CONNECTIONS, max(allowed, soft) // 2 - 64)
