"""A backend that takes the steps that a model's name asks for, byte for byte."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.backends.fleet import Fleet
from core.gateway.app import create_app
from core.gateway.endpoints.direct import DirectAnswer
from core.gateway.origins import OriginGuard
from core.gateway.telemetry.metrics import Metrics
from tests.support.programs import until
from tests.support.sockets import serving_streams
from tests.support.threads import serving_app

WORD = b'{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"%b"},"done":false}\n'  # noqa: E501
DONE = b'{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}\n'  # noqa: E501
WHOLE = DONE.replace(b'"content":""', b'"content":"hello \xe7\x81\xaf"').strip()
EVENT = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"finish_reason":null}]}\n\n'  # noqa: E501
END = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\ndata: [DONE]\n\n'  # noqa: E501
CHAT = b'{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'  # noqa: E501
EMBEDDED = b'{"model":"m","embeddings":[[0.5,1.5]],"prompt_eval_count":3}'

STALL, CLOSE, RESET, FLOODS = "stall", "close", "reset", "flood"
FLOOD = 60_000
Step = bytes | float | str


def head(more: str = "", status: str = "200 OK", kind: str = "application/x-ndjson") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}\r\n".encode()


def sized(body: bytes, more: str = "", status: str = "200 OK") -> bytes:
    return head(f"content-length: {len(body)}\r\n{more}", status, "application/json") + body


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


CHUNKS = head("transfer-encoding: chunked\r\n")
EVENTS = head("transfer-encoding: chunked\r\n", kind="text/event-stream")
LAST = b"0\r\n\r\n"
HE, LLO = WORD % b"he", WORD % b"llo"
LONG = WORD % (b"word " * 200)

SCRIPTS: dict[str, list[Step]] = {
    # What goes well.
    "whole": [sized(WHOLE)],
    "whole-chunked": [CHUNKS + chunked(WHOLE[:20], WHOLE[20:]) + LAST],
    "whole-slowly": [sized(WHOLE)[:90], 0.02, sized(WHOLE)[90:150], 0.02, sized(WHOLE)[150:]],
    "whole-until-closed": [head() + WHOLE, CLOSE],
    "whole-large": [sized(WHOLE.replace(b"hello", b"x" * 700_000))],
    "whole-and-close": [sized(WHOLE, "connection: close\r\n"), CLOSE],
    "burst": [CHUNKS + chunked(HE, LLO, DONE) + LAST],
    "stream": [CHUNKS, 0.02, chunked(HE), 0.02, chunked(LLO), 0.02, chunked(DONE), 0.02, LAST],
    "stream-in-parts": [CHUNKS + chunked(HE)[:30], 0.02, chunked(HE)[30:] + chunked(LLO)[:9], 0.02,
                        chunked(LLO)[9:] + chunked(DONE) + LAST],
    "stream-half-lines": [CHUNKS, 0.01, chunked(HE[:50]), 0.02, chunked(HE[50:] + LLO), 0.01,
                          chunked(DONE) + LAST],
    "stream-until-closed": [head() + HE, 0.02, DONE, CLOSE],
    "stream-flood": [CHUNKS, FLOODS, chunked(DONE) + LAST],
    "stream-large": [CHUNKS, *[chunked(LONG) for _ in range(600)], chunked(DONE) + LAST],
    "extensions-trailers": [CHUNKS + b'%x;a=b;c="d"\r\n%b\r\n' % (len(HE), HE) + chunked(DONE),
                            b"0\r\nx-trailer: a\r\n\r\n"],
    "continued": [b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, sized(WHOLE)],
    "hints": [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + sized(WHOLE)],
    "http10": [sized(WHOLE).replace(b"HTTP/1.1", b"HTTP/1.0"), CLOSE],
    "two-answers": [sized(WHOLE) + sized(b'{"model":"other"}')],
    "events": [EVENTS + chunked(EVENT), 0.02, chunked(EVENT, END) + LAST],
    "events-burst": [EVENTS + chunked(EVENT, EVENT, END) + LAST],
    "chat": [sized(CHAT)],
    "chat-for-stream": [sized(CHAT)],
    "embedded": [sized(EMBEDDED)],
    # What does not.
    "refused-400": [sized(b'{"error":"bad option"}', status="400 Bad Request")],
    "missing-404": [sized(b'{"error":"model not found"}', status="404 Not Found")],
    "broken-500": [sized(b'{"error":"oops at http://127.0.0.1:9"}', status="500 X")],
    "busy-429": [sized(b'{"error":"slow"}', "retry-after: 1\r\n", "429 X")],
    "error-slowly": [sized(b'{"error":"oops"}', status="500 X")[:60], 0.02,
                     sized(b'{"error":"oops"}', status="500 X")[60:]],
    "moved": [sized(b"", "location: http://other/\r\n", "302 Found")],
    "gzipped": [sized(b"\x1f\x8b1234", "content-encoding: gzip\r\n")],
    "identity": [sized(WHOLE, "content-encoding: identity\r\n")],
    "nothing": [sized(b"")],
    "no-json": [sized(b"<html>")],
    "unfinished": [CHUNKS + chunked(HE) + LAST],
    "unfinished-slowly": [CHUNKS + chunked(HE), 0.03, LAST],
    "empty-stream": [CHUNKS + LAST],
    "error-first": [CHUNKS + chunked(b'{"error":"out of memory"}\n') + LAST],
    "error-first-slowly": [CHUNKS, 0.02, chunked(b'{"error":"out of memory"}\n'), 0.02, LAST],
    "error-inside": [CHUNKS + chunked(HE), 0.03, chunked(b'{"error":"out of memory"}\n') + LAST],
    "error-at-once": [CHUNKS + chunked(HE, b'{"error":"at http://127.0.0.1:9"}\n') + LAST],
    "garbage-inside": [CHUNKS + chunked(HE), 0.03, chunked(b"garbage\n"), 0.03, LAST],
    "no-http": [b"hello there\r\n\r\n"],
    "no-chunk": [CHUNKS + chunked(HE), 0.03, b"zz\r\n"],
    "no-chunk-at-once": [CHUNKS + chunked(HE) + b"zz\r\n"],
    "long-head": [b"HTTP/1.1 200 OK\r\n" + b"x-a: " + b"a" * 70_000 + b"\r\n\r\n"],
    "closed-before": [CLOSE],
    "closed-after-head": [CHUNKS, 0.02, CLOSE],
    "closed-inside": [CHUNKS + chunked(HE), 0.03, CLOSE],
    "closed-inside-whole": [sized(WHOLE)[:-5], 0.02, CLOSE],
    "reset-before": [RESET],
    "reset-inside": [CHUNKS + chunked(HE), 0.05, RESET],
    "too-much": [sized(WHOLE)[:-5] + b" " * 5 + b"more than was said"],
    "stall-before": [STALL],
    "stall-inside": [CHUNKS + chunked(HE), STALL],
    "stall-inside-whole": [sized(WHOLE)[:-5], STALL],
}  # fmt: skip

CONFIG = """
model_list:
  - {{model_name: "one/*", litellm_params: {{model: "ollama/*", api_base: "{url}", timeout: 1}}}}
  - {{model_name: "two/*", litellm_params: {{model: "ollama/*", api_base: "{url}", timeout: 1,
     order: 1}}}}
  - {{model_name: "two/*", litellm_params: {{model: "ollama/whole", api_base: "{url}"}}}}
  - {{model_name: "open/*", litellm_params: {{model: "openai/*", api_base: "{url}/v1",
     timeout: 1}}}}
router_settings: {{disable_cooldowns: true}}
"""


class Backend:
    """Takes the steps that the model's name asks for."""

    def __init__(self) -> None:
        self.url = ""
        self.writers: set[asyncio.StreamWriter] = set()
        self.asked: list[tuple[str, bytes]] = []
        self.left = threading.Event()
        # Of a flood: the words that were sent, and whether there was no room for the next.
        self.sent = 0
        self.waits = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while True:
                top = await reader.readuntil(b"\r\n\r\n")
                found = re.search(rb"content-length: (\d+)", top)
                body = await reader.readexactly(int(found[1]) if found else 0)
                if not body or b"/api/show" in top:
                    # What the gateway asks for itself.
                    writer.write(sized(b'{"capabilities":["completion"],"model_info":{}}'))
                    continue
                self.asked.append((top.split(b" ")[1].decode(), body))
                name = str(json.loads(body)["model"]).removesuffix(":latest")
                for step in SCRIPTS[name]:
                    await self._take(step, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def _take(
        self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif step == FLOODS:
            for self.sent in range(1, FLOOD + 1):
                writer.write(chunked(LONG))
                drained = asyncio.ensure_future(writer.drain())
                _, late = await asyncio.wait([drained], timeout=2)
                self.waits = self.waits or bool(late)
                await drained
        elif step == STALL:
            await reader.readexactly(1)
        else:
            if step == RESET:
                made = writer.get_extra_info("socket")
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                writer.close()
            raise ConnectionResetError


class Place(NamedTuple):
    """A gateway before such a backend, and what it has counted."""

    url: str
    fleet: Fleet
    backend: Backend
    metrics: Metrics

    def idle(self) -> None:
        """Wait until nothing is in work any more."""
        loads = self.fleet.loads
        until(lambda: not any(load.in_flight or load.host.in_flight for load in loads))
        until(lambda: not self.metrics.in_flight)


@contextmanager
def serving_place(folder: Path) -> Iterator[Place]:
    """Serve both until the block ends."""
    backend = Backend()
    path = folder / "config.yaml"
    with serving_streams(backend.serve, backend.writers) as backend.url:
        path.write_text(CONFIG.format(url=backend.url))
        fleet = Fleet(path)
        app = create_app(fleet)
        guard: Any = app
        while not isinstance(guard, OriginGuard):
            guard = guard._app  # noqa: SLF001
        with serving_app(app) as url:
            yield Place(url, fleet, backend, guard._metrics)  # noqa: SLF001


def noted_ends(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that is told how requests end that began without a task."""
    ends: list[str] = []

    def noting(name: str, word: str) -> None:
        usual: Callable[..., None] = getattr(DirectAnswer, name)

        def noted(self: DirectAnswer, *args: Any) -> None:
            if not self._left:
                ends.append(word)
            usual(self, *args)

        monkeypatch.setattr(DirectAnswer, name, noted)

    noting("_over", "over")
    noting("_hand_over", "handed over")
    return ends
