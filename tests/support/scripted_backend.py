"""A backend that gives the answers a test scripts, over a real socket.

For faults that no real server produces on demand: truncated answers, silence, garbage.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.sockets import serving_streams

SHOWN = {"capabilities": ["completion", "tools", "thinking"], "model_info": {}}
PLAIN = {"capabilities": ["completion"], "model_info": {}}


@dataclass
class Said:
    """One answer: pieces of a body, sent ``pause`` seconds apart; ``cut`` closes without an end."""

    pieces: list[bytes]
    status: int = 200
    content_type: str = "application/json"
    pause: float = 0.0
    cut: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class Scripted:
    """Answers by path; records the requests, and how many answers were abandoned."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Said]] = {}
        self.minds: dict[str, Callable[[dict[str, Any]], Said]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.heads: list[str] = []
        self.raw: list[bytes] = []
        self.left = threading.Event()
        self.url = ""
        self.open: set[asyncio.StreamWriter] = set()

    def says(self, path: str, *answers: Said) -> None:
        """Answer requests of ``path`` with these in turn; the last one is repeated."""
        self.answers[path] = list(answers)

    def thinks(self, path: str, mind: Callable[[dict[str, Any]], Said]) -> None:
        """Answer each request of ``path`` with ``mind(body)``."""
        self.minds[path] = mind

    def json(self, path: str, *bodies: Any, status: int = 200) -> None:
        """Answer requests of ``path`` with JSON bodies."""
        self.says(path, *(Said([json.dumps(body).encode()], status=status) for body in bodies))

    def lines(self, path: str, lines: Iterable[Any], **more: Any) -> None:
        """Answer with an NDJSON stream, a piece a line."""
        pieces = [json.dumps(line).encode() + b"\n" for line in lines]
        self.says(path, Said(pieces, content_type="application/x-ndjson", **more))

    def events(self, path: str, events: Iterable[Any], **more: Any) -> None:
        """Answer with server-sent events, a piece an event; a str is sent as it is."""
        pieces = [
            b"data: " + (e.encode() if isinstance(e, str) else json.dumps(e).encode()) + b"\n\n"
            for e in events
        ]
        self.says(path, Said(pieces, content_type="text/event-stream", **more))

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """Return the bodies of the requests for ``path``."""
        return [body for asked, body in self.asked if asked == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.transport.abort()
            with suppress(Exception):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            ),
            0,
        )
        raw = await reader.readexactly(length)
        self.heads.append(head.decode())
        self.raw.append(raw)
        self.asked.append((path, json.loads(raw) if raw else {}))
        if path in self.minds:
            return await self._say(self.minds[path](self.asked[-1][1]), reader, writer)
        queue = self.answers.get(path) or [Said([b'{"error":"no such path"}'], status=404)]
        said = queue.pop(0) if len(queue) > 1 else queue[0]
        return await self._say(said, reader, writer)

    async def _say(
        self, said: Said, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        extra = "".join(f"{name}: {value}\r\n" for name, value in said.headers.items())
        writer.write(
            f"HTTP/1.1 {said.status} X\r\ncontent-type: {said.content_type}\r\n{extra}"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        for piece in said.pieces:
            if said.pause:
                # A client that leaves closes its side, which ends the read.
                try:
                    gone = await asyncio.wait_for(reader.read(1), said.pause)
                except TimeoutError:
                    gone = b"still there"
                if gone == b"":
                    self.left.set()
                    return False
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        if said.cut:
            writer.close()
            await writer.wait_closed()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@contextmanager
def running() -> Iterator[Scripted]:
    """Run a scripted backend in a thread of its own."""
    backend = Scripted()
    backend.json("/api/show", SHOWN)
    backend.json("/api/version", {"version": "0.33.0"})
    with serving_streams(backend.serve, backend.open) as backend.url:
        yield backend
