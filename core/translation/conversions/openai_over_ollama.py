"""OpenAIOverOllama: a plain chat of an OpenAI client, answered by Ollama, without the hub between.

Most chats hold nothing but texts and the few settings that everybody knows. Those are read and
written by msgspec's typed decoders. An answer that is more than words goes through the hub; a law
holds that both ways write the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import msgspec
from msgspec import Meta, Struct

from core.translation.codec.json import JSON_ERRORS, encode_json
from core.translation.conversions.incoming import Backend, Incoming
from core.translation.dialects.shared.plain import PlainChat
from core.translation.messages import Usage
from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances
from core.translation.stamp import Stamp
from core.translation.translate import StreamTranslator, convert_answer

Count = Annotated[int, Meta(ge=0, lt=1 << 53)]


class _Answered(Struct, forbid_unknown_fields=True):
    role: Literal["assistant"]
    content: str


class _Whole(Struct, forbid_unknown_fields=True):
    """What Ollama 0.17 answers to POST /api/chat in words. Durations are in ns."""

    model: str
    message: _Answered
    done: bool
    created_at: str = ""
    done_reason: str = ""
    total_duration: Count = 0
    load_duration: Count = 0
    prompt_eval_count: Count = 0
    prompt_eval_duration: Count = 0
    eval_count: Count = 0
    eval_duration: Count = 0


_WHOLE = msgspec.json.Decoder(_Whole)


class OpenAIOverOllama:
    """Conversion of a plain OpenAI chat for an Ollama server that is sent what the client says."""

    pair = ("openai", "ollama")
    dialect = "ollama"
    translated = verbatim = True
    json_is_whole = False
    needs: frozenset[str] = frozenset()

    __slots__ = ("_chat", "_stamp", "answer_type", "streams")

    def __init__(self, chat: PlainChat, stamp: Stamp) -> None:
        self._chat = chat
        self._stamp = stamp
        self.streams = chat.stream is True
        self.answer_type = "text/event-stream" if self.streams else "application/json"

    @classmethod
    def read(cls, incoming: Incoming, backend: Backend, stamp: Stamp) -> Self | None:
        """Return the conversion, or None where the request or the backend is not plain."""
        chat = incoming.plain
        if (
            not isinstance(chat, PlainChat)
            or backend.settings
            or backend.unwanted
            or backend.thinking is not None
        ):
            return None
        return cls(chat, stamp)

    def request(self, model: str) -> bytes:
        """Return the body of POST /api/chat."""
        return write_request(self._chat, model)

    def report(self, about: Circumstances) -> tuple[ReportRow, ...]:
        """Nothing of a plain request is lost."""
        return ()

    def response(self, whole: bytes, *, now: int) -> tuple[bytes, Usage | None]:
        """Return the client's answer and its counts. Raises InvalidResponse, BackendError."""
        return write_answer(whole, self._stamp) or convert_answer(
            whole, source="ollama", target="openai", stamp=self._stamp, now=now
        )

    def stream(self) -> StreamTranslator:
        """Return what makes the client's stream."""
        return StreamTranslator("ollama", "openai", self._stamp)


def write_request(chat: PlainChat, model: str) -> bytes:
    """Return the body of POST /api/chat that says the same to ``model``."""
    body: dict[str, Any] = {
        "model": model,
        "messages": chat.messages,
        "stream": chat.stream is True,
    }
    options = {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "seed": chat.seed,
        "num_predict": chat.max_tokens,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if given:
        body["options"] = given
    return encode_json(body)


def write_answer(whole: bytes, stamp: Stamp) -> tuple[bytes, Usage] | None:
    """Return Ollama's whole answer as OpenAI's with its counts, or None where it is not plain."""
    try:
        answer = _WHOLE.decode(whole)
    except JSON_ERRORS:
        return None
    if not answer.done:
        return None
    asked, said = answer.prompt_eval_count, answer.eval_count
    written = _ANSWER % (
        stamp.id.encode(),
        stamp.created // 1_000_000_000,
        encode_json(stamp.model),
        encode_json(answer.message.content),
        b"length" if answer.done_reason == "length" else b"stop",
        asked,
        said,
        asked + said,
    )
    return written, Usage(prompt_tokens=asked, completion_tokens=said)


_ANSWER = (
    b'{"id":"chatcmpl-%b","object":"chat.completion","created":%d,"model":%b,"choices":'
    b'[{"index":0,"message":{"role":"assistant","content":%b,"refusal":null},'
    b'"finish_reason":"%b","logprobs":null}],'
    b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}}'
)
