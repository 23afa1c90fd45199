"""Anthropic's server-sent streams of POST /v1/messages, read and written.

A message_start, then blocks one after the other (start, deltas, stop), a message_delta with the
stop reason and the counts, and message_stop. A block is closed before the next is opened.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidResponse
from core.translation.codec.framing import SSEDecoder, SSERecord, enclosed, encode_sse
from core.translation.codec.json import (
    decode_json,
    encode_json,
    read_count,
    read_field,
    read_object,
)
from core.translation.dialects.anthropic.answer_blocks import AnswerBlocks
from core.translation.dialects.anthropic.messages import (
    dump_end,
    dump_usage,
    error_status,
    error_type,
    error_words,
    parse_usage,
)
from core.translation.dialects.shared.answers.call_order import CallOrder
from core.translation.dialects.shared.answers.finish_reasons import read_reason, read_stop
from core.translation.dialects.shared.answers.stream_decoder import EventDecoder
from core.translation.dialects.shared.errors import error_in, stream_error
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.messages import Usage
from core.translation.stamp import Stamp


class StreamDecoder(EventDecoder[SSERecord]):
    """Bytes of an Anthropic stream to events."""

    unfinished = "the backend's stream ended before it was done (no message_stop)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)
        self._usage: dict[str, Any] = {}
        self._reason: Any = None
        self._stop = ""
        self._blocks = AnswerBlocks(ids=ids)

    def read(self, record: SSERecord, events: list[Event]) -> None:
        """Append what one server-sent event says; pings and signatures say nothing."""
        body = _object(decode_json(record.data, blame=InvalidResponse), "")
        place = read_count(body.get("index"))
        match "error" if record.event == b"error" else body.get("type"):
            case "message_start":
                message = _object(body.get("message"), "message")
                self._count(message.get("usage"))
                events.append(MessageStart(read_field(message, "model", "", blame=InvalidResponse)))
            case "content_block_start":
                events += self._blocks.start(place, body.get("content_block"))
            case "content_block_delta":
                events += self._blocks.add(place, body.get("delta"))
            case "content_block_stop":
                events += self._blocks.stop(place)
            case "message_delta":
                delta = _object(body.get("delta") or {}, "delta")
                self._reason = delta.get("stop_reason") or self._reason
                self._stop = read_stop(delta) or self._stop
                self._count(body.get("usage"))
            case "message_stop":
                events += self._blocks.end()
                reason = read_reason(self._reason, called=bool(self._blocks))
                usage = parse_usage(self._usage)
                events.append(Finish(reason=reason, stop=self._stop, usage=usage))
            case "error":
                error = error_in(record)
                status = error_status(error.get("type") if isinstance(error, dict) else None)
                events.append(StreamError(message=stream_error(error).message, status=status))

    def _count(self, usage: Any) -> None:
        # Counts are cumulative; a later null says nothing.
        if isinstance(usage, dict):
            self._usage |= {name: count for name, count in usage.items() if count is not None}


def _object(value: Any, path: str) -> dict[str, Any]:
    return read_object(value, path, blame=InvalidResponse)


_TEXT_BLOCK = {"type": "text", "text": ""}
_TEXT = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,'
    b'"delta":{"type":"text_delta","text":"'
)
_TEXT_END = b'"}}\n\n'


class StreamEncoder:
    """Events to bytes of an Anthropic stream.

    The counts come at the end, where backends give them: the start says 0, and clients take
    the later figures.
    """

    def __init__(self, stamp: Stamp, *, include_usage: bool = True) -> None:
        del include_usage  # the counts are always said here
        self._stamp = stamp
        self._index = -1
        self._open: tuple[str, int] | None = None
        self._order = CallOrder()

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the bytes for ``events``. ``now`` is unused: nothing is dated here."""
        del now
        return b"".join(
            [self._event(ready) for event in events for ready in self._order.take(event)]
        )

    @property
    def may_splice(self) -> bool:
        """Whether no call stands in the way of a text."""
        return self._order.is_idle

    def splice(self, texts: list[bytes], *, first: bool, now: int) -> bytes:
        """Return events for texts that are at hand as the insides of JSON strings."""
        del now
        begin = self._begin() if first else b""
        opened = self._block("text", -1, _TEXT_BLOCK)
        return enclosed(texts, _TEXT % self._index, _TEXT_END, before=begin + opened)

    def splice_one(self, text: bytes, *, now: int) -> bytes:
        """Return the event for a text after another, the inside of a JSON string."""
        del now
        return b"%b%b%b" % (_TEXT % self._index, text, _TEXT_END)

    def _event(self, event: Event) -> bytes:
        match event:
            case MessageStart():
                return self._begin()
            case TextDelta():
                if not event.text:
                    return b""
                delta = {"type": "text_delta", "text": event.text}
                return self._block("text", -1, _TEXT_BLOCK) + self._said(delta)
            case ThinkingDelta():
                delta = {"type": "thinking_delta", "thinking": event.text}
                block = {"type": "thinking", "thinking": "", "signature": ""}
                return self._block("thinking", -1, block) + self._said(delta)
            case ToolCallDelta():
                return self._called(event)
            case Finish():
                return self._close() + self._end(event)
            case StreamError():
                error = {
                    "type": error_type(event.status),
                    "message": error_words(event.message, event.code),
                }
                return _sse("error", {"error": error})

    def _begin(self) -> bytes:
        message: dict[str, Any] = {
            "id": f"msg_{self._stamp.id}",
            "type": "message",
            "role": "assistant",
            "model": self._stamp.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": dump_usage(Usage()),
        }
        return _sse("message_start", {"message": message})

    def _called(self, event: ToolCallDelta) -> bytes:
        block = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        opened = self._block("tool_use", event.index, block)
        if not event.arguments:
            return opened
        delta = {"type": "input_json_delta", "partial_json": event.arguments}
        return opened + self._said(delta)

    def _block(self, kind: str, number: int, block: dict[str, Any]) -> bytes:
        """Open a block, closing the one before; nothing where it is open already."""
        if self._open == (kind, number):
            return b""
        closed = self._close()
        self._open = (kind, number)
        self._index += 1
        start = {"index": self._index, "content_block": block}
        return closed + _sse("content_block_start", start)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _sse("content_block_stop", {"index": self._index})

    def _said(self, delta: dict[str, Any]) -> bytes:
        return _sse("content_block_delta", {"index": self._index, "delta": delta})

    def _end(self, event: Finish) -> bytes:
        delta = dump_end(event.reason, event.stop)
        usage = dump_usage(event.usage or Usage())
        return _sse("message_delta", {"delta": delta, "usage": usage}) + _sse("message_stop", {})


def _sse(kind: str, body: dict[str, Any]) -> bytes:
    return encode_sse(encode_json({"type": kind, **body}), kind.encode())
