"""OpenAI's server-sent streams of POST /v1/completions, read and written.

The same frames as a chat's, with ``text`` instead of a delta. The finish reason comes on a
chunk of its own with an empty text.
"""

from __future__ import annotations

from typing import Any

from core.translation.codec.framing import encode_sse
from core.translation.codec.json import encode_json
from core.translation.dialects.openai import chat_stream
from core.translation.dialects.openai.chat import dump_usage
from core.translation.dialects.openai.chat_stream import error_body
from core.translation.dialects.openai.completions import (
    dump_logprobs,
    dump_reason,
    echoed,
    read_choice,
)
from core.translation.events import Event, Finish, MessageStart, StreamError, TextDelta
from core.translation.stamp import Stamp


class StreamDecoder(chat_stream.StreamDecoder):
    """Bytes of a completion's stream to events: a chat's stream in all but what a choice says."""

    def _choice(self, choice: dict[str, Any], events: list[Event]) -> None:
        text, logprobs = read_choice(choice)
        if text or logprobs:
            events.append(TextDelta(text, logprobs))
        self._end_at(choice)


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
