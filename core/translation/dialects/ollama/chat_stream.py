"""Ollama's NDJSON streams of POST /api/chat, read and written.

One object a stream holds all its state: half a line, the number of calls so far, whether it
has ended. A stateless converter would number every call 0 and give each chunk a new id.
"""

from __future__ import annotations

from typing import Any

import msgspec

from core.errors import InvalidResponse
from core.translation.codec.framing import NDJSONDecoder, SSERecord, enclosed
from core.translation.codec.json import (
    JSON_ERRORS,
    Count,
    decode_json,
    decode_loosely,
    decode_mended,
    encode_json,
)
from core.translation.dialects.ollama.chat import (
    dump_calls,
    dump_numbers,
    dump_reason,
    parse_timings,
    parse_usage,
)
from core.translation.dialects.shared.answers.call_pieces import CallPieces
from core.translation.dialects.shared.answers.finish_reasons import read_reason
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
    calls_of,
)
from core.translation.messages import FinishReason, Timings, Usage
from core.translation.stamp import Stamp, rfc3339


class _Line(msgspec.Struct):
    """One line of /api/chat or of /api/generate; fields of the other are simply absent.

    A dict keeps key order, integers of any size, and 1.0 apart from 1.
    """

    model: str | None = ""
    message: dict[str, Any] | None = None
    response: Any = ""
    thinking: Any = ""
    tool_calls: Any = None
    logprobs: list[dict[str, Any]] | None = None
    done: bool | None = False
    done_reason: Any = ""
    error: Any = None
    detail: Any = None

    def said(self) -> dict[str, Any]:
        """Return what this line says, as a message."""
        if self.message is not None:
            return self.message
        return {
            "content": self.response,
            "thinking": self.thinking,
            "tool_calls": self.tool_calls,
        }


class Numbers(msgspec.Struct, kw_only=True):
    """The numbers of an end, where each is one that makes sense. Durations are in ns."""

    total_duration: Count = 0
    load_duration: Count = 0
    prompt_eval_count: Count = 0
    prompt_eval_duration: Count = 0
    eval_count: Count = 0
    eval_duration: Count = 0


class _Numbers(Numbers, kw_only=True):
    """Those of a last line."""

    prompt_eval_cached_count: Count | msgspec.UnsetType = msgspec.UNSET

    def finish(self, reason: FinishReason) -> Finish:
        """Return the end with these numbers."""
        cached = self.prompt_eval_cached_count
        usage = Usage(
            prompt_tokens=self.prompt_eval_count,
            completion_tokens=self.eval_count,
            cached_tokens=None if cached is msgspec.UNSET else cached,
        )
        timings = Timings(
            total=self.total_duration,
            load=self.load_duration,
            prompt=self.prompt_eval_duration,
            completion=self.eval_duration,
        )
        return Finish(reason=reason, usage=usage, timings=timings)


_LINES = msgspec.json.Decoder(_Line)
_NUMBERS = msgspec.json.Decoder(_Numbers)


class StreamDecoder(EventDecoder[bytes]):
    """Bytes of a native stream, of /api/chat or /api/generate, to events."""

    unfinished = "the backend's stream ended before it was done (no line with done: true)"

    def __init__(self, *, ids: str) -> None:
        super().__init__(NDJSONDecoder(), ids=ids)
        self._started = False
        self._calls = CallPieces(ids=ids, whole=True)

    def begin(self) -> bool:
        """Note that a line was read elsewhere; tell whether it was the first."""
        first = not self._started
        self._started = True
        return first

    def read(self, record: bytes, events: list[Event]) -> None:
        """Append what one line says: thinking, text, calls, and the end, in this order."""
        try:
            line = _LINES.decode(record)
        except JSON_ERRORS as exc:
            line = decode_mended(_LINES, record, exc)
        if line.error or line.detail:
            error = line.error or error_in(SSERecord(record))
            if error:
                events.append(stream_error(error))
                return
        if not self._started:
            self._started = True
            events.append(MessageStart(line.model or ""))
        said = line.said()
        thinking, text = read_said(said, "message")
        logprobs = tuple(line.logprobs or ())
        if thinking:
            events.append(ThinkingDelta(thinking, logprobs))
            logprobs = ()
        if text or logprobs:
            events.append(TextDelta(text, logprobs))
        events += self._calls.take(said.get("tool_calls"), "message.tool_calls")
        if line.done:
            events.append(_finish(line, record, called=bool(self._calls)))


def _finish(line: _Line, record: bytes, *, called: bool) -> Finish:
    reason = read_reason(line.done_reason, called=called)
    try:
        return _NUMBERS.decode(record).finish(reason)
    except JSON_ERRORS:
        body = decode_json(record, blame=InvalidResponse)
    return Finish(reason=reason, usage=parse_usage(body), timings=parse_timings(body))


def is_done(data: bytes) -> bool:
    """Tell whether a line is the last one of its stream."""
    try:
        return bool(_LINES.decode(data).done)
    except JSON_ERRORS:
        try:
            line = decode_loosely(data, blame=InvalidResponse)
        except InvalidResponse:
            return False
        return isinstance(line, dict) and bool(line.get("done"))


class StreamEncoder:
    """Events to bytes of a native stream.

    Calls whose arguments come in pieces are held back until they are whole, since a native
    call is always whole. Durations that the backend did not give are taken from the arrival
    times: reading the prompt lasts until the first delta, writing until the end.
    """

    may_splice = True

    _TEXT = b'"message":{"role":"assistant","content":%b}'
    _THINKING = b'"message":{"role":"assistant","content":"","thinking":%b}'
    _CALLS = b'"message":{"role":"assistant","content":"","tool_calls":%b}'

    def __init__(self, stamp: Stamp, *, include_usage: bool = True) -> None:
        del include_usage  # natively the last line always carries the counts
        self._stamp = stamp
        self._model = encode_json(stamp.model)
        self._calls: list[ToolCallDelta] = []
        self._first = 0

    def encode(self, events: list[Event], *, now: int) -> bytes:
        """Return the lines for ``events``, which arrived at ``now`` (ns since the epoch)."""
        head = b'{"model":%b,"created_at":"%b",' % (self._model, rfc3339(now).encode())
        return b"".join([self._line(event, head, now) for event in events])

    def splice(self, texts: list[bytes], *, first: bool, now: int) -> bytes:
        """Return lines for texts that are at hand as the insides of JSON strings."""
        del first  # no line says that a stream begins
        self._first = self._first or now
        head = b'{"model":%b,"created_at":"%b",' % (self._model, rfc3339(now).encode())
        before, _, after = self._TEXT.partition(b"%b")
        return enclosed(texts, head + before + b'"', b'"' + after + b',"done":false}\n')

    def splice_one(self, text: bytes, *, now: int) -> bytes:
        """Return the line for a text after another, the inside of a JSON string."""
        return self.splice([text], first=False, now=now)

    def _line(self, event: Event, head: bytes, now: int) -> bytes:
        match event:
            case TextDelta():
                self._first = self._first or now
                return self._said(self._TEXT, event, head)
            case ThinkingDelta():
                self._first = self._first or now
                return self._said(self._THINKING, event, head)
            case ToolCallDelta():
                self._first = self._first or now
                self._calls.append(event)
                return b""
            case Finish():
                return self._called(event, head) + self._done(event, head, now)
            case StreamError():
                return b'{"error":%b}\n' % encode_json(event.message)
            case MessageStart():
                return b""

    def _said(self, form: bytes, event: TextDelta | ThinkingDelta, head: bytes) -> bytes:
        probable = b',"logprobs":%b' % encode_json(event.logprobs) if event.logprobs else b""
        return b'%b%b%b,"done":false}\n' % (head, form % encode_json(event.text), probable)

    def _called(self, finish: Finish, head: bytes) -> bytes:
        if not self._calls:
            return b""
        written = dump_calls(calls_of(self._calls), blame=InvalidResponse, ended=finish.reason)
        dumped = encode_json(written, blame=InvalidResponse)
        return b'%b%b,"done":false}\n' % (head, self._CALLS % dumped)

    def _done(self, event: Finish, head: bytes, now: int) -> bytes:
        numbers = dump_numbers(event.usage, event.timings or self._measured(now))
        numbers.setdefault("total_duration", max(now - self._stamp.created, 1))
        rest = encode_json({"done_reason": dump_reason(event.reason), **numbers})
        return b'%b%b,"done":true,%b\n' % (head, self._TEXT % b'""', rest[1:])

    def _measured(self, now: int) -> Timings:
        first = self._first or now
        return Timings(
            total=max(now - self._stamp.created, 1),
            prompt=max(first - self._stamp.created, 0),
            completion=max(now - first, 0),
        )
