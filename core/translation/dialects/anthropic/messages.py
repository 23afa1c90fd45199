"""Anthropic's dialect: POST /v1/messages, server-sent events, ``{"type": "error", ...}``.

Follows Anthropic's Messages API (version 2023-06-01, as of 2026-08). Thinking is off where a
request does not ask for it, as that API has it; Ollama's own layer leaves it on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError, InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import (
    read_count,
    read_flag,
    read_items,
    read_name,
    read_object,
    read_text,
)
from core.translation.dialects.anthropic import fields
from core.translation.dialects.anthropic.answer_blocks import read_blocks
from core.translation.dialects.anthropic.blocks import (
    dump_messages,
    dump_said,
    parse_messages,
    parse_system,
)
from core.translation.dialects.shared.answers.finish_reasons import read_reason, read_stop
from core.translation.dialects.shared.client_tools import ANTHROPIC, with_details
from core.translation.dialects.shared.errors import TOO_LONG, check_error, too_long_words
from core.translation.dialects.shared.response_format import parse_format, read_format
from core.translation.dialects.shared.settings import Settings
from core.translation.dialects.shared.thinking import SWITCHES, effort_of, read_thinking
from core.translation.dialects.shared.tool_choice import offered_choice, parse_choice
from core.translation.dialects.shared.tool_definitions import parse_definition
from core.translation.events import Finish, MessageStart, ToolCallDelta, accumulate
from core.translation.fields.kinds import client_tool, left_out
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    FinishReason,
    NamedTool,
    ResponseFormat,
    Tool,
    ToolChoice,
    Usage,
    refuse_prompt,
)
from core.translation.stamp import Stamp

SETTINGS = Settings(fields.MESSAGES)

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /v1/messages. Raises InvalidRequest with a JSON path."""
    messages = parse_messages(body.get("messages"))
    if not messages:
        raise InvalidRequest("messages must hold at least one message", path="messages")
    _refuse_elsewhere(body)
    settings = SETTINGS.parse(body)
    user = body.get("metadata")
    if isinstance(user, dict) and isinstance(user.get("user_id"), str):
        settings["user"] = user["user_id"]
    choice, one_call = _parse_choice(body.get("tool_choice"))
    tools = _parse_tools(body.get("tools"))
    if one_call:
        settings["parallel_tool_calls"] = False
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=(*parse_system(body.get("system")), *messages),
        tools=tools,
        tool_choice=offered_choice(choice, tools, body),
        format=_parse_format(body),
        thinking=_parse_thinking(body),
        stream=read_flag(body.get("stream"), "stream") is True,
        include_usage=True,
        settings=settings,
    )


def _refuse_elsewhere(body: dict[str, Any]) -> None:
    """Raise for a conversation that is not in the request: it would be answered without it."""
    thread, container = body.get("thread"), body.get("container")
    if isinstance(thread, dict) and thread.get("type") == "continue":
        raise InvalidRequest(
            "no thread is kept here for this: send the whole conversation with thread "
            '{"type": "create"}',
            code="thread_not_found",
            path="thread",
        )
    identity = container.get("id") if isinstance(container, dict) else container
    if identity:
        raise Unsupported(
            f"container {identity!r} is not kept here: files and programs of an earlier turn are "
            "on the server that ran them. Start a new conversation.",
            path="container",
        )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /v1/messages. ``max_tokens`` is required there: 4096 if unsaid."""
    refuse_prompt(request)
    system, messages = dump_messages(request.messages)
    body: dict[str, Any] = {"model": request.model}
    if system:
        body["system"] = system[0]["text"] if len(system) == 1 else system
    body["messages"] = messages
    if request.tools:
        body["tools"] = [_dump_tool(tool) for tool in request.tools]
    choice = _dump_choice(request)
    if choice:
        body["tool_choice"] = choice
    if request.format is not None and request.format.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": request.format.schema}}
    if request.thinking in (None, False, "none"):
        pass  # off is what is meant there by saying nothing
    elif request.thinking is True:
        body["thinking"] = {"type": "adaptive"}
    else:
        effort = "low" if request.thinking == "minimal" else request.thinking
        body["thinking"] = {"type": "adaptive"}
        body["output_config"] = {**body.get("output_config", {}), "effort": effort}
    body["stream"] = request.stream
    return {**body, "max_tokens": 4096, **SETTINGS.dump(request.settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer. Raises InvalidResponse when it is none."""
    check_error(body)
    if body.get("content") is None or "stop_reason" not in body:
        raise InvalidResponse("the backend's answer holds no content", path="content")
    model = read_text(body.get("model"), "model", blame=InvalidResponse)
    said = read_blocks(body["content"], ids=ids)
    reason = read_reason(
        body["stop_reason"], called=any(isinstance(e, ToolCallDelta) for e in said)
    )
    finish = Finish(reason=reason, stop=read_stop(body), usage=parse_usage(body.get("usage")))
    return accumulate([MessageStart(model), *said, finish])


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer: thinking, text and calls as blocks in this order."""
    del now  # answers are not dated here
    ended = response.finish_reason
    content = dump_said(response.message, blame=InvalidResponse, ended=ended)
    return {
        "id": f"msg_{stamp.id}",
        "type": "message",
        "role": "assistant",
        "model": stamp.model,
        "content": content,
        **dump_end(ended, response.stop),
        "usage": dump_usage(response.usage or Usage()),
    }


def dump_error(error: DiglotError) -> dict[str, Any]:
    """Write an error body, with Anthropic's word for the kind of status."""
    body: dict[str, Any] = {
        "type": error_type(error.status),
        "message": error_words(error.message, error.code),
    }
    if error.code.startswith("thread_"):
        # That API's clients act on this: they send the whole conversation again.
        body["details"] = {"error_code": error.code}
    return {"type": "error", "error": body, "request_id": error.request_id}


def error_words(message: str, code: str) -> str:
    """Return the words of an error, as clients of this API know them."""
    return too_long_words(message) if code == TOO_LONG else message


def error_type(status: int) -> str:
    """Return Anthropic's error type for a status."""
    known = _ERROR_TYPES.get(status)
    return known or ("invalid_request_error" if 400 <= status < 500 else "api_error")


def error_status(kind: Any) -> int:
    """Return the HTTP status that an error type stands for, 500 for types of no standard."""
    return next((status for status, name in _ERROR_TYPES.items() if name == kind), 500)


def dump_end(reason: FinishReason, stop: str) -> dict[str, Any]:
    """Write why an answer ended, and which stop sequence it was where the backend says so."""
    if stop and reason == "stop":
        return {"stop_reason": "stop_sequence", "stop_sequence": stop}
    return {"stop_reason": _STOP_REASONS[reason], "stop_sequence": None}


def parse_usage(value: Any) -> Usage:
    """Read the counts; input that came from or went to a cache is counted apart there."""
    usage = value if isinstance(value, dict) else {}
    cached = usage.get("cache_read_input_tokens")
    known = None if cached is None else read_count(cached)
    written = read_count(usage.get("cache_creation_input_tokens"))
    return Usage(
        prompt_tokens=read_count(usage.get("input_tokens")) + (known or 0) + written,
        completion_tokens=read_count(usage.get("output_tokens")),
        cached_tokens=known,
    )


def dump_usage(usage: Usage) -> dict[str, Any]:
    """Write the counts; cached input stands apart from the rest of the input."""
    cached = usage.cached_tokens or 0
    body = {
        "input_tokens": max(usage.prompt_tokens - cached, 0),
        "output_tokens": usage.completion_tokens,
    }
    return body if usage.cached_tokens is None else {**body, "cache_read_input_tokens": cached}


def _parse_tools(value: Any) -> tuple[Tool, ...]:
    tools = []
    for index, item in enumerate(read_items(value, "tools")):
        path = f"tools[{index}]"
        body = read_object(item, path)
        if left_out("anthropic", "tools[]", body):
            continue
        kind = client_tool("anthropic", body)
        if kind:
            tools.append(_client_tool(kind, body, path))
            continue
        tool = parse_definition(body, path)
        tools.append(tool if tool.parameters is not None else replace(tool, parameters={}))
    return tuple(tools)


def _client_tool(kind: str, body: dict[str, Any], path: str) -> Tool:
    """Return a tool that the API knows as a function with its schema, under the client's name."""
    tool = replace(ANTHROPIC[kind], name=read_name(body, path))
    return with_details(tool, {key: body[key] for key in fields.SAID if body.get(key) is not None})


def _dump_tool(tool: Tool) -> dict[str, Any]:
    body: dict[str, Any] = {"name": tool.name}
    if tool.description:
        body["description"] = tool.description
    body["input_schema"] = tool.parameters or {"type": "object", "properties": {}}
    return body if tool.strict is None else {**body, "strict": tool.strict}


def _parse_choice(value: Any) -> tuple[ToolChoice | None, bool]:
    body = value if isinstance(value, dict) else {}
    one_call = read_flag(
        body.get("disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use"
    )
    return parse_choice(value), one_call is True


def _dump_choice(request: ChatRequest) -> dict[str, Any]:
    one_call = request.settings.get("parallel_tool_calls") is False
    choice: dict[str, Any] = {}
    if isinstance(request.tool_choice, NamedTool):
        choice = {"type": "tool", "name": request.tool_choice.name}
    elif request.tool_choice is not None:
        choice = {"type": "any" if request.tool_choice == "required" else request.tool_choice}
    if one_call and request.tools:
        choice = {"type": "auto", **choice, "disable_parallel_tool_use": True}
    return choice


def _parse_format(body: dict[str, Any]) -> ResponseFormat | None:
    config = body.get("output_config")
    value = config.get("format") if isinstance(config, dict) else None
    path = "output_config.format"
    if value is None:
        # Its older place, which Ollama does not look at: what is no object holds none.
        value, path = body.get("output_format"), "output_format"
        value = value if isinstance(value, dict) else None
    return parse_format(value, path) or read_format(body)


def _parse_thinking(body: dict[str, Any]) -> bool | str:
    """Read whether to think, and how hard. Off where nothing asks for it."""
    thinking = body.get("thinking")
    if thinking is None:
        # What else clients write of it, having come from other dialects.
        return read_thinking(body) or False
    given = read_object(thinking, "thinking")
    kind = read_text(given.get("type"), "thinking.type")
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if not SWITCHES.get(kind):
        # Effort alone is about how many words there are, not about thinking.
        return False
    if isinstance(effort, str) and effort in _EFFORTS:
        return effort
    return effort_of(given.get("budget_tokens")) or True
