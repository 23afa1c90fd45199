"""HTTP/1.1 to backends without TLS: kept connections, and answers as the network gives them.

For the one thing that a gateway does all day: a POST with a body that is at hand, of which half
of aiohttp's work (cookies, redirects, proxies, traces, decompression) is never used. On the same
answers it took a third of aiohttp's time. llhttp, the parser of Node.js, reads what comes.

Errors are Python's own: TimeoutError, ConnectionRefusedError and other OSErrors while connecting,
and ``Lost`` after that. Nothing is asked twice here.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any, Protocol, cast

import httptools

from core.http.chunks import whole_chunk
from core.http.known_head import GUESSES, KnownHead, known_head
from core.http.reply_head import ReplyHead, read_head

_KEEP = 15.0
"""Seconds for which an idle connection is kept; servers close theirs later than that."""

_MAX_HEAD = 64 * 1024
_MAX_WAITING = 256 * 1024


class Lost(ConnectionError):
    """The connection ended or broke the protocol. ``unheard``: before any answer."""

    def __init__(self, message: str, *, unheard: bool = False) -> None:
        super().__init__(message)
        self.unheard = unheard


class Listener(Protocol):
    """Whoever is told of what comes at once, where nobody waits for it in a coroutine."""

    def heard(self) -> None:
        """The head, a piece of the body, its end, or an error has come."""

    def took(self, piece: bytes) -> bool:
        """Take a piece from the middle of the body; tell whether it was taken, else it waits."""


class Connection(asyncio.Protocol):
    """One connection; answers one request at a time.

        idle ──ask()──> waiting ──(head)──> reading ──(last byte)──> whole ──release()──> idle
          │                │                   │                                           or closed
          │                └──(silence, deadline, end of file, broken protocol)──> error, closed
          └──(the server hangs up, or _KEEP seconds pass)──> closed

    ``waiting`` and ``reading`` are ``_busy``. While more than _MAX_WAITING bytes are not read,
    the transport is paused, so a slow client slows its server down instead of filling memory.
    The pool looks for silence and for the deadline; each byte that comes only moves ``_last``.

    What comes is waited for (``head`` and ``read``), or a ``listener`` is told of it, who takes it
    (``take``). A listener may leave at any time: whoever waits from then on misses nothing.

    Most reads of a stream are one whole chunk each. Between two chunks, those need no parser: a
    listener is given the content at once (``took``), and whoever reads finds it as any other.
    """

    def __init__(self, pool: Pool, place: tuple[str, int]) -> None:
        self._pool = pool
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self.listener: Listener | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._known: KnownHead | None = None
        self._last_head: ReplyHead | None = None
        self._guesses = GUESSES
        self._busy = False
        self.kept = False
        self.idle_since = 0.0
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        self.status = 0
        self._head: ReplyHead | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._paused = False
        self._whole = False
        self._between = False  # the parser is known to stand between two chunks
        self._sized = False
        self._heard = False
        self._keep = False
        self._error: Exception | None = None

    # What is asked ----------------------------------------------------------------------------

    def ask(self, request: bytes, *, silence: float, total: float | None) -> None:
        """Send a request. ``silence`` and ``total`` are seconds."""
        now = self._loop.time()
        self._busy = True
        self._silence = silence
        self._last = now
        self._deadline = None if total is None else now + total
        self._pool.watch(self, self._due())
        self._transport.write(request)

    async def head(self) -> None:
        """Return when the head of the answer has come. Raises TimeoutError and Lost."""
        while not self.status:
            await self._wait()

    async def read(self) -> bytes:
        """Return what has arrived of the body since the last call; nothing at its end.

        Raises TimeoutError, and Lost where it is cut.
        """
        while not self._pieces:
            if self._whole:
                return b""
            await self._wait()
        return self.take()

    def take(self) -> bytes:
        """Return what has arrived of the body since the last call, without waiting."""
        pieces = self._pieces
        self._pieces = []
        self._waiting = 0
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def found(self) -> ReplyHead:
        """The head of the answer, once ``status`` is there."""
        head = self._head
        if head is None:
            head = self._head = read_head(self.status, self._headers)
        return head

    def arrived(self) -> bool:
        """Tell whether the whole body has arrived, read or not."""
        return self._whole

    @property
    def failed(self) -> bool:
        """Whether nothing comes any more: the next ``head`` or ``read`` raises why."""
        return self._error is not None

    @property
    def stuck(self) -> bool:
        """Whether no more comes by itself: something failed, or too much waits to be read."""
        return self.failed or self._paused

    def pause(self) -> None:
        """Read no more, as whoever is to get it cannot keep up, until ``resume`` or ``take``."""
        if not (self._paused or self.closed or self._whole):
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on, unless too much waits to be taken."""
        if self._paused and not self.closed and self._waiting <= _MAX_WAITING:
            self._paused = False
            self._transport.resume_reading()

    def release(self) -> None:
        """Give the connection back where its answer is whole, else end it."""
        self.listener = None
        self._pool.watched.discard(self)
        if self._whole and self._keep and not self.closed:
            self._begin()
            self._busy = False
            self.kept = True
            self._pool.give_back(self._place, self)
        elif not self.closed:
            self.closed = True
            self._transport.abort()

    def end(self) -> None:
        """Close the connection."""
        self.closed = True
        self._transport.close()

    async def _wait(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self.listener is not None:
            self.listener.heard()
        elif self._waiter is not None and not self._waiter.done():
            if self._error is not None and not self._pieces:
                self._waiter.set_exception(self._error)
            else:
                self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._error is None and not self._whole:
            self._error = error
            self._wake()

    def _due(self) -> float:
        due = self._last + self._silence
        return due if self._deadline is None else min(due, self._deadline)

    def look(self, now: float) -> float:
        """End a request that takes too long with a TimeoutError. Returns when to look next."""
        # Reading was stopped on purpose: the silence is ours.
        if self._paused:
            self._last = now
        due = self._due()
        if due > now:
            return due
        self._pool.watched.discard(self)
        self._fail(TimeoutError())
        return math.inf

    # What the loop tells ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            # Nothing was asked: what is said would be taken for the next request's answer.
            self.closed = True
            self._transport.abort()
            return
        self._last = self._loop.time()
        if self._between:
            piece = whole_chunk(data)
            if piece:
                self._came(piece)
                return
        first = not self._heard
        self._heard = True
        body = self._known.body_of(data) if first and self._known is not None else None
        if body:
            self.status, self._head = 200, self._last_head
            self._pieces = [body]
            self._whole = self._keep = True
            self._guesses = GUESSES
        else:
            self._parse(data)
            if first and self._guesses and self._keep and self.status == 200:
                self._guesses -= 1
                self._known, self._last_head = known_head(data, self._headers), self.found
        if self._pieces or self._whole or self.status:
            more = not (self._whole or self.closed)
            self._between = more and self._pieces == [whole_chunk(data)]
            self._wake()

    def _came(self, piece: bytes) -> None:
        """Take in a chunk that needs no parser."""
        if self._pieces or self.listener is None or not self.listener.took(piece):
            self.on_body(piece)
            self._hold_back()
            self._wake()

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self.closed = True
            self._fail(Lost(f"not HTTP: {exc}"))
            self._transport.abort()
        self._hold_back()

    def _hold_back(self) -> None:
        """Read no more while too much waits to be taken."""
        if self._waiting > _MAX_WAITING and not self._paused and not self.closed:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self.status and not self._sized and exc is None:
            # A body without a length ends with its connection.
            self._whole = True
            self._wake()
        self._fail(Lost("the connection was closed", unheard=not self._heard))

    # What the parser finds --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._whole:
            self._keep = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > _MAX_HEAD:
            raise ValueError("the head of the answer is too long")
        if self.status:
            return  # a trailer
        lower = name.lower()
        if lower in (b"content-length", b"transfer-encoding"):
            self._sized = True
        self._headers.append((lower, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 and not self._whole:
            self.status = status

    def on_body(self, body: bytes) -> None:
        if self._whole:
            return
        self._pieces.append(body)
        self._waiting += len(body)

    def on_message_complete(self) -> None:
        if self.status:
            self._keep = not self._whole and self._parser.should_keep_alive()
            self._whole = True
        else:  # 100 Continue and the like, before the answer itself
            self._headers = []


class Pool:
    """The connections that wait to be used again, by host and port.

    ``watched`` are those that wait for an answer. One timer, set for the first that is due, does
    for all: one for each request would cost more than reading its answer.
    """

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[Connection]] = {}
        self.watched: set[Connection] = set()
        self._next_look = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, connection: Connection, due: float) -> None:
        """Look after a connection at ``due`` (the loop's time, in s), and from then on."""
        self.watched.add(connection)
        if due < self._next_look:
            if self._timer is not None:
                self._timer.cancel()
            self._next_look = due
            self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = min((one.look(now) for one in list(self.watched)), default=math.inf)
        self._next_look = due
        self._timer = loop.call_at(due, self._look) if due < math.inf else None

    async def take(self, place: tuple[str, int], *, timeout: float) -> Connection:
        """Return a connection, a kept one where there is one. Raises OSError."""
        kept = self.kept(place)
        if kept is not None:
            return kept
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            _, made = await loop.create_connection(lambda: Connection(self, place), *place)
        return made

    def kept(self, place: tuple[str, int]) -> Connection | None:
        """Return a connection that was kept, if there is one."""
        loop = asyncio.get_running_loop()
        idle = self._idle.get(place)
        while idle:
            # The last used first, so that those that are not needed grow old.
            connection = idle.pop()
            if not connection.closed:
                if loop.time() - connection.idle_since < _KEEP:
                    return connection
                connection.end()
        return None

    def give_back(self, place: tuple[str, int], connection: Connection) -> None:
        """Keep a connection for the next one."""
        idle = self._idle.setdefault(place, [])
        now = connection.idle_since = asyncio.get_running_loop().time()
        idle.append(connection)
        # The oldest come first; looking at one at each return keeps the list short.
        if idle[0].closed or now - idle[0].idle_since > _KEEP:
            oldest = idle.pop(0)
            if not oldest.closed:
                oldest.end()

    def close(self) -> None:
        """Close all that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._next_look = None, math.inf
        for idle in self._idle.values():
            for connection in idle:
                if not connection.closed:
                    connection.end()
        self._idle.clear()
