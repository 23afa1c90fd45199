"""Server-sent streams of POST /v1/responses, read and written.

Every event has a name, a type and a number. An item is closed before the next is opened, as
clients keep one open item in mind. The last event holds the whole response.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

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
from core.translation.dialects.openai.responses.dialect import (
    dump_frame,
    dump_usage,
    parse_response,
)
from core.translation.dialects.openai.responses.output import (
    call_item,
    message_item,
    reasoning_item,
    summary_part,
    text_part,
    thinking_part,
)
from core.translation.dialects.openai.responses.tools import ToolNames
from core.translation.dialects.shared.answers.call_order import CallOrder
from core.translation.dialects.shared.answers.stream_decoder import EventDecoder
from core.translation.dialects.shared.errors import error_in, stream_error
from core.translation.dialects.shared.tool_definitions import pack_input
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
from core.translation.messages import ChatResponse, ToolCall
from core.translation.stamp import Stamp


class StreamDecoder(EventDecoder[SSERecord]):
    """Bytes of a responses stream to events."""

    unfinished = "the backend's stream ended before it was done (no response.completed)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)
        self._calls: dict[int, int] = {}
        self._said: list[Event] = []
        self._thoughts: dict[int, str] = {}

    def read(self, record: SSERecord, events: list[Event]) -> None:
        """Append what one server-sent event says; most of them repeat what others said."""
        before = len(events)
        self._read(record, events)
        self._said += events[before:]

    def _read(self, record: SSERecord, events: list[Event]) -> None:
        body = _object(decode_json(record.data, blame=InvalidResponse))
        match "error" if record.event == b"error" else body.get("type"):
            case "response.created":
                response = _object(body.get("response"))
                model = read_field(response, "model", "response", blame=InvalidResponse)
                events.append(MessageStart(model))
            case "response.output_text.delta" | "response.refusal.delta":
                logprobs = read_objects(body.get("logprobs"), "logprobs", blame=InvalidResponse)
                events.append(TextDelta(_delta(body), logprobs))
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" as kind:
                # Who sends both says the same twice: the one that came first is enough.
                if kind == self._thoughts.setdefault(read_count(body.get("output_index")), kind):
                    events.append(ThinkingDelta(_delta(body)))
            case "response.output_item.added":
                self._added(body, events)
            case "response.function_call_arguments.delta":
                place = read_count(body.get("output_index"))
                if place not in self._calls:
                    raise InvalidResponse("a piece of a call came before the call began")
                events.append(ToolCallDelta(index=self._calls[place], arguments=_delta(body)))
            case "response.custom_tool_call_input.done":
                given = pack_input(read_field(body, "input", "", blame=InvalidResponse))
                place = self._calls.get(read_count(body.get("output_index")), 0)
                events.append(ToolCallDelta(index=place, arguments=given))
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
                events.append(stream_error(error_in(record)))

    def _added(self, body: dict[str, Any], events: list[Event]) -> None:
        item = _object(body.get("item"))
        if item.get("type") not in ("function_call", "custom_tool_call"):
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


class _Item(Struct):
    """The output item that is being written; ``call`` is its call."""

    kind: str
    id: str
    index: int
    text: list[str] = []
    logprobs: list[Any] = []
    call: ToolCall = ToolCall(name="")


class StreamEncoder:
    """Events to bytes of a responses stream: each item is closed before the next is opened."""

    def __init__(self, stamp: Stamp, *, include_usage: bool = True) -> None:
        del include_usage  # the last event always carries the counts
        self._stamp = stamp
        self._names = ToolNames(stamp.asked)
        self._order = CallOrder()
        self._number = 0
        self._open: _Item | None = None
        self._call: int | None = None
        self._output: list[dict[str, Any]] = []

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the bytes for ``events``, which arrived at ``now`` (ns since the epoch)."""
        return b"".join(
            [self._event(ready, now) for event in events for ready in self._order.take(event)]
        )

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
                frame["output"] = self._output
                return self._sse("response.failed", response=frame)

    # Text ------------------------------------------------------------------------------------

    def _text_delta(self, event: TextDelta) -> bytes:
        out, item, new = self._item("msg")
        if new:
            body = {**message_item(item.id, ""), "status": "in_progress", "content": []}
            out += self._added(item, body)
            out += self._part("content_part.added", item, text_part(""))
        item.text.append(event.text)
        logprobs = complete_logprobs(event.logprobs)
        item.logprobs += logprobs
        place = _place(item)
        return out + self._sse(
            "response.output_text.delta", **place, delta=event.text, logprobs=logprobs
        )

    def _close_text(self, item: _Item, text: str) -> bytes:
        return (
            self._sse(
                "response.output_text.done", **_place(item), text=text, logprobs=item.logprobs
            )
            + self._part("content_part.done", item, text_part(text, item.logprobs))
            + self._done(item, message_item(item.id, text, item.logprobs))
        )

    # Thinking: the text itself, and the summary that programs show ---------------------------

    def _thinking_delta(self, event: ThinkingDelta) -> bytes:
        out, item, new = self._item("rs")
        if new:
            empty = {"status": "in_progress", "summary": [], "content": []}
            out += self._added(item, {**reasoning_item(item.id, ""), **empty})
            out += self._part("content_part.added", item, thinking_part(""))
            out += self._part("reasoning_summary_part.added", item, summary_part(""))
        item.text.append(event.text)
        return (
            out
            + self._sse("response.reasoning_text.delta", **_place(item), delta=event.text)
            + self._sse("response.reasoning_summary_text.delta", **_summary(item), delta=event.text)
        )

    def _close_thinking(self, item: _Item, text: str) -> bytes:
        return (
            self._sse("response.reasoning_text.done", **_place(item), text=text)
            + self._part("content_part.done", item, thinking_part(text))
            + self._sse("response.reasoning_summary_text.done", **_summary(item), text=text)
            + self._part("reasoning_summary_part.done", item, summary_part(text))
            + self._done(item, reasoning_item(item.id, text))
        )

    # Calls -----------------------------------------------------------------------------------

    def _call_delta(self, event: ToolCallDelta) -> bytes:
        out, item, new = self._item("fc", event.index)
        if new:
            item.call = ToolCall(id=event.id, name=event.name, arguments="")
            out += self._added(item, call_item(item.id, item.call, self._names, "in_progress"))
        if not event.arguments:
            return out
        item.text.append(event.arguments)
        if self._names.told_whole(item.call.name):
            return out  # told once it is whole
        place = _numbered(item)
        return out + self._sse(
            "response.function_call_arguments.delta", **place, delta=event.arguments
        )

    def _close_call(self, item: _Item, text: str) -> bytes:
        call = ToolCall(id=item.call.id, name=item.call.name, arguments=text or "{}")
        body = call_item(item.id, call, self._names)
        place = _numbered(item)
        if "input" in body:
            kind, given = "response.custom_tool_call_input", body["input"]
            return (
                self._sse(f"{kind}.delta", **place, delta=given)
                + self._sse(f"{kind}.done", **place, input=given)
                + self._done(item, body)
            )
        if body["type"] != "function_call":
            return self._done(item, body)
        kind, more = "response.function_call_arguments.done", {"name": body["name"]}
        done = self._sse(kind, **place, **more, arguments=call.arguments)
        return done + self._done(item, body)

    # Items -----------------------------------------------------------------------------------

    def _item(self, kind: str, call: int | None = None) -> tuple[bytes, _Item, bool]:
        """Return the open item if it is this one; else close it, and return a new one."""
        item = self._open
        if item is not None and item.kind == kind and self._call == call:
            return b"", item, False
        out = self._close()
        index = len(self._output)
        self._open = item = _Item(kind, f"{kind}_{self._stamp.id}_{index}", index)
        self._call = call
        return out, item, True

    def _close(self) -> bytes:
        item, self._open = self._open, None
        if item is None:
            return b""
        close = {"msg": self._close_text, "rs": self._close_thinking, "fc": self._close_call}
        return close[item.kind](item, "".join(item.text))

    def _finish(self, event: Finish, now: int) -> bytes:
        out = b""
        if not self._output and self._open is None:
            # An empty answer is an empty message, not none at all.
            out = self._text_delta(TextDelta(""))
        out += self._close()
        frame = dump_frame(self._stamp, event.reason)
        if frame["status"] == "completed":
            frame["completed_at"] = now // 1_000_000_000
        frame["output"] = self._output
        frame["usage"] = dump_usage(event.usage)
        return out + self._sse(f"response.{frame['status']}", response=frame)

    def _added(self, item: _Item, body: dict[str, Any]) -> bytes:
        return self._sse("response.output_item.added", output_index=item.index, item=body)

    def _done(self, item: _Item, body: dict[str, Any]) -> bytes:
        self._output.append(body)
        return self._sse("response.output_item.done", output_index=item.index, item=body)

    def _part(self, kind: str, item: _Item, part: dict[str, Any]) -> bytes:
        place = _summary(item) if kind.startswith("reasoning_summary") else _place(item)
        return self._sse(f"response.{kind}", **place, part=part)

    def _sse(self, kind: str, **body: Any) -> bytes:
        number = self._number
        self._number += 1
        data = encode_json({"type": kind, "sequence_number": number, **body})
        return encode_sse(data, kind.encode())


def _numbered(item: _Item) -> dict[str, Any]:
    return {"item_id": item.id, "output_index": item.index}


def _place(item: _Item) -> dict[str, Any]:
    return {**_numbered(item), "content_index": 0}


def _summary(item: _Item) -> dict[str, Any]:
    return {**_numbered(item), "summary_index": 0}
