"""PlainOverOllama: a plain chat of an OpenAI or Claude client, answered by Ollama, without the hub.

Most chats hold nothing but texts and the few settings that everybody knows. Those are read and
written by msgspec's typed decoders. An answer that is more than words goes through the hub; a law
holds that both ways write the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

import msgspec
from msgspec import Struct

from core.translation.codec.json import JSON_ERRORS, encode_json
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.dialects.ollama.chat_stream import Numbers
from core.translation.dialects.shared.plain import NO_TEXT, Plain, PlainChat, PlainMessages
from core.translation.messages import Usage
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, convert_answer


class _Answered(Struct, forbid_unknown_fields=True):
    role: Literal["assistant"]
    content: str


class _Whole(Numbers, forbid_unknown_fields=True, kw_only=True):
    """What Ollama 0.17 answers to POST /api/chat in words. Durations are in ns."""

    model: str
    message: _Answered
    done: Literal[True]
    created_at: str = ""
    done_reason: Literal["stop", "length", ""] = ""


_WHOLE = msgspec.json.Decoder(_Whole)


class PlainOverOllama:
    """Conversion of a plain chat for an Ollama server that is sent what the client says."""

    dialect = "ollama"
    translated = verbatim = True
    json_is_whole = False
    needs: frozenset[str] = frozenset()

    __slots__ = ("_chat", "_client_dialect", "_stamp", "answer_type", "streams")

    def __init__(self, client_dialect: str, chat: Plain, stamp: Stamp) -> None:
        self._client_dialect = client_dialect
        self._chat = chat
        self._stamp = stamp
        self.streams = chat.stream is True
        self.answer_type = "text/event-stream" if self.streams else "application/json"

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self | None:
        """Return the conversion, or None where the request or the backend is not plain."""
        chat = incoming.plain
        if chat is None or backend.settings or backend.unwanted or backend.thinking is not None:
            return None
        return cls(incoming.client_dialect, chat, stamp)

    def request(self, model: str) -> bytes:
        """Return the body of POST /api/chat."""
        return write_request(self._client_dialect, self._chat, model)

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Nothing of a plain request is lost."""
        return ()

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's answer and its counts. Raises InvalidResponse, BackendError."""
        target = self._client_dialect
        return write_answer(target, whole, self._stamp) or convert_answer(
            whole, source="ollama", target=target, stamp=self._stamp, now=now
        )

    def stream(self) -> StreamTranslator:
        """Return what makes the client's stream."""
        return StreamTranslator("ollama", self._client_dialect, self._stamp)


# Requests -----------------------------------------------------------------------------------------


def write_request(client_dialect: str, chat: Plain, model: str) -> bytes:
    """Return the body of POST /api/chat that says the same to ``model``."""
    return encode_json({"model": model, **_SIDES[client_dialect].request(chat)})


def _of_chat(chat: PlainChat) -> dict[str, Any]:
    options = {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "seed": chat.seed,
        "num_predict": chat.max_tokens,
    }
    given = {name: value for name, value in options.items() if value is not None}
    body: dict[str, Any] = {"messages": chat.messages, "stream": chat.stream is True}
    return {**body, "options": given} if given else body


def _of_messages(chat: PlainMessages) -> dict[str, Any]:
    messages: list[Any] = list(chat.messages)
    if len(memoryview(chat.system)) > len(NO_TEXT):
        messages.insert(0, {"role": "system", "content": chat.system})
    options = {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "num_predict": chat.max_tokens,
    }
    given = {name: value for name, value in options.items() if value is not None}
    # Thinking is off where that API's clients do not ask for it.
    return {"messages": messages, "think": False, "stream": chat.stream is True, "options": given}


# Answers ------------------------------------------------------------------------------------------


def write_answer(client_dialect: str, whole: bytes, stamp: Stamp) -> tuple[bytes, Usage] | None:
    """Return Ollama's whole answer as the client's with its counts; None where it is not plain."""
    try:
        answer = _WHOLE.decode(whole)
    except JSON_ERRORS:
        return None
    usage = Usage(prompt_tokens=answer.prompt_eval_count, completion_tokens=answer.eval_count)
    return _SIDES[client_dialect].answer(answer, stamp), usage


def _to_chat(answer: _Whole, stamp: Stamp) -> bytes:
    asked, said = answer.prompt_eval_count, answer.eval_count
    return _COMPLETION % (
        stamp.id.encode(),
        stamp.created // 1_000_000_000,
        encode_json(stamp.model),
        encode_json(answer.message.content),
        b"length" if answer.done_reason == "length" else b"stop",
        asked,
        said,
        asked + said,
    )


def _to_messages(answer: _Whole, stamp: Stamp) -> bytes:
    text = answer.message.content
    return _MESSAGE % (
        stamp.id.encode(),
        encode_json(stamp.model),
        b'{"type":"text","text":%b}' % encode_json(text) if text else b"",
        b"max_tokens" if answer.done_reason == "length" else b"end_turn",
        answer.prompt_eval_count,
        answer.eval_count,
    )


_COMPLETION = (
    b'{"id":"chatcmpl-%b","object":"chat.completion","created":%d,"model":%b,"choices":'
    b'[{"index":0,"message":{"role":"assistant","content":%b,"refusal":null},'
    b'"finish_reason":"%b","logprobs":null}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
)
_MESSAGE = (
    b'{"id":"msg_%b","type":"message","role":"assistant","model":%b,"content":[%b],'
    b'"stop_reason":"%b","stop_sequence":null,"usage":{"input_tokens":%d,"output_tokens":%d}}'
)


class _Side(Struct, frozen=True):
    """What a client's dialect has of its own: all of the request but the model, and the answer."""

    request: Callable[[Any], dict[str, Any]]
    answer: Callable[[_Whole, Stamp], bytes]


_SIDES: Mapping[str, _Side] = {
    "openai": _Side(_of_chat, _to_chat),
    "anthropic": _Side(_of_messages, _to_messages),
}

PAIRS = tuple((client_dialect, PlainOverOllama.dialect) for client_dialect in _SIDES)
"""The pairs of dialects for which this is a way."""
