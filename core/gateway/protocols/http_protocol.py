"""uvicorn's HTTP protocol as RFC 9110 and RFC 9112 have it, where uvicorn has it otherwise.

* An offer to upgrade that nobody takes up is ignored, and its request served with its body (RFC
  9110, 7.8). Java's stock client offers ``h2c`` on every plain request, and httptools leaves the
  body of such a request unread.
* An answer to HTTP/1.0 is never sent in chunks (RFC 9112, 6.1): it ends where the connection does.
* A target in absolute form names the host, and the Host header is ignored (RFC 9112, 3.2.2).
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.gateway.protocols.joined_head import JoinedHead

MAX_HEADERS = 64 * 1024
"""Bytes that all headers of a request may have together."""

_FRAMING = (b"content-length", b"transfer-encoding")


class _UntilClosed(JoinedHead):
    """An answer to HTTP/1.0: where its length is not known, it ends with its connection."""

    chunks = False

    async def send(self, message: Any) -> None:
        """Send on, and never in chunks."""
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", ())}
            if b"content-length" not in names:
                self.chunked_encoding = False
        elif self.chunked_encoding is False and not self.response_complete:
            self.expected_content_length = max(
                self.expected_content_length, len(message.get("body", b""))
            )
        await super().send(message)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 and 1.0 for programs of all kinds."""

    _resuming = False

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._go_on(data[exc.args[0] :])
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """A request begins."""
        if not self._resuming:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the target has come."""
        if not self._resuming:
            super().on_url(url)

    def on_headers_complete(self) -> None:
        """The headers are whole."""
        if self._resuming:
            return
        if not self.url.startswith((b"/", b"*")):
            self._take_host()
        last = self.cycle
        super().on_headers_complete()
        if self.cycle is last:
            return  # a WebSocket is to be opened
        self.cycle.__class__ = _UntilClosed if self.scope["http_version"] == "1.0" else JoinedHead

    def _take_host(self) -> None:
        """Read a target in absolute form."""
        url = httptools.parse_url(self.url)
        if url.host:
            port = b":%d" % url.port if url.port else b""
            self.headers[:] = [(b"host", url.host + port),
                               *((n, v) for n, v in self.headers if n != b"host")]  # fmt: skip
        query = b"?" + url.query if url.query else b""
        self.url = (url.path or b"/") + query

    def _go_on(self, rest: bytes) -> None:
        """Read the body of a request whose offer to upgrade is not taken up, and what follows.

        The parser has given up at the head's end, so another is told how the body is framed.
        """
        framing = [(name, value) for name, value in self.headers if name in _FRAMING]
        self.parser = httptools.HttpRequestParser(self)
        if any(name == b"transfer-encoding" or value != b"0" for name, value in framing):
            # The first parser took the body for empty.
            self.cycle.more_body = True
            self.cycle.message_event.clear()
            head = b"".join([b"%b: %b\r\n" % header for header in framing])
            # What is said again is no header of the request.
            known, self.headers = self.headers, []
            self._resuming = True
            try:
                self.parser.feed_data(b"POST / HTTP/1.1\r\n" + head + b"\r\n")
            finally:
                self._resuming = False
                self.headers = known
        if rest:
            self.data_received(rest)
