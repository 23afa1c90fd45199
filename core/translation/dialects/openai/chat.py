"""OpenAI's chat dialect: POST /v1/chat/completions, SSE streams, ``{"error": {...}}``.

Follows OpenAI's API reference for chat completions (2026-08) and, for what compatible servers
add, Ollama's openai/openai.go (0.33.0-rc2) and llama.cpp's server: thinking is read from
``reasoning_content`` and ``reasoning`` alike and written as ``reasoning_content``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core.errors import AccessDenied, BackendError, DiglotError, InvalidRequest, InvalidResponse
from core.translation.codec.json import (
    encode_json,
    read_count,
    read_flag,
    read_items,
    read_object,
    read_objects,
    read_text,
)
from core.translation.dialects.openai import fields
from core.translation.dialects.openai.chat_messages import (
    dump_call,
    dump_messages,
    dump_text,
    parse_messages,
)
from core.translation.dialects.openai.custom_calls import custom_names, dump_custom, functions_of
from core.translation.dialects.shared.answers.call_pieces import read_calls
from core.translation.dialects.shared.answers.finish_reasons import read_reason, read_stop
from core.translation.dialects.shared.answers.said import read_said
from core.translation.dialects.shared.content import refuse_empty
from core.translation.dialects.shared.errors import ERROR_TYPES, check_error, parse_error
from core.translation.dialects.shared.response_format import read_format
from core.translation.dialects.shared.settings import Settings
from core.translation.dialects.shared.thinking import dump_effort, read_thinking
from core.translation.dialects.shared.tool_choice import dump_choice, offered_choice, parse_choice
from core.translation.dialects.shared.tool_definitions import (
    dump_tool,
    parse_functions,
    parse_tools,
)
from core.translation.fields.allowed_tools import mark_barred
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    ResponseFormat,
    Text,
    Timings,
    Usage,
    refuse_prompt,
)
from core.translation.stamp import Stamp

SETTINGS = Settings(fields.CHAT)


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /v1/chat/completions. Raises InvalidRequest with a JSON path."""
    messages = read_items(body.get("messages"), "messages")
    if not messages:
        raise InvalidRequest("messages must hold at least one message", path="messages")
    parsed = parse_messages(messages)
    tools = parse_tools(mark_barred(body).get("tools"), "openai")
    tools = tools or parse_functions(body.get("functions"))
    choice = parse_choice(body.get("tool_choice")) or parse_choice(body.get("function_call"))
    last = f"messages[{len(messages) - 1}].content"
    refuse_empty(parsed[-1], messages[-1].get("content"), last)
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        messages=parsed,
        tools=tools,
        tool_choice=offered_choice(choice, tools, body),
        format=read_format(body),
        thinking=read_thinking(body),
        stream=read_flag(body.get("stream"), "stream") is True,
        include_usage=wants_usage(body),
        settings=SETTINGS.parse(body),
    )


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Tell whether a stream is to end with its counts. Raises InvalidRequest."""
    options = body.get("stream_options")
    options = {} if options is None else read_object(options, "stream_options")
    return read_flag(options.get("include_usage"), "stream_options.include_usage") is True


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /v1/chat/completions.

    ``accepts`` names the settings beyond OpenAI's own that the server is known to take.
    """
    refuse_prompt(request)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": dump_messages(request.messages),
    }
    if request.tools:
        body["tools"] = [dump_tool(tool, strict=True) for tool in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = dump_choice(request.tool_choice)
    if request.format is not None:
        body["response_format"] = dump_format(request.format)
    if request.thinking is not None:
        body["reasoning_effort"] = dump_effort(request.thinking)
    body["stream"] = request.stream
    if request.stream and request.include_usage:
        body["stream_options"] = {"include_usage": True}
    return {**body, **SETTINGS.dump(request.settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer.

    Raises InvalidResponse when it holds no choice, and BackendError when it is an error that
    came with a good status.
    """
    choice = first_choice(body)
    if choice.get("error"):
        raise choice_error(choice["error"])
    path = "choices[0].message"
    said = read_object(spoken(choice), path, blame=InvalidResponse)
    thinking, text = read_said(said, path)
    calls = read_calls(functions_of(called(said)), f"{path}.tool_calls", ids=ids)
    return ChatResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        message=Message(
            role="assistant",
            parts=(Text(text),) if text else (),
            thinking=thinking,
            tool_calls=calls,
        ),
        finish_reason=read_reason(choice.get("finish_reason"), called=bool(calls)),
        stop=read_stop(choice),
        usage=find_usage(body),
        timings=parse_timings(body.get("timings")),
        logprobs=parse_logprobs(choice.get("logprobs")),
    )


def first_choice(body: dict[str, Any]) -> dict[str, Any]:
    """Return the choice of a whole answer. Raises InvalidResponse, BackendError."""
    check_error(body)
    choices = read_items(body.get("choices"), "choices", blame=InvalidResponse)
    if not choices:
        raise InvalidResponse("the backend's answer holds no choice", path="choices")
    return read_object(choices[0], "choices[0]", blame=InvalidResponse)


def choice_error(error: Any) -> BackendError:
    """Read the error of one choice, as OpenRouter tells that a provider failed half-way."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else BackendError.status
    return parse_error(encode_json({"error": error}), status)


def spoken(choice: Mapping[str, Any]) -> Any:
    """Return what a choice says: a message, a piece of one, or bare text as completions have it."""
    said = choice.get("delta") or choice.get("message")
    if said is None and choice.get("text"):
        return {"content": choice["text"]}
    return choice.get("delta") if said is None else said


def called(said: Mapping[str, Any]) -> Any:
    """Return the calls in a message or a piece of one; a ``function_call`` is the older form."""
    older = said.get("function_call")
    return said.get("tool_calls") or ([{"function": older}] if older else None)


def parse_logprobs(value: Any) -> tuple[dict[str, Any], ...]:
    """Read the entries of ``logprobs``; null has none."""
    entries = value.get("content") if isinstance(value, dict) else None
    return read_objects(entries, "choices[0].logprobs.content", blame=InvalidResponse)


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer. ``created`` is the start of the request in seconds."""
    del now  # natively the end of an answer is dated, here its start
    message: dict[str, Any] = {
        "role": "assistant",
        **dump_text(response.message),
        "refusal": None,
    }
    if response.message.thinking:
        message["reasoning_content"] = response.message.thinking
    reason: str = response.finish_reason
    if response.message.tool_calls and wants_functions(stamp):
        # That dialect knows one call a turn.
        message["function_call"] = dump_call(response.message.tool_calls[0])["function"]
        reason = "function_call" if reason == "tool_calls" else reason
    elif response.message.tool_calls:
        custom = custom_names(stamp.asked)
        message["tool_calls"] = [
            dump_custom(call) if call.name in custom else dump_call(call)
            for call in response.message.tool_calls
        ]
    logprobs = {"content": complete_logprobs(response.logprobs), "refusal": None}
    return {
        "id": f"chatcmpl-{stamp.id}",
        "object": "chat.completion",
        "created": stamp.created // 1_000_000_000,
        "model": stamp.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": reason,
                "logprobs": logprobs if response.logprobs else None,
            }
        ],
        **counted(response.usage),
    }


def wants_functions(stamp: Stamp) -> bool:
    """Tell whether the client speaks of ``functions``, and so knows no ``tool_calls``."""
    return bool(stamp.asked.get("functions")) and not stamp.asked.get("tools")


def dump_error(error: DiglotError) -> dict[str, Any]:
    """Write an error body, with OpenAI's word for the kind of status."""
    return {
        "error": {
            "message": error.message,
            "type": error_type(error.status, denied=isinstance(error, AccessDenied)),
            "param": error.path,
            "code": error.code,
        }
    }


def error_type(status: int, *, denied: bool = False) -> str:
    """Return OpenAI's error type for a status."""
    if status == 401 or (denied and status not in (403, 429)):
        return "authentication_error"
    for name, own in ERROR_TYPES.items():
        if status == own:
            return name
    return "invalid_request_error" if 400 <= status < 500 else "api_error"


def dump_format(value: ResponseFormat) -> dict[str, Any]:
    """Write ``response_format``. OpenAI requires a name, so a schema without one gets it."""
    if value.schema is None:
        return {"type": "json_object"}
    wrapper: dict[str, Any] = {"name": value.name or "answer"}
    if value.description:
        wrapper["description"] = value.description
    wrapper["schema"] = value.schema
    if value.strict is not None:
        wrapper["strict"] = value.strict
    return {"type": "json_schema", "json_schema": wrapper}


def find_usage(body: Mapping[str, Any]) -> Usage | None:
    """Return the counts of an answer or a chunk, wherever its server puts them; None without any.

    Groq has them in ``x_groq``, Moonshot in the choice, and llama.cpp in its timings.
    """
    groq, timings, choices = body.get("x_groq"), body.get("timings"), body.get("choices")
    places = [body.get("usage"), groq.get("usage") if isinstance(groq, dict) else None]
    for choice in choices if isinstance(choices, list) else ():
        places.append(choice.get("usage") if isinstance(choice, dict) else None)
    found = next((usage for usage in map(parse_usage, places) if usage is not None), None)
    if found is None and isinstance(timings, dict) and "prompt_n" in timings:
        cached = read_count(timings.get("cache_n"))
        return Usage(
            prompt_tokens=read_count(timings["prompt_n"]) + cached,
            completion_tokens=read_count(timings.get("predicted_n")),
        )
    return found


def parse_usage(value: Any) -> Usage | None:
    """Read ``usage``; None where the server sent none. Some say input and output, as newer APIs."""
    if not isinstance(value, dict):
        return None
    cached = _detail(value, ("prompt_tokens_details", "input_tokens_details"), "cached_tokens")
    if cached is None:
        # DeepSeek's name, and Moonshot's.
        cached = next(
            (read_count(value[name]) for name in ("prompt_cache_hit_tokens", "cached_tokens")
             if value.get(name) is not None), None)  # fmt: skip
    made = ("completion_tokens_details", "output_tokens_details")
    return Usage(
        prompt_tokens=read_count(value.get("prompt_tokens", value.get("input_tokens"))),
        completion_tokens=read_count(value.get("completion_tokens", value.get("output_tokens"))),
        cached_tokens=cached,
        reasoning_tokens=_detail(value, made, "reasoning_tokens"),
    )


def _detail(usage: dict[str, Any], groups: tuple[str, str], name: str) -> int | None:
    for group in groups:
        details = usage.get(group)
        if isinstance(details, dict) and details.get(name) is not None:
            return read_count(details[name])
    return None


def counted(usage: Usage | None) -> dict[str, Any]:
    """Return ``usage`` for a whole answer, which OpenAI's document does not require to have one.

    Counts that the backend did not give are left out: zeros would be a lie.
    """
    return {} if usage is None else {"usage": dump_usage(usage)}


def dump_usage(usage: Usage) -> dict[str, Any]:
    """Write the counts; details only where they are known."""
    body: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
    if usage.cached_tokens is not None:
        body["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    if usage.reasoning_tokens is not None:
        body["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return body


def parse_timings(value: Any) -> Timings | None:
    """Read llama.cpp's ``timings`` (milliseconds, as floats); None where nothing was measured."""
    if not isinstance(value, dict):
        return None
    prompt = _nanoseconds(value.get("prompt_ms"))
    completion = _nanoseconds(value.get("predicted_ms"))
    total = prompt + completion
    return Timings(total=total, prompt=prompt, completion=completion) if total else None


def _nanoseconds(milliseconds: Any) -> int:
    # The bound keeps a senseless value from becoming infinite.
    known = isinstance(milliseconds, int | float) and 0 < milliseconds < 1e12
    return round(milliseconds * 1e6) if known else 0


def complete_logprobs(entries: Iterable[Any]) -> list[Any]:
    """Add what OpenAI's types require on each entry and Ollama leaves out when empty."""
    return [{"bytes": None, "top_logprobs": [], **entry} for entry in entries]
