"""The HTTP client: kept connections to all backends.

A short POST without TLS, which nearly every request of a gateway is, goes over a connection of
our own (core.http.connection); all else through aiohttp (core.http.aiohttp_session). Whatever
goes wrong on the way is raised as one of our errors, with a sentence that says what to start.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from core.errors import BackendUnavailable, InvalidResponse
from core.http.addresses import shown_address
from core.http.connection import Connection, Listener, Lost, Pool
from core.http.reply_head import ReplyHead, read_head

if TYPE_CHECKING:
    from core.http.aiohttp_session import Session

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a connection."""

READ_TIMEOUT = 600.0
"""Seconds of silence allowed. A large model may take minutes to load before its first byte."""

SENT_HEADERS = (("content-type", "application/json"), ("accept-encoding", "identity"))
"""What every request of a backend carries."""

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes that a whole answer may have: room for the vectors of some thousand texts."""

_LARGE = 1024 * 1024


class _Source(Protocol):
    """Where an answer's body comes from."""

    async def read(self) -> bytes:
        """Return the next bytes; nothing at the end."""

    def arrived(self) -> bool:
        """Tell whether the whole body has arrived."""

    def release(self) -> None:
        """Give the connection back, or cut it where the body is unread."""


class Reply:
    """An answer whose body has not been read. Close it, read or not."""

    def __init__(self, source: _Source, where: str, head: ReplyHead) -> None:
        self._source = source
        self.arrived = source.arrived
        self._where = where
        self._closed = False
        self.status = head.status
        self.headers = head.headers
        self.content_type = head.content_type
        self.retry_after = head.retry_after
        self.location = head.location
        self.encoding = head.encoding

    async def chunk(self) -> bytes:
        """Return what the network gives next of the body; nothing at its end.

        Raises InvalidResponse when it is cut.
        """
        try:
            return await self._source.read()
        except TimeoutError as exc:
            raise _too_late(self._where) from exc
        except OSError as exc:
            raise _cut(self._where) from exc

    async def read(self) -> bytes:
        """Return the whole body. Raises InvalidResponse when it is cut, or too large."""
        pieces: list[bytes] = []
        size = 0
        try:
            while chunk := await self.chunk():
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise InvalidResponse(
                        f"{_origin(self._where)} sent an answer of more than {MAX_ANSWER} bytes"
                    )
                pieces.append(chunk)
        finally:
            self.close()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Give the connection back; where the body is unread, cut it, so the backend stops."""
        if not self._closed:
            self._closed = True
            self._source.release()


class Post:
    """One POST over a connection of our own.

        reply() ──> a Reply, once its head has come

    Whoever cannot wait calls ``start`` instead, is told of what comes by ``connection.listener``,
    and takes ``reply_now`` once the connection has a status. ``reply`` may still be called then,
    and goes on from there.
    """

    __slots__ = ("_connecting", "_place", "_pool", "_request", "_silence", "_total", "_url",
                 "connection")  # fmt: skip

    def __init__(
        self, pool: Pool, place: tuple[str, int], request: bytes, url: str, silence: float,
        total: float | None,
    ) -> None:  # fmt: skip
        self._pool = pool
        self._place = place
        self._request = request
        self._url = url
        self._silence = silence
        self._total = total
        self._connecting: asyncio.Task[Connection] | None = None
        self.connection: Connection | None = None

    def start(self, listener: Listener, failed: Callable[[], None]) -> None:
        """Send the request, over a kept connection or once a new one is there.

        ``failed`` is called where that one could not be made: ``reply`` raises why.
        """
        kept = self._pool.kept(self._place)
        if kept is not None:
            self._ask(kept)
            kept.listener = listener
            return

        def over(task: asyncio.Task[Connection]) -> None:
            if self._connecting is None:
                return  # reply() waits for it
            if task.cancelled() or task.exception() is not None:
                failed()
                return
            self._connecting = None
            self._ask(task.result())
            task.result().listener = listener

        self._connecting = asyncio.get_running_loop().create_task(self._connect())
        self._connecting.add_done_callback(over)

    def reply_now(self) -> Reply:
        """Return the answer whose head has come."""
        connection = self.connection
        assert connection is not None, "it was asked"
        return Reply(connection, self._url, connection.found)

    async def reply(self) -> Reply:
        """Return the answer once its head has come. Raises BackendUnavailable, InvalidResponse."""
        while True:
            if self.connection is None:
                self._ask(await self._connected())
            connection = self.connection
            assert connection is not None, "it was asked"
            connection.listener = None
            try:
                await connection.head()
            except BaseException as exc:
                self.connection = None
                connection.release()
                if isinstance(exc, TimeoutError):
                    raise _too_late(self._url) from exc
                if not isinstance(exc, OSError):
                    raise
                # As below: each try takes one of the kept connections away.
                if not (connection.kept and isinstance(exc, Lost) and exc.unheard):
                    raise _cut(self._url) from exc
            else:
                return self.reply_now()

    async def _connected(self) -> Connection:
        begun, self._connecting = self._connecting, None
        try:
            return await (begun or self._connect())
        except asyncio.CancelledError:
            # It may have been made in the same turn of the loop: nobody would ever close it.
            if begun is not None:
                begun.add_done_callback(_end_made)
            raise
        except TimeoutError as exc:
            raise _too_late(self._url) from exc
        except OSError as exc:
            raise _refused(self._url, exc) from exc

    async def _connect(self) -> Connection:
        return await self._pool.take(self._place, timeout=CONNECT_TIMEOUT)

    def _ask(self, connection: Connection) -> None:
        connection.ask(self._request, silence=self._silence, total=self._total)
        self.connection = connection


def _end_made(task: asyncio.Task[Connection]) -> None:
    """End a connection, if it was made, that nobody waits for any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().end()


class Client:
    """Sends requests. Lives in the event loop that it is first used in."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._pool = Pool()

    async def send(
        self,
        method: str,
        url: str,
        *,
        body: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        total: float | None = None,
    ) -> Reply:
        """Send one request and return once the answer's headers have arrived.

        ``timeout`` is seconds of silence, ``total`` those until the whole answer has come.
        Raises BackendUnavailable (503) when nothing answers there and (504) when it takes too
        long.
        """
        if method == "POST" and isinstance(body, bytes):
            post = self.post(url, body, headers=headers, timeout=timeout, total=total)
            if post is not None:
                return await post.reply()
        _lines(headers or {})  # aiohttp's own error would name no cause
        session = self._session or self._open()
        silence = timeout or READ_TIMEOUT
        try:
            answer = await session.ask(method, url, body, headers, silence=silence, total=total)
        except ValueError as exc:
            raise BackendUnavailable(f"{shown_address(url)} is not a URL; check api_base") from exc
        except TimeoutError as exc:
            raise _too_late(url) from exc
        except Lost as exc:
            # A server may close a connection that was kept just when it is used again; it has
            # not heard the request then. Each try takes one of those away, so this ends.
            if not exc.unheard or not isinstance(body, bytes | None):
                raise _cut(url) from exc
        except OSError as exc:
            raise _refused(url, exc) from exc
        else:
            return Reply(answer, url, read_head(answer.status, answer.headers))
        return await self.send(
            method, url, body=body, headers=headers, timeout=timeout, total=total
        )

    def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        total: float | None = None,
    ) -> Post | None:
        """Return a POST to be sent over a connection of our own; None where it needs another.

        Seconds are those of ``send``. Raises BackendUnavailable for an invalid header.
        """
        origin = origin_of(url) if len(body) <= _LARGE else None
        if origin is None:
            return None
        place, begin = origin
        # Joined, not formatted: that copies a long body several times.
        length = b"content-length: %d\r\n\r\n" % len(body)
        lines = _lines(headers) if headers else b""
        request = b"".join((begin, _SENT, lines, length, body))
        return Post(self._pool, place, request, url, timeout or READ_TIMEOUT, total)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        self._pool.close()
        if session is not None:
            await session.close()

    def _open(self) -> Session:
        from core.http.aiohttp_session import Session

        self._session = Session(dict(SENT_HEADERS), connect=CONNECT_TIMEOUT)
        return self._session


@lru_cache(maxsize=1024)
def origin_of(url: str) -> tuple[tuple[str, int], bytes] | None:
    """Return where a plain http URL leads and how a POST to it begins; None for any other."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        return None
    fit = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme != "http" or not host or parts.username or not fit:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\nuser-agent: diglot\r\n"
    return (host, port), head.encode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


_SENT = "".join(f"{name}: {value}\r\n" for name, value in SENT_HEADERS).encode()


def _lines(headers: Mapping[str, str]) -> bytes:
    """Return headers as they are sent. Raises BackendUnavailable for an invalid one."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
        raise BackendUnavailable("a header for the backend holds a line end; check the config")
    return lines.encode("utf-8", "replace")


def _refused(url: str, error: OSError) -> BackendUnavailable:
    origin = _origin(url)
    if isinstance(error, socket.gaierror):
        problem = f"{urlsplit(url).hostname} is not a host that can be found. Check api_base"
    elif isinstance(error, ssl.SSLCertVerificationError):
        problem = f"the certificate of {origin} is not valid. Check api_base"
    elif isinstance(error, ssl.SSLError):
        problem = f"{origin} does not speak TLS. Write http:// in api_base"
    else:
        problem = (
            f"nothing answers at {origin}. If Ollama should be there, start it with "
            "`ollama serve`; if it is elsewhere, set api_base"
        )
    return BackendUnavailable(f"{problem} or OLLAMA_HOST.", code="backend_refused")


def _too_late(url: str) -> BackendUnavailable:
    return BackendUnavailable(
        f"{_origin(url)} did not answer in time. A large model may still be loading: try "
        "again, or raise the timeout of this model in the config.",
        status=504,
        code="backend_timeout",
    )


def _cut(url: str) -> InvalidResponse:
    return InvalidResponse(
        f"{_origin(url)} closed the connection before its answer was complete",
        code="backend_cut",
    )


def bearer(api_key: str) -> dict[str, Any]:
    """Return the header that carries a backend's key."""
    return {"authorization": f"Bearer {api_key}"} if api_key else {}
