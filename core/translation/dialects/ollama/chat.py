"""Ollama's native chat dialect: POST /api/chat, NDJSON streams, ``{"error": "text"}``.

Follows api/types.go, api/client.go and docs/api.md of Ollama 0.33.0-rc2; where older servers
differ, the comment names the version. Nothing is injected: what a client did not send is not
written, so that the Modelfile's own values hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from core.errors import DiglotError, InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import (
    arguments_object,
    encode_json,
    read_arguments,
    read_count,
    read_field,
    read_flag,
    read_items,
    read_object,
    read_objects,
    read_text,
)
from core.translation.dialects.ollama import fields
from core.translation.dialects.shared.answers.call_pieces import read_calls
from core.translation.dialects.shared.answers.finish_reasons import read_reason
from core.translation.dialects.shared.answers.said import read_said
from core.translation.dialects.shared.content import check_base64, read_role
from core.translation.dialects.shared.errors import check_error
from core.translation.dialects.shared.settings import Settings
from core.translation.dialects.shared.tool_definitions import dump_tool, parse_tools
from core.translation.messages import (
    Audio,
    ChatRequest,
    ChatResponse,
    FinishReason,
    Image,
    Message,
    Part,
    ResponseFormat,
    Text,
    Timings,
    ToolCall,
    Usage,
    refuse_prompt,
    text_of,
)
from core.translation.stamp import Stamp, rfc3339

SETTINGS = Settings(fields.CHAT)

# api/types.go ThinkValue: a bool or one of these; anything else is a 400.
_LEVELS = frozenset({"low", "medium", "high", "max"})
_TO_LEVEL = {"minimal": "low", "xhigh": "max"}


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /api/chat. Raises InvalidRequest with a JSON path."""
    messages = read_items(body.get("messages"), "messages")
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=tuple(_parse_message(m, f"messages[{i}]") for i, m in enumerate(messages)),
        tools=parse_tools(body.get("tools"), "ollama"),
        format=parse_format(body.get("format")),
        thinking=parse_think(body.get("think")),
        # docs/api.md: a request that does not say streams.
        stream=read_flag(body.get("stream"), "stream") is not False,
        include_usage=True,
        settings=SETTINGS.parse(body),
    )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /api/chat. ``stream`` is always said, as defaults differ.

    ``accepts`` holds "audio" for a model that hears. Raises Unsupported for a sound to any
    other model, and for an image that is still an address.
    """
    refuse_prompt(request)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _dump_messages(request.messages, "audio" in accepts),
    }
    if request.tools and request.tool_choice != "none":
        body["tools"] = [dump_tool(tool) for tool in request.tools]
    return {**body, **dump_rest(request, SETTINGS, accepts)}


def dump_rest(request: ChatRequest, settings: Settings, accepts: Collection[str]) -> dict[str, Any]:
    """Write what both native dialects say alike."""
    body: dict[str, Any] = {}
    if request.format is not None:
        body["format"] = "json" if request.format.schema is None else request.format.schema
    if request.thinking is not None:
        body["think"] = dump_think(request.thinking)
    body["stream"] = request.stream
    return {**body, **settings.dump(request.settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer. ``ids`` seeds the ids of calls that have none (before 0.12.10).

    Raises InvalidResponse when the shape is wrong or the answer is not finished, and
    BackendError when it is an error that came with a good status.
    """
    check_error(body)
    if not body.get("done"):
        raise InvalidResponse("the backend's answer is not marked as done")
    raw = body.get("message")
    raw = {} if raw is None else read_object(raw, "message", blame=InvalidResponse)
    thinking, text = read_said(raw, "message")
    calls = read_calls(raw.get("tool_calls"), "message.tool_calls", ids=ids, whole=True)
    return ChatResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        message=Message(
            role="assistant",
            parts=(Text(text),) if text else (),
            thinking=thinking,
            tool_calls=calls,
        ),
        finish_reason=read_reason(body.get("done_reason"), called=bool(calls)),
        usage=parse_usage(body),
        timings=parse_timings(body),
        logprobs=read_objects(body.get("logprobs"), "logprobs", blame=InvalidResponse),
    )


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer. ``now`` is the time of its end in ns since the epoch."""
    message: dict[str, Any] = {"role": "assistant", "content": text_of(response.message)}
    if response.message.thinking:
        message["thinking"] = response.message.thinking
    if response.message.tool_calls:
        calls, ended = response.message.tool_calls, response.finish_reason
        message["tool_calls"] = dump_calls(calls, blame=InvalidResponse, ended=ended)
    timings = response.timings or Timings(total=max(now - stamp.created, 1))
    body = {
        "model": stamp.model,
        "created_at": rfc3339(now),
        "message": message,
        "done": True,
        "done_reason": dump_reason(response.finish_reason),
        **dump_numbers(response.usage, timings),
    }
    if response.logprobs:
        body["logprobs"] = list(response.logprobs)
    return body


def dump_error(error: DiglotError) -> dict[str, Any]:
    """Write an error body: natively a bare text."""
    return {"error": error.message}


def parse_format(value: Any) -> ResponseFormat | None:
    """Read ``format``: "json", a schema, or nothing (absent, null and "" alike)."""
    if value is None or value == "":
        return None
    if value == "json":
        return ResponseFormat()
    if isinstance(value, dict):
        return ResponseFormat(schema=value)
    raise InvalidRequest('format must be "json" or a JSON Schema object', path="format")


def parse_think(value: Any) -> bool | str | None:
    """Read ``think``: a bool or a level."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _LEVELS:
        return value
    raise InvalidRequest(
        'think must be true, false, "low", "medium", "high" or "max"', path="think"
    )


def dump_think(value: bool | str) -> bool | str:
    """Write an effort as ``think``; "none" is false, the levels of OpenAI map as Ollama does."""
    if isinstance(value, bool):
        return value
    return False if value == "none" else _TO_LEVEL.get(value, value)


def dump_reason(reason: FinishReason) -> str:
    """Map a finish reason; there is no native word for tool_calls and content_filter."""
    return "length" if reason == "length" else "stop"


def parse_usage(body: dict[str, Any]) -> Usage:
    """Read the counts of the last object. Go leaves zeros out, so absent means 0."""
    cached = "prompt_eval_cached_count"
    return Usage(
        prompt_tokens=read_count(body.get("prompt_eval_count")),
        completion_tokens=read_count(body.get("eval_count")),
        cached_tokens=read_count(body[cached]) if cached in body else None,
    )


def parse_timings(body: dict[str, Any]) -> Timings:
    """Read the durations of the last object, in nanoseconds."""
    return Timings(
        total=read_count(body.get("total_duration")),
        load=read_count(body.get("load_duration")),
        prompt=read_count(body.get("prompt_eval_duration")),
        completion=read_count(body.get("eval_duration")),
    )


def dump_numbers(usage: Usage | None, timings: Timings) -> dict[str, int]:
    """Write counts and durations; zeros are left out, as Go's omitempty does."""
    numbers = {
        "total_duration": timings.total,
        "load_duration": timings.load,
        "prompt_eval_count": usage.prompt_tokens if usage else 0,
        "prompt_eval_cached_count": (usage.cached_tokens or 0) if usage else 0,
        "prompt_eval_duration": timings.prompt,
        "eval_count": usage.completion_tokens if usage else 0,
        "eval_duration": timings.completion,
    }
    return {name: value for name, value in numbers.items() if value > 0}


def dump_calls(
    calls: Iterable[ToolCall],
    path: str = "tool_calls",
    *,
    blame: type[DiglotError],
    ended: str = "",
) -> list[dict[str, Any]]:
    """Write tool calls: arguments as an object, numbered in order.

    ``ended`` is the finish reason of the answer that they are in.
    """
    dumped = []
    for index, call in enumerate(calls):
        place = f"{path}[{index}].function.arguments"
        text = read_arguments(call.arguments, place, blame=blame, ended=ended)
        function = {"index": index, "name": call.name, "arguments": arguments_object(text)}
        dumped.append({"id": call.id, "function": function} if call.id else {"function": function})
    return dumped


def _parse_message(value: Any, path: str) -> Message:
    body = read_object(value, path)
    parts: list[Part] = []
    content = body.get("content")
    if isinstance(content, list):
        raise InvalidRequest(
            f"{path}.content must be a string in Ollama's dialect; put images in images",
            path=f"{path}.content",
        )
    text = read_text(content, f"{path}.content")
    if text:
        parts.append(Text(text))
    for index, image in enumerate(read_items(body.get("images"), f"{path}.images")):
        place = f"{path}.images[{index}]"
        parts.append(Image(data=check_base64(image, place, blame=InvalidRequest)))
    calls = read_items(body.get("tool_calls"), f"{path}.tool_calls")
    return Message(
        # api/types.go lower-cases roles.
        role=read_role(body, path, blame=InvalidRequest),
        parts=tuple(parts),
        thinking=read_field(body, "thinking", path),
        tool_calls=tuple(_parse_call(c, f"{path}.tool_calls[{i}]") for i, c in enumerate(calls)),
        tool_call_id=read_field(body, "tool_call_id", path),
        name=read_field(body, "tool_name", path),
    )


def _parse_call(value: Any, path: str) -> ToolCall:
    body = read_object(value, path)
    function = read_object(body.get("function"), f"{path}.function")
    arguments, place = function.get("arguments"), f"{path}.function.arguments"
    if isinstance(arguments, str):
        # OpenAI's form, as clients keep it in a history that they got there.
        text = read_arguments(arguments, place, blame=InvalidRequest)
    else:
        given = read_object({} if arguments is None else arguments, place)
        text = encode_json(given).decode()
    return ToolCall(
        id=read_field(body, "id", path),
        name=read_field(function, "name", f"{path}.function"),
        arguments=text,
    )


def _dump_messages(messages: Iterable[Message], hears: bool) -> list[dict[str, Any]]:
    dumped: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in messages:
        # Only some renderers know OpenAI's newer word for system.
        role = "system" if message.role == "developer" else message.role
        path = f"messages[{len(dumped)}]"
        body: dict[str, Any] = {"role": role, "content": text_of(message)}
        if message.thinking:
            body["thinking"] = message.thinking
        images = _dump_images(message.parts, path, hears)
        if images:
            body["images"] = images
        if message.tool_calls:
            calls = dump_calls(message.tool_calls, f"{path}.tool_calls", blame=InvalidRequest)
            body["tool_calls"] = calls
            # Some templates repeat ids over turns: the last call of an id is the one meant.
            names.update({call.id: call.name for call in message.tool_calls if call.id})
        if message.role == "tool":
            name = message.name or names.get(message.tool_call_id, "")
            if name:
                body["tool_name"] = name
            if message.tool_call_id:
                body["tool_call_id"] = message.tool_call_id
        dumped.append(body)
    return dumped


def _dump_images(parts: Iterable[Part], path: str, hears: bool) -> list[str]:
    images = []
    for index, part in enumerate(parts):
        place = f"{path}.content[{index}]"
        if isinstance(part, Audio):
            if not hears:
                raise Unsupported(
                    "this model takes no audio; send the text of it, or ask a model with the "
                    "capability audio",
                    path=place,
                )
            # openai/openai.go: sounds travel among the images.
            images.append(part.data)
        if isinstance(part, Image):
            if not part.data:
                raise Unsupported(
                    "Ollama's native API takes images as base64 data, not as addresses; send "
                    "the image as a data: URL",
                    path=place,
                )
            images.append(part.data)
    return images
