"""Bytes to records and back: NDJSON (Ollama) and server-sent events (OpenAI, Anthropic).

A decoder is fed whatever the network gave and returns the records that are whole by then.
``flush`` says that nothing more will come: half a record left over is an error, never
dropped. Network reads may split anything, a UTF-8 character included, so cutting is done on
bytes and only at line ends.

SSE follows the WHATWG HTML standard, 9.2.6, as far as servers of this kind use it: ``data``
and ``event`` fields, comments, ``\\n``, ``\\r\\n`` and ``\\r`` line ends. NDJSON follows what
Ollama's own client accepts (api/client.go): one JSON value a line, empty lines skipped.
"""

from __future__ import annotations

from typing import NamedTuple

from core.errors import InvalidResponse

__all__ = ["MAX_RECORD", "NDJSONDecoder", "SSEDecoder", "SSERecord", "encode_sse"]

MAX_RECORD = 16 * 1024 * 1024
"""Bytes that one record may have. Ollama's own client allows 8 MB a line."""


class SSERecord(NamedTuple):
    """One dispatched event: ``event`` is empty where the server named none."""

    data: bytes
    event: bytes = b""


class NDJSONDecoder:
    """Cuts a byte stream into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes) -> list[bytes]:
        """Return the lines completed by ``data``, without their ends, empty ones left out."""
        if self._rest:
            data = self._rest + data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_RECORD:
            raise InvalidResponse(f"the backend sent a line of more than {MAX_RECORD} bytes")
        return [line for line in lines if line and not line.isspace()]

    def flush(self) -> list[bytes]:
        """Return a last line that has no line end, as a server may close right after it."""
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip() else []


class SSEDecoder:
    """Cuts a byte stream into server-sent events."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._event = b""
        self._size = 0

    def decode(self, data: bytes) -> list[SSERecord]:
        """Return the events completed by ``data``."""
        if self._rest:
            data = self._rest + data
        if b"\r" in data:
            return self._decode_any_line_end(data)
        lines = data.split(b"\n")
        self._rest = lines.pop()
        return self._take(lines)

    def flush(self) -> list[SSERecord]:
        """Return a last event that lacks its blank line, as a server may close right after it."""
        rest, self._rest = self._rest, b""
        return self._take([rest.rstrip(b"\r"), b""])

    def _decode_any_line_end(self, data: bytes) -> list[SSERecord]:
        # A "\r" at the very end may be the first half of "\r\n": it waits for the next read.
        held = b"\r" if data.endswith(b"\r") else b""
        body = data[: len(data) - len(held)]
        lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        return self._take(lines)

    def _take(self, lines: list[bytes]) -> list[SSERecord]:
        records: list[SSERecord] = []
        for line in lines:
            if not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    records.append(SSERecord(data, self._event))
                    self._data = []
                    self._size = 0
                self._event = b""
            elif line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._data.append(value)
                self._size += len(value)
            elif line.startswith(b"event:"):
                self._event = line[6:].strip()
            # Comments (":"), "id:" and "retry:" carry nothing for us.
        if len(self._rest) + self._size > MAX_RECORD:
            raise InvalidResponse(f"the backend sent an event of more than {MAX_RECORD} bytes")
        return records


def encode_sse(data: bytes, event: bytes = b"") -> bytes:
    """Return one event on the wire. ``data`` must hold no line end, as compact JSON does not."""
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
