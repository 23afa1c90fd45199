"""uvicorn's HTTP protocol that begins some requests without a task.

A task for each request, its futures and ASGI's messages take as long as all else that is done for
a short answer. So a request to one of the routes of ``DirectRoutes`` is begun by callbacks:

    the parser ──(another route, or who asks is not let in so simply)──> ordinary: a task
      │ head                                                               ^  runs the app
      v                                                                    │
    waiting ──(the body is long or slow, the client leaves, the server stops)
      │ body                                                               │
      v                                                                    │
    DirectRoutes.begin() ──(it knows no way)───────────────────────────────┤
      │ a Running    ^                                                     │
      │              └── a request with the head of the one before, unparsed: KnownHead
      v                                                                    │
    running ──(anything unusual: hand_over())──────────────────────────────┘
      │ whole answer, or a stream's end
      v
    over: the connection waits for its next request, or goes on with one that was pipelined

What is handed over before it was begun is the request as it came; later, an app that goes on from
where it stands. uvicorn sees the same cycle in both cases, so pipelines, drains and limits are its.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from starlette.types import ASGIApp, Scope

from core.gateway.protocols.joined_head import JoinedHead
from core.gateway.protocols.uvicorn_protocol import BoundedProtocol
from core.http.known_head import GUESSES, KnownHead, known_head

ROUTES = "diglot.direct"
"""Key of the lifespan's state (ASGI 3.0, "Lifespan State") that holds the ``DirectRoutes``."""

MOST = 128 * 1024
"""Bytes of a body that may be read, masked and rewritten in one turn of the loop."""


class Running(Protocol):
    """A request that is being answered by callbacks."""

    def client_left(self) -> None:
        """The connection is lost."""

    def pause(self) -> None:
        """The client reads slower than it is answered."""

    def resume(self) -> None:
        """The client has caught up."""

    def stop(self) -> None:
        """The server stops: only tasks are waited for, and cancelled when the time is over."""


class DirectRoutes(Protocol):
    """The routes whose requests may be begun without a task."""

    def known(self, scope: Scope) -> Any:
        """Return what the head of a request says, or None where it is none of these.

        Nothing is counted.
        """

    def still(self, known: Any) -> bool:
        """Tell whether another request with the same head would be known as the same."""

    def begin(self, known: Any, body: bytes, client: DirectClient) -> None:
        """Begin a request that is known, and tell ``client.runs``; or leave it as it is."""


class DirectClient:
    """The client's side of one request, and where its answer goes."""

    __slots__ = ("_protocol", "begun", "cycle", "running")

    def __init__(self, protocol: DirectProtocol, cycle: JoinedHead) -> None:
        self._protocol = protocol
        self.cycle = cycle
        self.begun = False
        self.running: Running | None = None

    def runs(self, running: Running) -> None:
        """Note that the request is begun, and its body read."""
        self.running = running
        self.begun = True
        self.cycle.body = bytearray()
        protocol = self._protocol
        protocol.running = self
        protocol.flow.resume_reading()

    def over(self) -> None:
        """Note that nothing more comes of ``running``, which holds this: it is let go."""
        self.running = None
        protocol = self._protocol
        if protocol.running is self:
            protocol.running = None
            protocol.spare = self.cycle

    def hand_over(self, app: ASGIApp) -> None:
        """Let ``app`` go on with the request, in a task."""
        self.over()
        self._protocol.start(self.cycle, app)


class DirectProtocol(BoundedProtocol):
    """Begins requests to ``DirectRoutes`` without a task. ``on`` turns that off for all.

    ``running`` is the request that is answered; ``spare`` a cycle of which nobody else knows any
    more.
    """

    on = True

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        found = self.app_state.get(ROUTES) if self.on else None
        self._routes = cast(DirectRoutes | None, found)
        # The request whose body is not whole, and what its head says.
        self._waiting: JoinedHead | None = None
        self._asked: Any = None
        self.running: DirectClient | None = None
        self.spare: JoinedHead | None = None
        # The head of the last request with what it says, not to be changed, and how often the
        # next one may yet have another.
        self._known: KnownHead | None = None
        self._known_scope: Any = None
        self._known_request: Any = None
        self._guesses = GUESSES

    # What uvicorn and the loop call -----------------------------------------------------------

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Answer a request whose head is there: it is next on this connection."""
        routes = self._routes
        unusual = routes is None or app is not self.app or cycle.waiting_for_100_continue
        self._asked = None if unusual else cast(DirectRoutes, routes).known(cycle.scope)
        if self._asked is None:
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._waiting = cycle
        else:
            self._begin(cycle, bytes(cycle.body))

    def data_received(self, data: bytes) -> None:
        """Take in what came, and begin the request that it completes."""
        rests, known = self._rests, self._known
        if rests and known is not None:
            body = known.body_of(data)
            if body and self._begin_again(body):
                return
        super().data_received(data)
        cycle = self._waiting
        if cycle is None:
            return
        if not cycle.more_body:
            self._waiting = None
            if rests and self._guesses and cycle.keep_alive:
                self._learn(data, cycle)
            self._begin(cycle, bytes(cycle.body))
        elif self._broken or len(cycle.body) > MOST or _length(cycle) > MOST:
            self._wait_no_longer()
        else:
            self.flow.resume_reading()

    @property
    def _rests(self) -> bool:
        """Whether what comes next is the first byte of a request that can be begun at once."""
        cycle = self.cycle
        between = self._whole and (cycle is None or cycle.response_complete)
        return between and not (self._broken or self.pipeline or self.transport.is_closing())

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        client = self.running
        for cycle in (self._waiting, client.cycle if client is not None else None):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self._wait_no_longer()
        if client is not None and client.running is not None:
            client.running.client_left()

    def shutdown(self) -> None:
        """The server stops."""
        super().shutdown()
        self._routes = None
        self._wait_no_longer()
        if (running := self._runs) is not None:
            running.stop()

    def pause_writing(self) -> None:
        """The client reads slower than it is answered."""
        super().pause_writing()
        if (running := self._runs) is not None:
            running.pause()

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        if (running := self._runs) is not None:
            running.resume()

    @property
    def _runs(self) -> Running | None:
        return self.running.running if self.running is not None else None

    def _look(self) -> None:
        super()._look()
        self._wait_no_longer()

    # What becomes of a request ----------------------------------------------------------------

    def _wait_no_longer(self) -> None:
        """Let a task read the body of a request: it looks after the time, and after the client."""
        cycle, self._waiting = self._waiting, None
        if cycle is not None:
            self.start(cycle, cast(Any, self.app))

    def _begin(self, cycle: JoinedHead, body: bytes) -> None:
        routes = self._routes
        if cycle.usual and routes is not None:
            client = DirectClient(self, cycle)
            routes.begin(self._asked, body, client)
            if client.begun:
                return
        # The app reads it from there, whoever has read it.
        cycle.body = bytearray(body)
        cycle.message_event.set()
        self.start(cycle, cast(Any, self.app))

    def _learn(self, data: bytes, cycle: JoinedHead) -> None:
        """Keep the head of a request that came in one read."""
        headers = cycle.scope["headers"]
        self._guesses -= 1
        self._known = known_head(data, cast(Any, headers))
        self._known_scope = {**cycle.scope, "headers": list(headers)}
        self._known_request = self._asked

    def _begin_again(self, body: bytes) -> bool:
        """Begin a request that has the head of the last one; tell whether it could be begun."""
        cycle, routes = self.spare, self._routes
        if cycle is None or cycle is not self.cycle or routes is None:
            return False
        if len(body) > MOST or not routes.still(self._known_request):
            return False
        self._unset_keepalive_if_required()
        self._guesses = GUESSES
        self._asked = self._known_request
        headers = self.server_state.default_headers
        cycle.begin_again(self._known_scope, headers, self.on_response_complete)
        self._begin(cycle, body)
        return True

    def start(self, cycle: JoinedHead, app: ASGIApp) -> None:
        """Run an app in a task, as what answers a request, or the rest of it."""
        self.spare = None
        scope = self._known_scope
        if cycle.scope is scope:
            state = self.app_state.copy()
            cycle.scope = {**scope, "headers": list(scope["headers"]), "state": state}
        super()._start_asgi_task(cycle, cast(Any, app))


def _length(cycle: JoinedHead) -> int:
    """Return how long a body is said to be, in bytes; 0 where nothing is said."""
    headers = cycle.scope["headers"]
    length = next((value for name, value in headers if name == b"content-length"), b"")
    return int(length) if length.isdigit() else 0
