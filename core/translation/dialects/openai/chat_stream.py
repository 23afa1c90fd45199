"""OpenAI's server-sent streams of POST /v1/chat/completions, read and written.

Written as Ollama 0.32.6+ and OpenAI do: the role in the first delta only, a finish chunk with
an empty delta, the usage chunk with no choices when it was asked for, then ``[DONE]``. Parts
of a chunk that never change within a stream are encoded once.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import InvalidResponse
from core.translation.codec.framing import SSEDecoder, SSERecord, enclosed, encode_sse, is_end
from core.translation.codec.json import (
    JSON_ERRORS,
    decode_loosely,
    decode_mended,
    encode_json,
    read_items,
    read_object,
    read_text,
)
from core.translation.dialects.openai.chat import (
    called,
    complete_logprobs,
    dump_usage,
    error_type,
    find_usage,
    parse_logprobs,
    parse_timings,
    spoken,
    wants_functions,
)
from core.translation.dialects.openai.custom_calls import CustomCallPieces, CustomCallTexts
from core.translation.dialects.shared.answers.call_pieces import CallPieces
from core.translation.dialects.shared.answers.finish_reasons import read_reason, read_stop
from core.translation.dialects.shared.answers.said import read_said
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
from core.translation.messages import Timings, Usage
from core.translation.stamp import Stamp

_CHUNKS = msgspec.json.Decoder(dict[str, Any])

_USUAL = frozenset({"id", "object", "created", "model", "system_fingerprint", "choices"})
"""Keys of a chunk that counts nothing."""


class StreamDecoder(EventDecoder[SSERecord]):
    """Bytes of an OpenAI stream to events.

    The Finish comes with ``[DONE]``, since the usage follows the finish reason. A server that
    closes after the finish reason without ``[DONE]`` has said its whole answer, too.
    """

    unfinished = "the backend's stream ended before it was done (no finish reason)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(SSEDecoder(), ids=ids)
        self._started = False
        self._reason: Any = None
        self._stop = ""
        self._usage: Usage | None = None
        self._timings: Timings | None = None
        self._calls = CallPieces(ids=ids)
        self._customs = CustomCallPieces()

    def read(self, record: SSERecord, events: list[Event]) -> None:
        """Append what one server-sent event says."""
        if is_end(record.data):
            self._finish(events)
            return
        try:
            chunk = _CHUNKS.decode(record.data)
        except JSON_ERRORS as exc:
            chunk = decode_mended(_CHUNKS, record.data, exc)
        choices = chunk.get("choices")
        if choices is None or record.event or chunk.get("error"):
            error = error_in(record)
            if error is not None:
                events.append(stream_error(error))
                return
        if not self._started:
            self._started = True
            model = read_text(chunk.get("model"), "model", blame=InvalidResponse)
            events.append(MessageStart(model))
        counted = not chunk.keys() <= _USUAL
        for index, item in enumerate(read_items(choices, "choices", blame=InvalidResponse)):
            choice = read_object(item, f"choices[{index}]", blame=InvalidResponse)
            counted = counted or "usage" in choice
            if not choice.get("index"):
                self._choice(choice, events)
        if counted:
            self._usage = find_usage(chunk) or self._usage
            self._timings = parse_timings(chunk.get("timings")) or self._timings

    def end(self, events: list[Event]) -> None:
        """Append the end that a finish reason without ``[DONE]`` amounts to."""
        if self._reason:
            self._finish(events)

    def _finish(self, events: list[Event]) -> None:
        if not self._started:
            raise InvalidResponse("the backend's stream ended without any answer")
        for call in self._customs.release():
            events += self._calls.take([call], "choices[0].delta.tool_calls")
        events += self._calls.flush()
        reason = read_reason(self._reason, called=bool(self._calls))
        events.append(
            Finish(reason=reason, stop=self._stop, usage=self._usage, timings=self._timings)
        )

    def _choice(self, choice: dict[str, Any], events: list[Event]) -> None:
        if choice.get("error"):
            events.append(stream_error(choice["error"]))
            return
        usual = choice.get("logprobs")
        logprobs = parse_logprobs(usual) if usual else ()
        said = spoken(choice)
        if said is not None or logprobs:
            delta = read_object(said or {}, "choices[0].delta", blame=InvalidResponse)
            thinking, text = read_said(delta, "choices[0].delta")
            if thinking:
                events.append(ThinkingDelta(thinking, logprobs))
                logprobs = ()
            if text or logprobs:
                events.append(TextDelta(text, logprobs))
            calls = self._customs.take(called(delta))
            events += self._calls.take(calls, "choices[0].delta.tool_calls")
        self._end_at(choice)

    def _end_at(self, choice: dict[str, Any]) -> None:
        if choice.get("finish_reason"):
            self._reason = choice["finish_reason"]
            self._stop = read_stop(choice)


def is_finished(data: bytes) -> bool:
    """Tell whether a record gives the finish reason of the first choice."""
    try:
        chunk = _CHUNKS.decode(data)
    except JSON_ERRORS:
        try:
            chunk = decode_loosely(data, blame=InvalidResponse)
        except InvalidResponse:
            return False
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    return any(
        isinstance(choice, dict) and choice.get("finish_reason") and not choice.get("index")
        for choice in (choices if isinstance(choices, list) else ())
    )


class StreamEncoder:
    """Events to bytes of an OpenAI stream."""

    may_splice = True

    def __init__(self, stamp: Stamp, *, include_usage: bool = False) -> None:
        self._include_usage = include_usage
        self._head = (
            b'data: {"id":"chatcmpl-%b","object":"chat.completion.chunk","created":%d,"model":%b,'
            % (stamp.id.encode(), stamp.created // 1_000_000_000, encode_json(stamp.model))
        )
        self._delta = self._head + b'"choices":[{"index":0,"delta":{'
        # With include_usage OpenAI writes "usage":null on all chunks but the one that has it.
        end = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._plain = b'},"logprobs":null,"finish_reason":null}]' + end
        self._end = end
        self._text = self._delta + b'"content":'
        self._calls: set[int] = set()
        self._functions = wants_functions(stamp)
        self._customs = CustomCallTexts(stamp.asked)

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the bytes for ``events``. ``now`` is unused: a stream has one ``created``."""
        del now
        return b"".join([self._event(event) for event in events])

    def splice(self, texts: list[bytes], *, first: bool, now: int) -> bytes:
        """Return chunks for texts that are at hand as the insides of JSON strings."""
        del now
        before = self._event(MessageStart()) if first else b""
        return enclosed(texts, self._text + b'"', b'"' + self._plain, before=before)

    def splice_one(self, text: bytes, *, now: int) -> bytes:
        """Return the chunk for a text in the middle of a stream, the inside of a JSON string."""
        del now
        return b'%b"%b"%b' % (self._text, text, self._plain)

    def _event(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                if event.logprobs:
                    return self._with_logprobs(b'"content":', event)
                return self._text + encode_json(event.text) + self._plain
            case ThinkingDelta():
                if event.logprobs:
                    return self._with_logprobs(b'"reasoning_content":', event)
                return self._delta + b'"reasoning_content":' + encode_json(event.text) + self._plain
            case ToolCallDelta():
                if self._functions:
                    return self._function(event)
                if self._customs.take(event):
                    return b""
                return self._called(self._call(event))
            case MessageStart():
                return self._delta + b'"role":"assistant","content":""' + self._plain
            case Finish():
                return self._finish(event)
            case StreamError():
                return encode_sse(encode_json({"error": error_body(event)}))

    def _called(self, call: bytes) -> bytes:
        return self._delta + b'"tool_calls":[' + call + b"]" + self._plain

    def _call(self, event: ToolCallDelta) -> bytes:
        call: dict[str, Any] = {"index": event.index}
        function: dict[str, Any] = {"arguments": event.arguments}
        if event.index not in self._calls:
            self._calls.add(event.index)
            call |= {"id": event.id, "type": "function"}
            function = {"name": event.name, **function}
        return encode_json({**call, "function": function})

    def _function(self, event: ToolCallDelta) -> bytes:
        """Write a call for a client that knows ``functions`` only, and one call a turn."""
        if event.index:
            return b""
        function: dict[str, Any] = {"arguments": event.arguments}
        if not self._calls:
            self._calls.add(event.index)
            function = {"name": event.name, **function}
        return self._delta + b'"function_call":' + encode_json(function) + self._plain

    def _with_logprobs(self, key: bytes, event: TextDelta | ThinkingDelta) -> bytes:
        logprobs = {"content": complete_logprobs(event.logprobs), "refusal": None}
        return (
            self._delta
            + key
            + encode_json(event.text)
            + b'},"logprobs":%b,"finish_reason":null}]' % encode_json(logprobs)
            + self._end
        )

    def _finish(self, event: Finish) -> bytes:
        called = self._functions and event.reason == "tool_calls"
        reason = b"function_call" if called else event.reason.encode()
        finish = b'},"logprobs":null,"finish_reason":"%b"}]' % reason
        pieces = [self._called(call) for call in self._customs.release()]
        pieces.append(self._delta + finish + self._end)
        # Counts that the backend did not give are left out: zeros would be a lie.
        if self._include_usage and event.usage is not None:
            usage = encode_json(dump_usage(event.usage))
            pieces.append(self._head + b'"choices":[],"usage":' + usage + b"}\n\n")
        pieces.append(b"data: [DONE]\n\n")
        return b"".join(pieces)


def error_body(event: StreamError) -> dict[str, Any]:
    """Write what stands under ``error`` for a failure in the middle of a stream."""
    return {
        "message": event.message,
        "type": error_type(event.status),
        "param": None,
        "code": event.code,
    }
