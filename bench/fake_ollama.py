"""A fake backend for speed: Ollama's /api/chat and OpenAI's route, from bytes made in advance.

    python bench/fake_ollama.py --port 11999 --chunks 64 --pause 0.02

The model ``paced`` sends a chunk every ``--pause`` seconds, whose text is the time at which it
was sent (CLOCK_MONOTONIC, ns, which all processes of a machine share); every other model sends
all of its chunks at once. It does as little as a server can, so that what is measured is what
stands in front of it. Nothing in it is used to test behaviour: for that there are recorded
streams and a real Ollama.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any, cast

import uvloop

MODEL = "fake"
PACED = b'"model":"paced"'
TIME = b"%020d"
_CREATED = "2026-01-01T00:00:00.123456789Z"


def dumped(value: Any) -> bytes:
    """Return compact JSON, as both servers write it."""
    return json.dumps(value, separators=(",", ":")).encode()


def native_chunk(text: str) -> bytes:
    """Return one line of a native stream."""
    message = {"role": "assistant", "content": text}
    line = {"model": MODEL, "created_at": _CREATED, "message": message, "done": False}
    return dumped(line) + b"\n"


def native_whole(text: str) -> bytes:
    """Return a whole native answer, or the last line of a stream."""
    return dumped(
        {
            "model": MODEL,
            "created_at": _CREATED,
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": "stop",
            "total_duration": 4_883_583_458,
            "load_duration": 1_334_875,
            "prompt_eval_count": 26,
            "prompt_eval_duration": 342_546_000,
            "eval_count": 64,
            "eval_duration": 4_535_599_000,
        }
    )


def compat_chunk(text: str, reason: str | None = None) -> bytes:
    """Return one event of OpenAI's stream, as Ollama's own /v1 writes it."""
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1767225600,
        "model": MODEL, "system_fingerprint": "fp_ollama", "choices": [choice],
    }  # fmt: skip
    return b"data: " + dumped(chunk) + b"\n\n"


def compat_whole(text: str) -> bytes:
    """Return a whole answer in OpenAI's format."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 26, "completion_tokens": 64, "total_tokens": 90}
    return dumped(
        {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1767225600,
            "model": MODEL, "choices": [choice], "usage": usage,
        }
    )  # fmt: skip


def reply(body: bytes, kind: str = "application/json") -> bytes:
    """Return a whole HTTP answer."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(data: bytes) -> bytes:
    """Return one piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Face:
    """What is said on one route, made once."""

    def __init__(self, kind: str, chunks: list[bytes], end: bytes, timed: bytes, whole: bytes):
        self.head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
            % kind.encode()
        )
        self.end = chunked(end) + b"0\r\n\r\n"
        self.timed = timed
        self.whole = reply(whole)
        self.stream = self.head + chunked(b"".join(chunks) + end) + b"0\r\n\r\n"


def faces(chunks: int) -> dict[bytes, Face]:
    """Return what each route says."""
    texts = [f" word{i}" for i in range(chunks)]
    mark = "T" * 20
    return {
        b"/api/chat": Face(
            "application/x-ndjson",
            [native_chunk(text) for text in texts],
            native_whole("") + b"\n",
            native_chunk(mark),
            native_whole("".join(texts)),
        ),
        b"/v1/chat/completions": Face(
            "text/event-stream",
            [compat_chunk(text) for text in texts],
            compat_chunk("", "stop") + b"data: [DONE]\n\n",
            compat_chunk(mark),
            compat_whole("".join(texts)),
        ),
    }


SMALL = {
    b"/api/version": reply(b'{"version":"0.33.0"}'),
    b"/api/show": reply(b'{"capabilities":["completion","tools"],"model_info":{}}'),
    b"/api/tags": reply(b'{"models":[{"name":"fake:latest","model":"fake:latest","details":{}}]}'),
    b"/api/ps": reply(b'{"models":[]}'),
    b"/api/embed": reply(
        dumped({"model": MODEL, "embeddings": [[0.0625] * 384], "prompt_eval_count": 2})
    ),
}


class Fake(asyncio.Protocol):
    """One connection. ``answered`` counts the requests of all, which /count tells."""

    answered = 0

    def __init__(self, faces: dict[bytes, Face], chunks: int, pause: float) -> None:
        self.faces = faces
        self.chunks = chunks
        self.pause = pause
        self.pieces: list[bytes] = []
        self.missing = 0
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop has a class of its own for it.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        self.missing -= len(data)
        if self.missing > 0:  # a long prompt is not looked at with each of its pieces
            return
        buffer, self.missing = b"".join(self.pieces), 0
        while True:
            head, gap, rest = buffer.partition(b"\r\n\r\n")
            if not gap:
                break
            lower = head.lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if b"expect: 100-continue" in lower:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(rest) < length:
                self.missing = length - len(rest)
                break
            body, buffer = rest[:length], rest[length:]
            self.answer(head.split(b" ", 2)[1], body)
        self.pieces = [buffer] if buffer else []

    def answer(self, path: bytes, body: bytes) -> None:
        face = self.faces.get(path)
        if path == b"/count":
            self.transport.write(reply(b"%d" % Fake.answered))
            return
        if face is None:
            self.transport.write(SMALL.get(path) or reply(b"{}"))
            return
        Fake.answered += 1
        # Some clients write a space after the colon. Only the ends of a long prompt matter.
        ends = (body[:200] + body[-200:]).replace(b" ", b"")
        if b'"stream":true' not in ends:
            self.transport.write(face.whole)
        elif PACED in ends:
            self.transport.write(face.head)
            self.tick(face, 0, self.loop.time())
        else:
            self.transport.write(face.stream)

    def tick(self, face: Face, count: int, due: float) -> None:
        if self.transport.is_closing():
            return
        if count == self.chunks:
            self.transport.write(face.end)
            return
        now = TIME % time.monotonic_ns()
        self.transport.write(chunked(face.timed.replace(b"T" * 20, now, 1)))
        self.loop.call_at(due + self.pause, self.tick, face, count + 1, due + self.pause)


async def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=11999)
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds between paced chunks")
    options = parser.parse_args()
    made = faces(options.chunks)
    server = await asyncio.get_running_loop().create_server(
        lambda: Fake(made, options.chunks, options.pause), "127.0.0.1", options.port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
