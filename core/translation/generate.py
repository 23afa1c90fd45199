"""Ollama's other native dialect: POST /api/generate, a prompt instead of messages.

Options, formats, streams and errors are those of the chat dialect; only the prompt and the
answer's ``response`` differ. It is a face only: backends are asked through their chat routes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn

from core.errors import InvalidRequest, InvalidResponse, Unsupported
from core.translation import ollama, ollama_stream
from core.translation.clock import Stamp, rfc3339
from core.translation.content import check_base64
from core.translation.events import TextDelta, ThinkingDelta
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    Part,
    Text,
    Timings,
    text_of,
)
from core.translation.ollama import STREAM_TYPE, dump_error, parse_error
from core.translation.reading import encode_json, read_flag, read_items, read_text
from core.translation.settings import parse_settings

__all__ = [
    "STREAM_TYPE",
    "StreamDecoder",
    "StreamEncoder",
    "dump_error",
    "dump_request",
    "dump_response",
    "parse_error",
    "parse_request",
    "parse_response",
]

StreamDecoder = ollama_stream.StreamDecoder


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /api/generate: system and prompt become messages of a chat.

    Raises Unsupported for ``raw``, ``suffix`` and ``template``, which have no meaning in a
    chat, and InvalidRequest with a JSON path for values of the wrong kind.
    """
    for name in ("raw", "suffix", "template"):
        if body.get(name):
            raise Unsupported(
                f"{name} works only where the model's backend is an Ollama server", path=name
            )
    messages = []
    system = read_text(body.get("system"), "system")
    if system:
        messages.append(Message(role="system", parts=(Text(system),)))
    prompt = read_text(body.get("prompt"), "prompt")
    parts: list[Part] = [Text(prompt)] if prompt else []
    for index, image in enumerate(read_items(body.get("images"), "images")):
        data = check_base64(image, f"images[{index}]", blame=InvalidRequest)
        parts.append(Image(data=data))
    if parts:
        messages.append(Message(role="user", parts=tuple(parts)))
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=tuple(messages),
        format=ollama.parse_format(body.get("format")),
        thinking=ollama.parse_think(body.get("think")),
        stream=read_flag(body.get("stream"), "stream") is not False,
        include_usage=True,
        settings=parse_settings(body, "generate"),
    )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> NoReturn:
    """Refuse: no backend is asked through /api/generate."""
    raise Unsupported("a chat cannot be written as a single prompt")


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer of /api/generate. Raises InvalidResponse when it is not finished."""
    response = read_text(body.get("response"), "response", blame=InvalidResponse)
    thinking = read_text(body.get("thinking"), "thinking", blame=InvalidResponse)
    message = {
        "role": "assistant",
        "content": response,
        "thinking": thinking,
        "tool_calls": body.get("tool_calls"),
    }
    return ollama.parse_response({**body, "message": message}, ids=ids)


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer; ``context`` is left out, as only the model's own server has it."""
    body: dict[str, Any] = {
        "model": stamp.model,
        "created_at": rfc3339(now),
        "response": text_of(response.message),
    }
    if response.message.thinking:
        body["thinking"] = response.message.thinking
    if response.message.tool_calls:
        calls = response.message.tool_calls
        body["tool_calls"] = ollama.dump_calls(calls, blame=InvalidResponse)
    numbers = ollama.dump_numbers(
        response.usage, response.timings or Timings(total=max(now - stamp.created, 1))
    )
    reason = ollama.dump_reason(response.finish_reason)
    body |= {"done": True, "done_reason": reason, **numbers}
    if response.logprobs:
        body["logprobs"] = list(response.logprobs)
    return body


class StreamEncoder(ollama_stream.StreamEncoder):
    """Events to bytes of a /api/generate stream."""

    _EMPTY = b'"response":""'
    _CALLS = b'"response":"","tool_calls":%b'

    def _text(self, event: TextDelta, head: bytes) -> bytes:
        return b'%b"response":%b,%b}\n' % (
            head,
            encode_json(event.text),
            self._tail(event.logprobs),
        )

    def _thinking(self, event: ThinkingDelta, head: bytes) -> bytes:
        return b'%b"response":"","thinking":%b,%b}\n' % (
            head,
            encode_json(event.text),
            self._tail(event.logprobs),
        )
