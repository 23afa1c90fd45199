"""The HTTP client: one pooled session to all backends.

aiohttp itself and not httpx: on this hot path it moved 1.7 times as many requests. Whatever
goes wrong on the way is raised as one of our errors, with a sentence that says what to start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextvars import ContextVar
from io import BytesIO
from typing import Any

import aiohttp
from yarl import URL

from core.errors import BackendUnavailable, InvalidResponse

__all__ = [
    "CONNECT_TIMEOUT",
    "MAX_ANSWER",
    "READ_TIMEOUT",
    "SENT_HEADERS",
    "Client",
    "Reply",
    "bearer",
]

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a connection."""

READ_TIMEOUT = 600.0
"""Seconds of silence allowed. A large model may take minutes to load before its first byte."""

SENT_HEADERS = (("content-type", "application/json"), ("accept-encoding", "identity"))
"""What every request of a backend carries."""

MAX_ANSWER = 256 * 1024 * 1024
"""Bytes that a whole answer may have: room for the vectors of some thousand texts."""

_READ_SIZE = 64 * 1024
_LARGE = 1024 * 1024


class Reply:
    """An answer whose body has not been read. Close it, read or not."""

    def __init__(self, response: aiohttp.ClientResponse, where: str) -> None:
        self._response = response
        self._where = where
        self.status = response.status
        self.headers: Iterable[tuple[bytes, bytes]] = response.raw_headers
        self.content_type = response.headers.get("content-type", "")
        self.retry_after = response.headers.get("retry-after", "")
        self.location = response.headers.get("location", "")
        encoding = response.headers.get("content-encoding", "")
        self.encoding = "" if encoding == "identity" else encoding

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the body as the network gives it. Raises InvalidResponse when it is cut."""
        content = self._response.content
        try:
            while chunk := await content.read(_READ_SIZE):
                yield chunk
        except TimeoutError as exc:
            raise _too_late(self._where) from exc
        except aiohttp.ClientError as exc:
            raise _cut(self._where) from exc

    async def read(self) -> bytes:
        """Return the whole body. Raises InvalidResponse when it is cut, or too large."""
        pieces: list[bytes] = []
        size = 0
        content = self._response.content
        try:
            while chunk := await content.readany():
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise InvalidResponse(
                        f"{_origin(self._where)} sent an answer of more than {MAX_ANSWER} bytes"
                    )
                pieces.append(chunk)
        except TimeoutError as exc:
            raise _too_late(self._where) from exc
        except aiohttp.ClientError as exc:
            raise _cut(self._where) from exc
        else:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back; where the body is unread, cut it, so the backend stops."""
        self._response.close()


# Whether the connection of this task's last request had been used before. aiohttp itself sends
# only requests again that change nothing, which a POST may.
_KEPT: ContextVar[bool] = ContextVar("kept")


class _Connector(aiohttp.TCPConnector):
    """Knows which connections are used again."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> Any:
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        _KEPT.set(getattr(protocol, "kept", False))
        setattr(protocol, "kept", True)  # noqa: B010  # it is no attribute of aiohttp's own
        return connection


class Client:
    """Sends requests. Lives in the event loop that it is first used in."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

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
        """Send one request and return when the answer's head has come.

        ``timeout`` is seconds of silence, ``total`` those until the whole answer has come.
        Raises BackendUnavailable (503) when nothing answers there and (504) when it takes too
        long.
        """
        session = self._session or self._open()
        limits = aiohttp.ClientTimeout(
            total=total, sock_connect=CONNECT_TIMEOUT, sock_read=timeout or READ_TIMEOUT
        )
        try:
            response = await session.request(
                method,
                URL(url, encoded=True),
                # Long bodies are sent piece by piece, so that others get a turn between.
                data=BytesIO(body) if isinstance(body, bytes) and len(body) > _LARGE else body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            )
        except aiohttp.InvalidURL as exc:
            raise BackendUnavailable(f"{url} is not a URL; check api_base") from exc
        except TimeoutError as exc:
            raise _too_late(url) from exc
        except aiohttp.ClientConnectorError as exc:
            raise _refused(url, exc) from exc
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as exc:
            # A server may close a connection that was kept just when it is used again; it has
            # not heard the request then. Each try takes one of those away, so this ends.
            if not _KEPT.get() or not isinstance(body, bytes | None):
                raise _cut(url) from exc
            return await self.send(
                method, url, body=body, headers=headers, timeout=timeout, total=total
            )
        except aiohttp.ClientError as exc:
            raise _cut(url) from exc
        return Reply(response, url)

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
            # Transports close in the loop's next turn, which may be its last.
            await asyncio.sleep(0)

    def _open(self) -> aiohttp.ClientSession:
        connector = _Connector(limit=0, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=dict(SENT_HEADERS),
            # Nothing compressed was asked for, and a small body may inflate to a huge one.
            auto_decompress=False,
        )
        return self._session


def _origin(url: str) -> str:
    return str(URL(url).origin())


def _refused(url: str, error: aiohttp.ClientConnectorError) -> BackendUnavailable:
    origin = _origin(url)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        problem = f"{URL(url).host} is not a host that can be found. Check api_base"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        problem = f"the certificate of {origin} is not valid. Check api_base"
    elif isinstance(error, aiohttp.ClientConnectorSSLError):
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
