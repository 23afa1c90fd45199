"""Same dialect on both sides: bytes pass through, with two exceptions.

The client's name for a model may differ from the backend's, so ``model`` is replaced in the
request and put back in the answer; all other bytes stay as they were. And a stream that stops
before its end still becomes an error, as it would in a translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from core.errors import DiglotError, InvalidRequest, InvalidResponse
from core.translation.clock import Stamp
from core.translation.events import Finish, StreamError
from core.translation.framing import NDJSONDecoder, SSEDecoder, encode_sse
from core.translation.reading import decode_json, encode_json
from core.translation.translate import DIALECTS

__all__ = ["PassThrough", "rename_model"]

_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rename_model(body: bytes, model: str, *, blame: type[DiglotError] = InvalidRequest) -> bytes:
    """Return ``body`` with its ``model`` replaced and every other value byte for byte as it was."""
    try:
        fields = _RAW.decode(body)
    except (msgspec.DecodeError, UnicodeError) as exc:
        raise blame(f"the body is not a JSON object: {exc}") from exc
    if "model" in fields:
        fields["model"] = msgspec.Raw(encode_json(model))
    return msgspec.json.encode(fields)


class PassThrough:
    """One stream of one dialect. Has the same face as StreamTranslator."""

    def __init__(self, dialect: str, stamp: Stamp, *, rename: bool) -> None:
        self._encoder = DIALECTS[dialect].encoder(stamp, include_usage=False)
        self._sse = dialect == "openai"
        self._model = stamp.model
        self._rename = rename
        self._lines = NDJSONDecoder()
        self._events = SSEDecoder()
        self._ended = False
        self.error: StreamError | None = None
        self.finish: Finish | None = None
        self.spoke = False

    def feed(self, data: bytes, *, now: int) -> bytes:
        """Return what may be sent on: ``data`` itself unless the model's name is replaced."""
        if self.error is not None:
            return b""
        try:
            records = self._records(data)
        except InvalidResponse as exc:
            return self.fail(exc, now=now)
        out = [self._pass(record, now) for record in records]
        if self._rename:
            return b"".join(out)
        return data

    def close(self, *, now: int) -> bytes:
        """Return the dialect's error event if the stream had no proper end."""
        if self._sse:
            left = [record.data for record in self._events.flush()]
        else:
            left = self._lines.flush()
        out = b"".join([self._pass(record, now) for record in left]) if left else b""
        if self._ended or self.error is not None:
            return out if self._rename else b""
        return self.fail(InvalidResponse("the backend's stream ended before it was done"), now=now)

    def fail(self, error: DiglotError, *, now: int) -> bytes:
        """Return the dialect's error event for a failure that came from elsewhere."""
        self.error = StreamError(message=error.message, status=error.status, code=error.code)
        return self._encoder.encode([self.error], now=now)

    def _records(self, data: bytes) -> list[bytes]:
        if self._sse:
            return [record.data for record in self._events.decode(data)]
        return self._lines.decode(data)

    def _pass(self, record: bytes, now: int) -> bytes:
        if self._sse and record == b"[DONE]":
            self._ended = True
            return b"data: [DONE]\n\n"
        self._look(record)
        if not self._rename:
            return b""
        try:
            renamed = rename_model(record, self._model, blame=InvalidResponse)
        except InvalidResponse as exc:
            return self.fail(exc, now=now)
        return encode_sse(renamed) if self._sse else renamed + b"\n"

    def _look(self, record: bytes) -> None:
        # Only records that can matter are read; all others are just passed on.
        if b'"error"' in record and self.error is None:
            body = _object(record)
            if body.get("error") is not None and "choices" not in body and "done" not in body:
                error = body["error"]
                message = error.get("message") if isinstance(error, dict) else error
                self.error = StreamError(message=str(message))
                return
        self.spoke = True
        if not self._sse and b'"done":true' in record.replace(b" ", b""):
            self._ended = bool(_object(record).get("done"))


def _object(record: bytes) -> Mapping[str, Any]:
    try:
        body = decode_json(record)
    except DiglotError:
        return {}
    return body if isinstance(body, dict) else {}
