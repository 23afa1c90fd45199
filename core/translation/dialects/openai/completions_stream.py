"""OpenAI's server-sent streams of POST /v1/completions, read and written.

The same frames as a chat's, with ``text`` instead of a delta. The finish reason comes on a
chunk of its own with an empty text.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import InvalidResponse
from core.translation.codec.framing import SSEDecoder, SSERecord, encode_sse
from core.translation.codec.json import JSON_ERRORS, decode_mended, encode_json
from core.translation.dialects.openai.chat import (
    dump_usage,
    parse_reason,
    parse_timings,
    parse_usage,
)
from core.translation.dialects.openai.chat_stream import error_body, error_in, stream_error
from core.translation.dialects.openai.completions import (
    dump_logprobs,
    dump_reason,
    echoed,
    parse_logprobs,
)
from core.translation.dialects.shared.stream_decoder import EventDecoder
from core.translation.events import Event, Finish, MessageStart, StreamError, TextDelta
from core.translation.messages import Timings, Usage
from core.translation.stamp import Stamp

__all__ = ["StreamDecoder", "StreamEncoder"]


class _Choice(msgspec.Struct):
    index: int | None = 0
    text: str | None = ""
    finish_reason: str | None = None
    logprobs: Any = None


class _Chunk(msgspec.Struct):
    model: str | None = ""
    choices: list[_Choice] | None = None
    usage: Any = None
    timings: Any = None
    error: Any = None


_CHUNKS = msgspec.json.Decoder(_Chunk)


class StreamDecoder(EventDecoder[SSERecord]):
    """Bytes of a completion's stream to events; ends as a chat's stream does."""

    unfinished = "the backend's stream ended before it was done (no finish reason)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)
        self._started = False
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._timings: Timings | None = None

    def read(self, record: SSERecord, events: list[Event]) -> None:
        """Append what one server-sent event says."""
        if record.data.startswith(b"[DONE]"):
            events.append(self._finish())
            return
        try:
            chunk = _CHUNKS.decode(record.data)
        except JSON_ERRORS as exc:
            chunk = decode_mended(_CHUNKS, record.data, exc)
        if chunk.error or chunk.choices is None or record.event:
            error = error_in(record)
            if error is not None:
                events.append(stream_error(error))
                return
        if not self._started:
            self._started = True
            events.append(MessageStart(chunk.model or ""))
        if chunk.usage is not None:
            self._usage = parse_usage(chunk.usage)
        if chunk.timings is not None:
            self._timings = parse_timings(chunk.timings)
        for choice in chunk.choices or ():
            if choice.index:
                continue
            logprobs = parse_logprobs(choice.logprobs)
            if choice.text or logprobs:
                events.append(TextDelta(choice.text or "", logprobs))
            self._reason = choice.finish_reason or self._reason

    def end(self) -> Finish | None:
        """Return the end that a finish reason without ``[DONE]`` amounts to."""
        return self._finish() if self._reason else None

    def _finish(self) -> Finish:
        if not self._started:
            raise InvalidResponse("the backend's stream ended without any answer")
        reason = parse_reason(self._reason, called=False)
        return Finish(reason=reason, usage=self._usage, timings=self._timings)


class StreamEncoder:
    """Events to bytes of a completion's stream. Thinking and calls have no place in it."""

    def __init__(self, stamp: Stamp, *, include_usage: bool = False) -> None:
        self._include_usage = include_usage
        self._head = b'{"id":"cmpl-%b","object":"text_completion","created":%d,"model":%b,' % (
            stamp.id.encode(),
            stamp.created // 1_000_000_000,
            encode_json(stamp.model),
        )
        self._end = b',"usage":null}' if include_usage else b"}"
        self._echo = echoed(stamp)
        self._offset = len(self._echo)

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the bytes for ``events``. ``now`` is unused: a stream has one ``created``."""
        del now
        return b"".join([self._event(event) for event in events])

    def _event(self, event: Event) -> bytes:
        match event:
            case MessageStart():
                return self._chunk(self._echo) if self._echo else b""
            case TextDelta():
                logprobs = b"null"
                if event.logprobs:
                    logprobs = encode_json(dump_logprobs(event.logprobs, self._offset))
                self._offset += len(event.text)
                return self._chunk(event.text, logprobs)
            case Finish():
                reason = b'"%b"' % dump_reason(event.reason).encode()
                pieces = [self._chunk("", reason=reason)]
                if self._include_usage and event.usage is not None:
                    usage = encode_json(dump_usage(event.usage))
                    pieces.append(encode_sse(self._head + b'"choices":[],"usage":' + usage + b"}"))
                return b"".join([*pieces, b"data: [DONE]\n\n"])
            case StreamError():
                return encode_sse(encode_json({"error": error_body(event)}))
            case _:
                return b""

    def _chunk(self, text: str, logprobs: bytes = b"null", reason: bytes = b"null") -> bytes:
        choice = b'"choices":[{"index":0,"text":%b,"logprobs":%b,"finish_reason":%b}]'
        return encode_sse(self._head + choice % (encode_json(text), logprobs, reason) + self._end)
