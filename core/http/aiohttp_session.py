"""Requests by aiohttp: TLS, long or streamed bodies, and every method other than POST.

Loaded when the first of them is made, since aiohttp takes a third of the time in which the
gateway starts. Errors are Python's own, as in core.http.connection: TimeoutError, ValueError
for what is no URL, socket.gaierror, ssl.SSLError and other OSErrors while connecting, and Lost
after that.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterable, Mapping, Sequence
from contextvars import ContextVar
from io import BytesIO
from typing import Any

import aiohttp
from yarl import URL

from core.http.connection import Lost

_READ_SIZE = 64 * 1024
_LARGE = 1024 * 1024


class Response:
    """An answer whose headers have arrived."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Sequence[tuple[bytes, bytes]] = response.raw_headers

    async def read(self) -> bytes:
        """Return the next bytes of the body; nothing at its end. Raises TimeoutError and Lost."""
        try:
            return await self._response.content.read(_READ_SIZE)
        except TimeoutError:
            raise
        except aiohttp.ClientError as exc:
            raise Lost(str(exc)) from exc

    def arrived(self) -> bool:
        """Tell whether the whole body has arrived, read or not."""
        return self._response.content.is_eof()

    def release(self) -> None:
        """Give the connection back, or cut it where the body is unread."""
        self._response.close()


# Whether the connection of this task's last request had been used before. aiohttp itself sends
# only requests again that change nothing, which a POST may.
_KEPT: ContextVar[bool] = ContextVar("kept")


class _Connector(aiohttp.TCPConnector):
    """Remembers whether a connection is reused."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> Any:
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        _KEPT.set(getattr(protocol, "kept", False))
        setattr(protocol, "kept", True)  # noqa: B010  # it is no attribute of aiohttp's own
        return connection


class Session:
    """Kept connections. ``headers`` go with each request; ``connect`` is a limit in seconds."""

    def __init__(self, headers: Mapping[str, str], *, connect: float) -> None:
        self._connect = connect
        self._session = aiohttp.ClientSession(
            connector=_Connector(limit=0, ttl_dns_cache=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            # Nothing compressed was asked for, and a small body may inflate to a huge one.
            auto_decompress=False,
        )

    async def ask(
        self,
        method: str,
        url: str,
        body: bytes | AsyncIterable[bytes] | None,
        headers: Mapping[str, str] | None,
        *,
        silence: float,
        total: float | None,
    ) -> Response:
        """Send one request and return when the answer's head has come.

        ``Lost.unheard`` means that the server had already closed a kept connection.
        """
        limits = aiohttp.ClientTimeout(total=total, sock_connect=self._connect, sock_read=silence)
        try:
            response = await self._session.request(
                method,
                URL(url, encoded=True),
                # Long bodies are sent piece by piece, so that others get a turn between.
                data=BytesIO(body) if isinstance(body, bytes) and len(body) > _LARGE else body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            )
        except aiohttp.InvalidURL as exc:
            raise ValueError(str(exc)) from exc
        except TimeoutError:
            raise
        except aiohttp.ClientConnectorError as exc:
            raise _plain(exc) from exc
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as exc:
            raise Lost(str(exc), unheard=_KEPT.get(False)) from exc
        except aiohttp.ClientError as exc:
            raise Lost(str(exc)) from exc
        return Response(response)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        # Transports close in the loop's next turn, which may be its last.
        await asyncio.sleep(0)


def _plain(error: aiohttp.ClientConnectorError) -> OSError:
    """Return Python's own error for a failed connection."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return socket.gaierror(str(error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ssl.SSLCertVerificationError(str(error))
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return ssl.SSLError(str(error))
    return error.os_error
