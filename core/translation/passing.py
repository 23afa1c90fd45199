"""Same dialect on both sides: bytes pass through, with three exceptions.

The client's name for a model may differ from the backend's, so ``model`` is replaced in the
request and put back in the answer; all other bytes stay as they were. A stream that stops
before its end still becomes an error, as it would in a translation; so that this error stands
on a line of its own, half a line waits for its other half. And ``[DONE]`` is added where an
OpenAI server leaves it out.
"""

from __future__ import annotations

import msgspec

from core.errors import DiglotError, InvalidRequest, InvalidResponse
from core.translation.clock import Stamp
from core.translation.events import Finish, StreamError
from core.translation.framing import NDJSONDecoder, SSEDecoder, SSERecord, encode_sse
from core.translation.ollama_stream import is_done
from core.translation.openai_stream import error_in, is_finished, stream_error
from core.translation.reading import JSON_ERRORS, decode_json, decode_mended, encode_json
from core.translation.translate import DIALECTS

__all__ = ["PassThrough", "rename_model"]

_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rename_model(
    body: bytes, model: str, *, key: str = "model", blame: type[DiglotError] = InvalidRequest
) -> bytes:
    """Return ``body`` with its ``model`` replaced and every other value byte for byte as it was.

    ``key`` is where the name stands, if not there.
    """
    try:
        fields = _RAW.decode(body)
    except JSON_ERRORS as exc:
        fields = decode_mended(_RAW, body, exc, blame=blame)
    if key in fields:
        fields[key] = msgspec.Raw(encode_json(model))
    return msgspec.json.encode(fields)


class PassThrough:
    """One stream of one dialect. Has the same face as StreamTranslator."""

    def __init__(self, dialect: str, stamp: Stamp, *, rename: bool) -> None:
        self._encoder = DIALECTS[dialect].encoder(stamp, include_usage=False)
        self._sse = not DIALECTS[dialect].native
        self._model = stamp.model
        self._rename = rename
        self._lines = NDJSONDecoder()
        self._events = SSEDecoder()
        self._held = bytearray()
        self._tail = b"\n\n"
        self._done = False
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.spoke = False

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what may be sent on: the whole lines of ``data`` as they are, or renamed."""
        if self.error is not None:
            return b""
        raw = b"" if self._rename else self._whole_lines(data)
        renamed: list[bytes] = []
        try:
            for record in self._records(data):
                self._look(record)
                if self._rename:
                    renamed.append(self._renamed(record))
                if self.error is not None:
                    raw = raw and self._until(raw, record)
                    break
        except InvalidResponse as exc:
            return b"".join(renamed) + raw + self.fail(exc, now=now)
        return b"".join(renamed) + raw

    def close(self, *, now: int) -> bytes:
        """Return what is left, and the dialect's error event if the stream had no proper end."""
        if self.error is not None:
            return b""
        out = b""
        try:
            left = self._events.flush() if self._sse else self._last_line()
            for record in left:
                if not record.data.startswith(b"[DONE]"):
                    decode_json(record.data, blame=InvalidResponse)
                self._look(record)
                out += self._renamed(record) if self._rename else self._ended_line()
        except InvalidResponse as exc:
            return out + self.fail(exc, now=now)
        if self.error is not None:
            return out
        if self.finish is None:
            early = InvalidResponse("the backend's stream ended before it was done")
            return out + self.fail(early, now=now)
        return out if self._done or not self._sse else out + b"data: [DONE]\n\n"

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the dialect's error event for a failure that came from elsewhere."""
        self.error = StreamError(message=error.message, status=error.status, code=error.code)
        blank = not self._sse or self._tail.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        return (b"" if blank else b"\n") + self._encoder.encode([self.error], now=now)

    def _records(self, data: bytes) -> list[SSERecord]:
        if self._sse:
            return self._events.decode(data)
        return [SSERecord(line) for line in self._lines.decode(data)]

    def _last_line(self) -> list[SSERecord]:
        return [SSERecord(line) for line in self._lines.flush()]

    def _whole_lines(self, data: bytes) -> bytes:
        end = data.rfind(b"\n") + 1
        if not end:
            self._held += data
            return b""
        whole = bytes(self._held) + data[:end] if self._held else data[:end]
        self._held = bytearray(data[end:])
        self._tail = (self._tail + whole)[-4:]
        return whole

    def _ended_line(self) -> bytes:
        """Return the line that has no end, with one: it has turned out to be whole."""
        line, self._held = bytes(self._held), bytearray()
        self._tail = b"\n\n"
        return line + (b"\n\n" if self._sse and line else b"\n")

    def _until(self, raw: bytes, record: SSERecord) -> bytes:
        """Cut off what follows an error: nothing may."""
        start = raw.find(record.data)
        if start < 0:
            # Its own line was sent on before; only the blank line that completes it is new.
            return b"\n"
        end = raw.find(b"\n", start)
        return raw[: end + 1] + (b"\n" if self._sse else b"")

    def _renamed(self, record: SSERecord) -> bytes:
        if not self._sse:
            return rename_model(record.data, self._model, blame=InvalidResponse) + b"\n"
        if record.data.startswith(b"[DONE]"):
            return b"data: [DONE]\n\n"
        renamed = rename_model(record.data, self._model, blame=InvalidResponse)
        return encode_sse(renamed, record.event)

    def _look(self, record: SSERecord) -> None:
        # Only records that can matter are read; all others are just passed on.
        data = record.data
        if self._sse and data.startswith(b"[DONE]"):
            self._done = True
            self.finish = self.finish or Finish()
            return
        if b'"error"' in data or record.event:
            error = error_in(record)
            if error:
                self.error = stream_error(error)
                return
        self.spoke = True
        if not self._sse:
            sign, finished = (b'"done":true', b'"done": true'), is_done
        else:
            sign, finished = (b'"finish_reason":"', b'"finish_reason": "'), is_finished
        if (sign[0] in data or sign[1] in data) and finished(data):
            self.finish = Finish()
