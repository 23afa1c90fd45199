"""Bytes to records and back: NDJSON (Ollama) and server-sent events (OpenAI, Anthropic).

A decoder is fed whatever the network gave and returns the records that are whole by then.
``flush`` says that nothing more will come, and returns a last record that lacks its line end,
as a server may close right after it; whether that one is whole shows when it is read. Network
reads may split anything, a UTF-8 character included, so cutting is done on bytes and only at
line ends.

SSE follows the WHATWG HTML standard, 9.2.5 and 9.2.6, but for three things. An event whose data is
empty or blank is a heartbeat here and left out: no API of this kind says anything by it. The last
event of a stream may lack its blank line, since servers close right after it. And an error that a
server wrote without ``data:``, as one does whose handler of failures knows of no stream, is an
event of that name. NDJSON follows
what Ollama's own client accepts (api/client.go): one JSON value a line, empty lines skipped.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import NamedTuple

from core.errors import InvalidResponse

_ONE_EVENT = re.compile(rb"data: (\{[^\r\n]*+)\n\n")
_END = re.compile(rb'\s*"?\s*\[\s*DONE\s*\]')
# Servers that always stream, and proxies before them, answer so where nobody asked for a stream.
_STREAM = re.compile(rb"\s*(?:(?:data|event|id|retry)?:|\{[^\n]*\}[ \t\r]*\n\s*\{)")

# How a JSON object begins that can only be an error: of OpenAI and most others, of FastAPI, of
# Anthropic, of older vLLM.
_ERROR = re.compile(rb'\{\s*"(?:error|detail|(?:type|object)"\s*:\s*"error)"')

# As numbers, as ``bytes in bytes`` raises an error inside CPython 3.11 and drops it: 500 ns.
LF, CR = b"\n\r"

MAX_RECORD = 16 * 1024 * 1024
"""Bytes that one record may have. Ollama's own client allows 8 MB a line."""


class SSERecord(NamedTuple):
    """One dispatched event: ``event`` is empty where the server named none.

    ``bare`` tells that it stood there without ``data:``, so that no client would have read it.
    """

    data: bytes
    event: bytes = b""
    bare: bool = False


class _Lines:
    """Cuts bytes into lines.

    Half a line waits in a buffer that grows in place, since joining it at every read would
    copy a long line once a read. A record over the limit is an error only at the *next* call:
    the records before it come out first, however the network cut the bytes.
    """

    def __init__(self, *, any_end: bool) -> None:
        self._any_end = any_end
        self._rest = bytearray()
        self._too_long = False
        self._begun = False

    @property
    def is_empty(self) -> bool:
        """Whether no half of a line waits for its other half."""
        return not self._rest and not self._too_long

    def pass_over(self) -> None:
        """Note that whole lines were read elsewhere."""
        self._begun = True

    def refuse(self) -> None:
        """Give up on this stream: a record is too long."""
        self._too_long = True
        self._rest = bytearray()

    def cut(self, data: bytes) -> list[bytes]:
        """Return the lines that ``data`` completes, without their ends."""
        self._check()
        lines = self._split(data)
        if lines and not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(BOM_UTF8)
        # One byte over the limit may be a "\r" whose "\n" is still to come.
        if len(self._rest) > MAX_RECORD + 1:
            self.refuse()
        if len(data) > MAX_RECORD or (lines and len(lines[0]) > MAX_RECORD):
            for index, line in enumerate(lines):
                if len(line) > MAX_RECORD:
                    self.refuse()
                    return lines[:index]
        return lines

    def rest(self) -> bytes:
        """Return the line that has no end."""
        self._check()
        rest = bytes(self._rest)
        if not self._begun:
            rest = rest.removeprefix(BOM_UTF8)
        self._rest = bytearray()
        if self._any_end:
            rest = rest.removesuffix(b"\r")
        if len(rest) > MAX_RECORD:
            self.refuse()
            self._check()
        return rest

    def _split(self, data: bytes) -> list[bytes]:
        mixed = self._any_end and (CR in data or self._rest.endswith(b"\r"))
        if not mixed and LF not in data:
            self._rest += data
            return []
        if self._rest:
            data = bytes(self._rest) + data
        if mixed:
            # A "\r" at the very end may be the first half of "\r\n": it waits.
            end = len(data) - data.endswith(b"\r")
            body = data[:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            lines = body.split(b"\n")
            lines[-1] += data[end:]
        else:
            lines = data.split(b"\n")
        self._rest = bytearray(lines.pop())
        return lines

    def _check(self) -> None:
        if self._too_long:
            raise InvalidResponse(f"the backend sent a record of more than {MAX_RECORD} bytes")


class NDJSONDecoder:
    """Cuts a byte stream into lines. Raises InvalidResponse once a line is over the limit."""

    def __init__(self) -> None:
        self._lines = _Lines(any_end=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for its other half."""
        return self._lines.is_empty

    def decode(self, data: bytes) -> list[bytes]:
        """Return the lines completed by ``data``, without their ends, empty ones left out."""
        return [line for line in self._lines.cut(data) if line and not line.isspace()]

    def flush(self) -> list[bytes]:
        """Return a last line that has no line end."""
        rest = self._lines.rest()
        return [rest] if rest.strip() else []


class SSEDecoder:
    """Cuts a byte stream into server-sent events. Raises InvalidResponse over the limit."""

    def __init__(self) -> None:
        self._lines = _Lines(any_end=True)
        self._data: list[bytes] = []
        self._bare: list[bytes] = []
        self._event = b""
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits for its other half."""
        return self._lines.is_empty and not (self._data or self._bare or self._event)

    def decode(self, data: bytes) -> list[SSERecord]:
        """Return the events completed by ``data``."""
        if self.is_empty:
            event = _ONE_EVENT.fullmatch(data)  # as nearly all come
            if event is not None and len(data) <= MAX_RECORD:
                self._lines.pass_over()
                self._size = 0
                return [SSERecord(event[1])]
        return self._take(self._lines.cut(data))

    def flush(self) -> list[SSERecord]:
        """Return a last event that lacks its blank line."""
        if self.is_empty:
            self._size = 0
            return []
        return self._take([self._lines.rest(), b""])

    def _take(self, lines: list[bytes]) -> list[SSERecord]:
        records: list[SSERecord] = []
        for line in lines:
            if not line:
                if self._data:
                    data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                    if data and not data.isspace():
                        records.append(SSERecord(data, self._event))
                    self._data = []
                records += self._errors()
                self._event = b""
                self._size = 0
            elif line.startswith(b"data:") or line == b"data":
                records += self._errors()
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._data.append(value)
                self._size += len(value)
            elif line.startswith(b"event:"):
                self._event = line[6:].removeprefix(b" ")
            elif self._bare or line.startswith(b"{"):
                self._bare.append(line)
                self._size += len(line)
            # Comments (":"), "id" and "retry" carry nothing for us.
            if self._size > MAX_RECORD:
                self._lines.refuse()
                return records
        return records

    def _errors(self) -> list[SSERecord]:
        """Return the error that lines without a field's name amount to."""
        if not self._bare:
            return []
        data = b"\n".join(self._bare)
        self._bare = []
        return [SSERecord(data, b"error", bare=True)] if _ERROR.match(data) else []


def is_end(data: bytes) -> bool:
    """Tell whether an event's data is OpenAI's word for the end, with or without quotes."""
    return _END.match(data) is not None


def begins_stream(data: bytes) -> bool:
    """Tell whether a body that is no JSON begins as a stream does: an event, or two lines."""
    return _STREAM.match(data.removeprefix(BOM_UTF8)) is not None


def encode_sse(data: bytes, event: bytes = b"") -> bytes:
    """Return one event on the wire. ``data`` must hold no line end, as compact JSON does not."""
    if event:
        return b"event: " + event + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


def enclosed(texts: list[bytes], begin: bytes, end: bytes, *, before: bytes = b"") -> bytes:
    """Return each text between ``begin`` and ``end``, one after another behind ``before``.

    They are copied once: a burst of a stream has thousands of bytes around a word.
    """
    pieces = texts.copy()
    pieces[0] = before + begin + pieces[0]
    pieces[-1] += end
    return (end + begin).join(pieces)
