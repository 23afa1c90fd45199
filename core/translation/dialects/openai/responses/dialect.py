"""OpenAI's newer dialect: POST /v1/responses, items in and items out.

Follows OpenAI's API reference for responses (2026-08). An answer cut at its limit is
``incomplete`` and says why, which Ollama's own layer leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.errors import InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import (
    read_flag,
    read_object,
    read_text,
)
from core.translation.dialects.openai import fields
from core.translation.dialects.openai.chat import complete_logprobs, dump_format, parse_usage
from core.translation.dialects.openai.responses.items import dump_items, parse_items, parse_output
from core.translation.dialects.openai.responses.output import dump_output
from core.translation.dialects.openai.responses.tools import (
    ToolNames,
    client_choice,
    dump_tool,
    echo_tools,
    parse_tools,
)
from core.translation.dialects.shared.errors import check_error
from core.translation.dialects.shared.response_format import parse_format, read_format
from core.translation.dialects.shared.settings import Settings
from core.translation.dialects.shared.thinking import dump_effort, read_thinking
from core.translation.dialects.shared.tool_choice import offered_choice, parse_choice
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    NamedTool,
    ResponseFormat,
    Text,
    Usage,
    refuse_prompt,
)
from core.translation.stamp import Stamp

SETTINGS = Settings(fields.RESPONSES)


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /v1/responses.

    ``previous_response_id`` must have been replaced by what it stands for. Raises
    InvalidRequest with a JSON path, and Unsupported for what only OpenAI's servers can do.
    """
    for name in ("conversation", "prompt"):
        if body.get(name):
            raise Unsupported(f"{name} is not offered here; leave it out", path=name)
    messages = parse_items(body.get("input"))
    instructions = read_text(body.get("instructions"), "instructions")
    if instructions:
        messages.insert(0, Message(role="system", parts=(Text(instructions),)))
    if not messages:
        raise InvalidRequest("input must hold at least one item", path="input")
    settings = SETTINGS.parse(body)
    if settings.get("top_logprobs"):
        settings["logprobs"] = True
    text = body.get("text")
    text = {} if text is None else read_object(text, "text")
    if text.get("verbosity") is not None:
        settings["verbosity"] = text["verbosity"]
    tools = parse_tools(body)
    choice = parse_choice(body.get("tool_choice"))
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=tuple(messages),
        tools=tools,
        tool_choice=offered_choice(choice, tools, body) or client_choice(body),
        format=parse_format(text.get("format"), "text.format") or read_format(body),
        thinking=read_thinking(body),
        stream=read_flag(body.get("stream"), "stream") is True,
        include_usage=True,
        settings=settings,
    )


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /v1/responses, all of it in the request: nothing is stored."""
    refuse_prompt(request)
    body: dict[str, Any] = {"model": request.model, "input": dump_items(request.messages)}
    if request.tools:
        body["tools"] = [dump_tool(tool) for tool in request.tools]
        if request.tool_choice is not None:
            choice: Any = request.tool_choice
            if isinstance(choice, NamedTool):
                choice = {"type": "function", "name": choice.name}
            body["tool_choice"] = choice
    text: dict[str, Any] = {}
    if request.format is not None:
        text["format"] = _dump_format(request.format)
    if request.settings.get("verbosity") is not None:
        text["verbosity"] = request.settings["verbosity"]
    if text:
        body["text"] = text
    if request.thinking is not None:
        body["reasoning"] = {"effort": dump_effort(request.thinking)}
    body["stream"] = request.stream
    return {**body, **SETTINGS.dump(request.settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer. Raises InvalidResponse when it is none, BackendError if it failed."""
    del ids  # calls have ids of their own here
    check_error(body)
    if body.get("status") not in ("completed", "incomplete"):
        raise InvalidResponse("the backend's answer is not completed", path="status")
    message = parse_output(body.get("output"), blame=InvalidResponse)
    return ChatResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        message=message,
        finish_reason=_parse_reason(body, called=bool(message.tool_calls)),
        usage=parse_usage(body.get("usage")),
    )


def _parse_reason(body: Mapping[str, Any], *, called: bool) -> Any:
    if body.get("status") == "incomplete":
        details = body.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if called else "stop"


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer, which repeats what was asked. Times are in seconds."""
    output = dump_output(response.message, stamp.id, ToolNames(stamp.asked))
    said = next((item for item in output if item["type"] == "message"), None)
    if response.logprobs and said is not None:
        # Of an answer that is calls alone, this API has no place for them.
        said["content"][0]["logprobs"] = complete_logprobs(response.logprobs)
    frame = dump_frame(stamp, response.finish_reason)
    usage = dump_usage(response.usage)
    if frame["status"] == "completed":
        frame["completed_at"] = now // 1_000_000_000
    return {**frame, "output": output, "usage": usage}


# What is repeated of the request, and what OpenAI says where nothing was asked. The published
# schemas require all of it, the numbers as numbers.
_REPEATED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "truncation": "disabled",
    "user": None,
}


def dump_frame(stamp: Stamp, reason: str = "") -> dict[str, Any]:
    """Write the answer but for its output: ``reason`` is empty while it is being made."""
    asked = stamp.asked
    status = {"": "in_progress", "length": "incomplete", "content_filter": "incomplete"}
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reason)
    repeated = {
        name: asked[name] if asked.get(name) is not None else default
        for name, default in _REPEATED.items()
    }
    text, reasoning = asked.get("text"), asked.get("reasoning")
    return {
        "id": f"resp_{stamp.id}",
        "object": "response",
        "created_at": stamp.created // 1_000_000_000,
        "completed_at": None,
        "status": status.get(reason, "completed"),
        "background": False,
        "error": None,
        "incomplete_details": {"reason": why} if why else None,
        "model": stamp.model,
        "output": [],
        **repeated,
        "text": {"format": {"type": "text"}, **(text if isinstance(text, dict) else {})},
        "reasoning": {
            "effort": None,
            "summary": None,
            **(reasoning if isinstance(reasoning, dict) else {}),
        },
        "tools": echo_tools(asked.get("tools")),
        "usage": None,
    }


def dump_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Write ``usage``, whose details are required here: 0 where they are not known.

    Null where the backend gave no counts, as before an answer is over.
    """
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens or 0,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _dump_format(value: ResponseFormat) -> dict[str, Any]:
    """Write ``text.format``: what chat completions wrap in ``json_schema`` stands bare here."""
    body = dump_format(value)
    wrapped = body.pop("json_schema", {})
    return {**body, **wrapped}
