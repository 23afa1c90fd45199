"""A backend that breaks in the way that a model's name asks for, and answers well otherwise.

It speaks Ollama's dialect and OpenAI's over a raw socket, counts what it has in work, and says
in each answer the token that its request carried, so that none can be mistaken for another.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.faults.asked import Asked
from tests.support.sockets import serving_streams

__all__ = ["FAULTS", "Faulty", "running"]

_ENDLESS = 600.0


class Line:
    """The connection to a client, for a fault to write to."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    async def head(self, asked: Asked, status: int = 200, **more: str) -> None:
        """Send the head of an answer."""
        headers = {"content-type": asked.kind, "transfer-encoding": "chunked"}
        headers |= {key.replace("_", "-"): value for key, value in more.items()}
        lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        self.writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode())
        await self.writer.drain()

    async def send(self, *pieces: bytes) -> None:
        """Send pieces of the body."""
        for piece in pieces:
            self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self.writer.drain()

    async def end(self) -> None:
        """End the body properly."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def answer(self, asked: Asked, status: int, body: bytes, **more: str) -> None:
        """Send a whole answer."""
        await self.head(asked, status, **{"content_type": "application/json", **more})
        await self.send(body)
        await self.end()

    def reset(self) -> None:
        """Cut the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Fault = Callable[[Line, Asked], AsyncIterator[None]]


async def _good(line: Line, asked: Asked) -> None:
    await line.head(asked)
    await line.send(*asked.pieces())
    await line.end()


async def _begun(line: Line, asked: Asked) -> None:
    """Send the head, and the first half of the answer."""
    await line.head(asked)
    first = asked.pieces()[0]
    await line.send(first if asked.stream else first[: len(first) // 2])
    await asyncio.sleep(0.01)


async def _reset_before(line: Line, asked: Asked) -> None:
    line.reset()


async def _closed_before(line: Line, asked: Asked) -> None:
    line.writer.close()


async def _reset_after_head(line: Line, asked: Asked) -> None:
    await line.head(asked)
    line.reset()


async def _reset_inside(line: Line, asked: Asked) -> None:
    await _begun(line, asked)
    line.reset()


async def _closed_inside(line: Line, asked: Asked) -> None:
    await _begun(line, asked)
    line.writer.close()


async def _stall_before(line: Line, asked: Asked) -> None:
    await asyncio.sleep(_ENDLESS)


async def _stall_inside(line: Line, asked: Asked) -> None:
    await _begun(line, asked)
    await asyncio.sleep(_ENDLESS)


async def _drip(line: Line, asked: Asked) -> None:
    """Byte after byte: a stream is answered in the end, a whole answer is never whole."""
    await line.head(asked)
    for piece in asked.pieces():
        for at in range(0, len(piece), 16):
            await line.send(piece[at : at + 16])
            await asyncio.sleep(0.01)
    while not asked.stream:
        await line.send(b" ")
        await asyncio.sleep(0.2)
    await line.end()


async def _paced(line: Line, asked: Asked) -> None:
    """Answer well, with time between the words."""
    await line.head(asked)
    for piece in asked.pieces():
        await asyncio.sleep(0.03)
        await line.send(piece)
    await line.end()


async def _truncated(line: Line, asked: Asked) -> None:
    """End properly as HTTP has it, in the middle of a record."""
    await _begun(line, asked)
    if asked.stream:
        await line.send(asked.pieces()[1][:20])
    await line.end()


async def _unfinished(line: Line, asked: Asked) -> None:
    """Leave out the end of a stream; of a whole answer, the answer itself."""
    await line.head(asked)
    await line.send(*(asked.pieces()[:2] if asked.stream else [b"{}"]))
    await line.end()


async def _garbage(line: Line, asked: Asked) -> None:
    await line.head(asked)
    await line.send(b"\x00\x01 this is { no JSON ]\n\ndata: neither is this\n\n")
    await line.end()


async def _empty(line: Line, asked: Asked) -> None:
    await line.head(asked)
    await line.end()


async def _html(line: Line, asked: Asked) -> None:
    await line.answer(asked, 200, b"<html><body>Welcome</body></html>", content_type="text/html")


async def _html_error(line: Line, asked: Asked) -> None:
    await line.answer(asked, 502, b"<html><h1>Bad Gateway</h1></html>", content_type="text/html")


def _refused(
    status: int, message: str = "it said no", **headers: str
) -> Callable[[Line, Asked], Any]:
    async def refused(line: Line, asked: Asked) -> None:
        said: Any = message if asked.native else {"message": message, "type": "x"}
        await line.answer(asked, status, json.dumps({"error": said}).encode(), **headers)

    return refused


async def _error_first(line: Line, asked: Asked) -> None:
    await line.head(asked)
    await line.send(asked.error())
    await line.end()


async def _error_inside(line: Line, asked: Asked) -> None:
    if not asked.stream:
        await _refused(500)(line, asked)
        return
    await _begun(line, asked)
    await line.send(asked.error())
    await line.end()


async def _bad_utf8(line: Line, asked: Asked) -> None:
    await line.head(asked)
    await line.send(*(piece.replace(b"token-", b"\xff\xfetoken-") for piece in asked.pieces()))
    await line.end()


async def _redirect(line: Line, asked: Asked) -> None:
    await line.answer(asked, 307, b"", location="http://127.0.0.1:9/elsewhere")


async def _compressed(line: Line, asked: Asked) -> None:
    body = gzip.compress(b"".join(asked.pieces()))
    await line.answer(asked, 200, body, content_encoding="gzip")


async def _no_http(line: Line, asked: Asked) -> None:
    line.writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    await line.writer.drain()
    line.writer.close()


async def _oversize(line: Line, asked: Asked) -> None:
    """One record of more than 16 MB."""
    await line.head(asked)
    with suppress(ConnectionError):
        for _ in range(20):
            await line.send(b"x" * 1024 * 1024)
    await line.end()


FAULTS: dict[str, Callable[[Line, Asked], Any]] = {
    "good": _good,
    "paced": _paced,
    "reset_before": _reset_before,
    "closed_before": _closed_before,
    "reset_after_head": _reset_after_head,
    "reset_inside": _reset_inside,
    "closed_inside": _closed_inside,
    "stall_before": _stall_before,
    "stall_inside": _stall_inside,
    "drip": _drip,
    "truncated": _truncated,
    "unfinished": _unfinished,
    "garbage": _garbage,
    "empty": _empty,
    "html": _html,
    "html_error": _html_error,
    "error_first": _error_first,
    "error_inside": _error_inside,
    "bad_utf8": _bad_utf8,
    "redirect": _redirect,
    "compressed": _compressed,
    "no_http": _no_http,
    "oversize": _oversize,
    "status_400": _refused(400),
    "status_400_long": _refused(400, "the input length exceeds the context length"),
    "status_401": _refused(401),
    "status_404": _refused(404),
    "status_429": _refused(429),
    "status_429_wait": _refused(429, retry_after="7"),
    "status_500": _refused(500),
    "status_503": _refused(503, retry_after="3"),
}
"""What can go wrong, by the model's name that asks for it."""


class Faulty:
    """The server. ``asked`` counts requests by fault; ``working`` are those in work now."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.working = 0
        self.loaded: list[str] = []
        self.open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while not writer.is_closing():
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"content-length: *(\d+)", head.lower())
        raw = await reader.readexactly(int(found[1])) if found else b""
        asked = Asked(head.split(b" ", 2)[1].decode(), json.loads(raw) if raw else {})
        line = Line(writer)
        if asked.path in ("/api/show", "/api/ps", "/api/tags", "/api/version", "/v1/models"):
            models = [{"name": name, "model": name} for name in self.loaded]
            known = {"/api/show": {"capabilities": ["completion"]}, "/api/ps": {"models": models}}
            body = known.get(asked.path, {"version": "0.33.0", "models": [], "data": []})
            asked.stream = False
            await line.answer(asked, 200, json.dumps(body).encode())
            return
        self.asked[asked.fault] += 1
        self.tokens[asked.text] += 1
        self.working += 1
        work = asyncio.ensure_future(FAULTS.get(asked.fault, _good)(line, asked))
        # Whoever leaves closes its side, which ends the read.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
            if not work.done() or gone.done():
                writer.transport.abort()
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self.working -= 1


@contextmanager
def running(port: int = 0) -> Iterator[Faulty]:
    """Run the server in a thread of its own."""
    backend = Faulty()
    with serving_streams(backend.serve, backend.open, port) as backend.url:
        yield backend


if __name__ == "__main__":
    with running(int(sys.argv[1])):
        threading.Event().wait()
