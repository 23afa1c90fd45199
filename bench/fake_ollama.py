"""A fake backend for speed: Ollama's /api/chat and OpenAI's route, from bytes made in advance.

    python bench/fake_ollama.py --port 11999 --chunks 64 --pause 0

It does as little as a server can, so that what is measured is what stands in front of it.
Nothing in it is used to test behaviour: for that there are recorded streams and a real Ollama.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import cast

import uvloop

MODEL = "fake"


def native_chunks(count: int) -> list[bytes]:
    """Return the lines of a native stream."""
    lines = [
        {
            "model": MODEL,
            "created_at": "2026-01-01T00:00:00.123456789Z",
            "message": {"role": "assistant", "content": f" word{i}"},
            "done": False,
        }
        for i in range(count)
    ]
    return [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines] + [
        native_whole("") + b"\n"
    ]


def native_whole(text: str) -> bytes:
    """Return a whole native answer."""
    return json.dumps(
        {
            "model": MODEL,
            "created_at": "2026-01-01T00:00:00.123456789Z",
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": "stop",
            "total_duration": 4_883_583_458,
            "load_duration": 1_334_875,
            "prompt_eval_count": 26,
            "prompt_eval_duration": 342_546_000,
            "eval_count": 64,
            "eval_duration": 4_535_599_000,
        },
        separators=(",", ":"),
    ).encode()


def reply(body: bytes, kind: str = "application/json") -> bytes:
    """Return a whole HTTP answer."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(data: bytes) -> bytes:
    """Return one piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
)
SHOWN = b'{"capabilities":["completion","tools"],"model_info":{}}'
TAGS = b'{"models":[{"name":"fake:latest","model":"fake:latest","details":{}}]}'


class Fake(asyncio.Protocol):
    """One connection."""

    def __init__(self, chunks: int, pause: float) -> None:
        self.lines = native_chunks(chunks)
        self.pause = pause
        self.stream = STREAM_HEAD + chunked(b"".join(self.lines)) + b"0\r\n\r\n"
        self.whole = reply(native_whole(" word" * chunks))
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has a class of its own for it.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, gap, rest = self.buffer.partition(b"\r\n\r\n")
            if not gap:
                return
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(rest) < length:
                return
            body, self.buffer = rest[:length], rest[length:]
            self.answer(head.split(b" ", 2)[1], body)

    def answer(self, path: bytes, body: bytes) -> None:
        if path == b"/api/version":
            self.transport.write(reply(b'{"version":"0.33.0"}'))
        elif path == b"/api/show":
            self.transport.write(reply(SHOWN))
        elif path == b"/api/tags":
            self.transport.write(reply(TAGS))
        elif b'"stream":false' in body.replace(b" ", b""):
            self.transport.write(self.whole)
        elif self.pause:
            self.task = asyncio.ensure_future(self.drip())
        else:
            self.transport.write(self.stream)

    async def drip(self) -> None:
        self.transport.write(STREAM_HEAD)
        for line in self.lines:
            self.transport.write(chunked(line))
            await asyncio.sleep(self.pause)
        self.transport.write(b"0\r\n\r\n")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=11999)
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between chunks")
    options = parser.parse_args()
    server = await asyncio.get_running_loop().create_server(
        lambda: Fake(options.chunks, options.pause), "127.0.0.1", options.port
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
