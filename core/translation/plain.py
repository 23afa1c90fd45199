"""The short way for the plainest requests and answers: words alone, from OpenAI to Ollama.

Most chats hold nothing but texts and the few settings that everybody knows. Those are read and
written by msgspec's typed decoders, without the hub between. Whatever else is in a body, the
short way does not know it, and the long one is taken; a law holds that both write the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from core.translation.clock import Stamp
from core.translation.messages import Usage
from core.translation.reading import JSON_ERRORS, encode_json

__all__ = ["PlainChat", "read_plain", "write_answer", "write_request"]

Count = Annotated[int, Meta(ge=0, lt=1 << 53)]


class _Said(Struct, forbid_unknown_fields=True):
    role: Literal["system", "user", "assistant"]
    content: str


class PlainChat(Struct, forbid_unknown_fields=True):
    """The body of POST /v1/chat/completions, if it is plain."""

    model: Annotated[str, Meta(min_length=1)]
    messages: Annotated[list[_Said], Meta(min_length=1)]
    stream: bool | None = None
    temperature: int | float | None = None
    top_p: int | float | None = None
    seed: int | None = None
    max_tokens: int | None = None


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


_CHAT = msgspec.json.Decoder(PlainChat)
_WHOLE = msgspec.json.Decoder(_Whole)


def read_plain(body: bytes) -> PlainChat | None:
    """Return an OpenAI request if it is plain, else None."""
    try:
        return _CHAT.decode(body)
    except JSON_ERRORS:
        return None


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
