"""Ollama's other native dialect: POST /api/generate, a prompt instead of messages.

Options, formats, streams and errors are those of the chat dialect; only the prompt and the
answer's ``response`` differ. A prompt that goes through the model's template is a chat of one
turn and becomes one elsewhere; with ``raw`` or ``suffix`` it is bare text to be gone on with.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.errors import InvalidRequest, Unsupported
from core.translation.codec.json import read_flag, read_items, read_text
from core.translation.dialects.ollama import chat as ollama
from core.translation.dialects.ollama import chat_stream as ollama_stream
from core.translation.dialects.ollama import fields
from core.translation.dialects.shared.content import check_base64
from core.translation.dialects.shared.settings import Settings
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    Part,
    Prompt,
    Text,
)
from core.translation.stamp import Stamp

SETTINGS = Settings(fields.GENERATE)

StreamDecoder = ollama_stream.StreamDecoder


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /api/generate: system and prompt become messages of a chat.

    Raises Unsupported for ``template``, which only the model's own server can apply, and
    InvalidRequest with a JSON path for values of the wrong kind.
    """
    if body.get("template"):
        raise Unsupported(
            "template works only where the model's backend is an Ollama server", path="template"
        )
    bare = read_flag(body.get("raw"), "raw") is True or bool(body.get("suffix"))
    if bare:
        return _request(body, prompt=_bare_prompt(body))
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
    return _request(body, messages=tuple(messages))


def _bare_prompt(body: dict[str, Any]) -> Prompt:
    for name in ("images", "system"):
        if body.get(name):
            raise Unsupported(f"{name} has no place in a prompt without a template", path=name)
    return Prompt(
        text=read_text(body.get("prompt"), "prompt"),
        suffix=read_text(body.get("suffix"), "suffix"),
    )


def _request(body: dict[str, Any], **asked: Any) -> ChatRequest:
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        format=ollama.parse_format(body.get("format")),
        thinking=ollama.parse_think(body.get("think")),
        stream=read_flag(body.get("stream"), "stream") is not False,
        include_usage=True,
        settings=SETTINGS.parse(body),
        **asked,
    )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /api/generate for bare text. Raises Unsupported for a chat.

    With a suffix the model's own fill-in-the-middle template is used, which raw mode skips.
    """
    if request.prompt is None:
        raise Unsupported("a chat cannot be written as a single prompt", path="messages")
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt.text}
    if request.prompt.suffix:
        body["suffix"] = request.prompt.suffix
    else:
        body["raw"] = True
    return {**body, **ollama.dump_rest(request, SETTINGS, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer of /api/generate. Raises InvalidResponse when it is not finished."""
    message = {
        "content": body.get("response"),
        "thinking": body.get("thinking"),
        "tool_calls": body.get("tool_calls"),
    }
    return ollama.parse_response({**body, "message": message}, ids=ids)


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer; ``context`` is left out, as only the model's own server has it."""
    whole = ollama.dump_response(response, stamp=stamp, now=now)
    message = whole.pop("message")
    head = {key: whole.pop(key) for key in ("model", "created_at")}
    said = {key: message[key] for key in ("thinking", "tool_calls") if key in message}
    return {**head, "response": message["content"], **said, **whole}


class StreamEncoder(ollama_stream.StreamEncoder):
    """Events to bytes of a /api/generate stream."""

    _TEXT = b'"response":%b'
    _THINKING = b'"response":"","thinking":%b'
    _CALLS = b'"response":"","tool_calls":%b'
