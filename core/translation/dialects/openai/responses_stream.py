"""Server-sent streams of POST /v1/responses, read and written.

Every event has a name, a type and a number. Items open and close in the order in which they
begin; parts of several calls may come mixed, as each names the item that it belongs to. The
last event holds the whole response.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidResponse
from core.translation.codec.framing import SSEDecoder, SSERecord, encode_sse
from core.translation.codec.json import (
    decode_json,
    encode_json,
    read_count,
    read_field,
    read_object,
    read_objects,
)
from core.translation.dialects.openai.chat import complete_logprobs
from core.translation.dialects.openai.responses import dump_frame, dump_usage, parse_response
from core.translation.dialects.openai.responses_items import (
    call_item,
    message_item,
    reasoning_item,
    text_part,
)
from core.translation.dialects.shared.stream_decoder import EventDecoder
from core.translation.dialects.shared.stream_errors import stream_error
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    accumulate,
    replay,
)
from core.translation.messages import ChatResponse, ToolCall, Usage
from core.translation.stamp import Stamp

__all__ = ["StreamDecoder", "StreamEncoder"]


class StreamDecoder(EventDecoder[SSERecord]):
    """Bytes of a responses stream to events."""

    unfinished = "the backend's stream ended before it was done (no response.completed)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)
        self._calls: dict[int, int] = {}
        self._said: list[Event] = []

    def read(self, record: SSERecord, events: list[Event]) -> None:
        """Append what one server-sent event says; most of them repeat what others said."""
        before = len(events)
        self._read(record, events)
        self._said += events[before:]

    def _read(self, record: SSERecord, events: list[Event]) -> None:
        body = _object(decode_json(record.data, blame=InvalidResponse))
        match body.get("type"):
            case "response.created":
                response = _object(body.get("response"))
                model = read_field(response, "model", "response", blame=InvalidResponse)
                events.append(MessageStart(model))
            case "response.output_text.delta" | "response.refusal.delta":
                logprobs = read_objects(body.get("logprobs"), "logprobs", blame=InvalidResponse)
                events.append(TextDelta(_delta(body), logprobs))
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                events.append(ThinkingDelta(_delta(body)))
            case "response.output_item.added":
                self._added(body, events)
            case "response.function_call_arguments.delta":
                place = read_count(body.get("output_index"))
                if place not in self._calls:
                    raise InvalidResponse("a piece of a call came before the call began")
                events.append(ToolCallDelta(index=self._calls[place], arguments=_delta(body)))
            case "response.completed" | "response.incomplete" | "response.failed" as kind:
                response = _object(body.get("response"))
                if response.get("error") or kind == "response.failed":
                    error = response.get("error") or {"message": "the response failed"}
                    events.append(stream_error(error))
                    return
                whole = parse_response(response, ids=self._ids)
                finish = Finish(reason=whole.finish_reason, usage=whole.usage)
                said = accumulate([*self._said, *events, finish])
                events += unsaid(whole, said)
                events.append(finish)
            case "error":
                events.append(stream_error(body.get("error") or body))

    def _added(self, body: dict[str, Any], events: list[Event]) -> None:
        item = _object(body.get("item"))
        if item.get("type") != "function_call":
            return
        index = self._calls.setdefault(read_count(body.get("output_index")), len(self._calls))
        events.append(
            ToolCallDelta(
                index=index,
                id=read_field(item, "call_id", "item", blame=InvalidResponse),
                name=read_field(item, "name", "item", blame=InvalidResponse),
            )
        )


def unsaid(whole: ChatResponse, said: ChatResponse) -> list[Event]:
    """Return what only the last event says: some servers send a whole answer in it alone."""
    if said.message.parts or said.message.thinking or said.message.tool_calls:
        return []
    return replay(whole)[1:-1]


def _object(value: Any) -> dict[str, Any]:
    return read_object(value, "", blame=InvalidResponse)


def _delta(body: dict[str, Any]) -> str:
    return read_field(body, "delta", "", blame=InvalidResponse)


class _Item:
    """One output item that is being written."""

    __slots__ = ("call", "id", "index", "logprobs", "text")

    def __init__(self, identity: str, index: int) -> None:
        self.id = identity
        self.index = index
        self.text: list[str] = []
        self.logprobs: list[Any] = []
        self.call = ToolCall(name="")


class StreamEncoder:
    """Events to bytes of a responses stream."""

    def __init__(self, stamp: Stamp, *, include_usage: bool = True) -> None:
        del include_usage  # the last event always carries the counts
        self._stamp = stamp
        self._number = 0
        self._count = 0
        self._thinking: _Item | None = None
        self._text: _Item | None = None
        self._calls: dict[int, _Item] = {}
        self._output: dict[int, dict[str, Any]] = {}

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the bytes for ``events``, which arrived at ``now`` (ns since the epoch)."""
        return b"".join([self._event(event, now) for event in events])

    def _event(self, event: Event, now: int) -> bytes:
        match event:
            case MessageStart():
                frame = dump_frame(self._stamp)
                return self._sse("response.created", response=frame) + self._sse(
                    "response.in_progress", response=frame
                )
            case TextDelta():
                return self._text_delta(event)
            case ThinkingDelta():
                return self._thinking_delta(event)
            case ToolCallDelta():
                return self._call_delta(event)
            case Finish():
                return self._finish(event, now)
            case StreamError():
                error = {"code": event.code, "message": event.message}
                frame = {**dump_frame(self._stamp), "status": "failed", "error": error}
                frame["output"] = self._whole()
                return self._sse("response.failed", response=frame)

    def _text_delta(self, event: TextDelta) -> bytes:
        out = b""
        if self._text is None:
            out = self._close_thinking()
            self._text = item = self._new("msg")
            body = {**message_item(item.id, ""), "status": "in_progress", "content": []}
            out += self._sse("response.output_item.added", output_index=item.index, item=body)
            place = self._place(item)
            out += self._sse("response.content_part.added", **place, part=text_part(""))
        item = self._text
        item.text.append(event.text)
        logprobs = complete_logprobs(event.logprobs)
        item.logprobs += logprobs
        return out + self._sse(
            "response.output_text.delta",
            **self._place(item),
            delta=event.text,
            logprobs=logprobs,
        )

    def _thinking_delta(self, event: ThinkingDelta) -> bytes:
        out = b""
        if self._thinking is None:
            out = self._close_text()
            self._thinking = item = self._new("rs")
            body = {**reasoning_item(item.id, ""), "status": "in_progress", "content": []}
            out += self._sse("response.output_item.added", output_index=item.index, item=body)
        item = self._thinking
        item.text.append(event.text)
        place = self._place(item)
        return out + self._sse("response.reasoning_text.delta", **place, delta=event.text)

    def _call_delta(self, event: ToolCallDelta) -> bytes:
        out = b""
        if event.index not in self._calls:
            out = self._close_thinking() + self._close_text()
            item = self._calls[event.index] = self._new("fc")
            item.call = ToolCall(id=event.id, name=event.name, arguments="")
            body = call_item(item.id, item.call, "in_progress")
            out += self._sse("response.output_item.added", output_index=item.index, item=body)
        if not event.arguments:
            return out
        item = self._calls[event.index]
        item.text.append(event.arguments)
        return out + self._sse(
            "response.function_call_arguments.delta",
            item_id=item.id,
            output_index=item.index,
            delta=event.arguments,
        )

    def _close_thinking(self) -> bytes:
        item, self._thinking = self._thinking, None
        if item is None:
            return b""
        text = "".join(item.text)
        done = self._sse("response.reasoning_text.done", **self._place(item), text=text)
        return done + self._done(item, reasoning_item(item.id, text))

    def _close_text(self) -> bytes:
        item, self._text = self._text, None
        if item is None:
            return b""
        text = "".join(item.text)
        place = self._place(item)
        part = text_part(text, item.logprobs)
        return (
            self._sse("response.output_text.done", **place, text=text, logprobs=item.logprobs)
            + self._sse("response.content_part.done", **place, part=part)
            + self._done(item, message_item(item.id, text, item.logprobs))
        )

    def _close_call(self, item: _Item) -> bytes:
        text = "".join(item.text) or "{}"
        call = ToolCall(id=item.call.id, name=item.call.name, arguments=text)
        done = self._sse(
            "response.function_call_arguments.done",
            item_id=item.id,
            output_index=item.index,
            name=call.name,
            arguments=text,
        )
        return done + self._done(item, call_item(item.id, call))

    def _finish(self, event: Finish, now: int) -> bytes:
        out = b""
        if not self._output and not (self._thinking or self._text or self._calls):
            # An empty answer is an empty message, not none at all.
            out = self._text_delta(TextDelta(""))
        out += self._close_thinking() + self._close_text()
        out += b"".join([self._close_call(item) for _, item in sorted(self._calls.items())])
        frame = dump_frame(self._stamp, event.reason)
        if frame["status"] == "completed":
            frame["completed_at"] = now // 1_000_000_000
        frame["output"] = self._whole()
        frame["usage"] = dump_usage(event.usage or Usage())
        return out + self._sse(f"response.{frame['status']}", response=frame)

    def _whole(self) -> list[dict[str, Any]]:
        return [self._output[index] for index in sorted(self._output)]

    def _new(self, prefix: str) -> _Item:
        index = self._count
        self._count += 1
        return _Item(f"{prefix}_{self._stamp.id}_{index}", index)

    @staticmethod
    def _place(item: _Item) -> dict[str, Any]:
        return {"item_id": item.id, "output_index": item.index, "content_index": 0}

    def _done(self, item: _Item, body: dict[str, Any]) -> bytes:
        self._output[item.index] = body
        return self._sse("response.output_item.done", output_index=item.index, item=body)

    def _sse(self, kind: str, **body: Any) -> bytes:
        number = self._number
        self._number += 1
        data = encode_json({"type": kind, "sequence_number": number, **body})
        return encode_sse(data, kind.encode())
