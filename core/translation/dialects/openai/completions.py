"""OpenAI's older dialect: POST /v1/completions, which goes on from bare text.

Follows OpenAI's API reference for completions (2026-08). No chat template is used: Ollama is
asked in raw mode, or with its fill-in-the-middle template where there is a suffix. (Ollama's
own /v1/completions wraps the prompt as a chat turn, so the same text gives another answer.)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.errors import InvalidRequest, InvalidResponse, Unsupported
from core.translation.codec.json import (
    read_flag,
    read_object,
    read_setting,
    read_text,
)
from core.translation.dialects.openai import fields
from core.translation.dialects.openai.chat import (
    counted,
    find_usage,
    first_choice,
    parse_timings,
    spoken,
    wants_usage,
)
from core.translation.dialects.shared.answers.finish_reasons import read_reason, read_stop
from core.translation.dialects.shared.answers.said import read_said
from core.translation.dialects.shared.response_format import parse_format
from core.translation.dialects.shared.settings import Settings
from core.translation.messages import (
    ChatRequest,
    ChatResponse,
    Message,
    Prompt,
    Text,
    text_of,
)
from core.translation.stamp import Stamp

SETTINGS = Settings(fields.COMPLETIONS)


def parse_request(body: dict[str, Any]) -> ChatRequest:
    """Read the body of POST /v1/completions with one prompt.

    Several prompts are several requests (``core.translation.dialects.openai.choices``).
    Raises InvalidRequest with a JSON path, and Unsupported for a prompt of token numbers.
    """
    settings = SETTINGS.parse(body)
    if body.get("logprobs") is not None:
        settings["logprobs"] = True
        settings["top_logprobs"] = read_setting(body["logprobs"], "integer", "logprobs")
    return ChatRequest(
        model=read_text(body.get("model"), "model"),
        prompt=Prompt(
            text=_prompt(body.get("prompt")),
            suffix=read_text(body.get("suffix"), "suffix"),
        ),
        # No part of OpenAI's API here; vLLM and llama.cpp's server take it.
        format=parse_format(body.get("response_format"), "response_format"),
        stream=read_flag(body.get("stream"), "stream") is True,
        include_usage=wants_usage(body),
        settings=settings,
    )


def _prompt(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, int | list) for item in value):
        raise Unsupported(
            "prompt holds token numbers, which mean another text to every model; send text",
            path="prompt",
        )
    raise InvalidRequest("prompt must be a string or a list of strings", path="prompt")


def dump_request(request: ChatRequest, *, accepts: Collection[str] = ()) -> dict[str, Any]:
    """Write the body of POST /v1/completions. Raises Unsupported for a chat."""
    if request.prompt is None:
        raise Unsupported("a chat cannot be written as a single prompt", path="messages")
    settings = dict(request.settings)
    wanted = settings.pop("logprobs", None)
    top = settings.pop("top_logprobs", None)
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt.text}
    if request.prompt.suffix:
        body["suffix"] = request.prompt.suffix
    if wanted:
        body["logprobs"] = top or 0
    body["stream"] = request.stream
    if request.stream and request.include_usage:
        body["stream_options"] = {"include_usage": True}
    return {**body, **SETTINGS.dump(settings, accepts)}


def parse_response(body: dict[str, Any], *, ids: str) -> ChatResponse:
    """Read a whole answer. Raises InvalidResponse when it holds no choice."""
    del ids  # nothing in here has an id of its own
    choice = first_choice(body)
    text, logprobs = read_choice(choice)
    return ChatResponse(
        model=read_text(body.get("model"), "model", blame=InvalidResponse),
        message=Message(role="assistant", parts=(Text(text),) if text else ()),
        finish_reason=read_reason(choice.get("finish_reason"), called=False),
        stop=read_stop(choice),
        usage=find_usage(body),
        timings=parse_timings(body.get("timings")),
        logprobs=logprobs,
    )


def read_choice(choice: Mapping[str, Any]) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """Return the text and the logprobs of a choice, of a whole answer or of a chunk."""
    said = {"content": choice["text"]} if "text" in choice else spoken(choice)
    said = read_object(said or {}, "choices[0]", blame=InvalidResponse)
    return read_said(said, "choices[0]")[1], parse_logprobs(choice.get("logprobs"))


def dump_response(response: ChatResponse, *, stamp: Stamp, now: int) -> dict[str, Any]:
    """Write a whole answer, with the prompt in front of it where ``echo`` asked for that."""
    del now  # the start of the request is what is dated here
    head = echoed(stamp)
    logprobs = dump_logprobs(response.logprobs, len(head)) if response.logprobs else None
    return {
        "id": f"cmpl-{stamp.id}",
        "object": "text_completion",
        "created": stamp.created // 1_000_000_000,
        "model": stamp.model,
        "choices": [
            {
                "index": 0,
                "text": head + text_of(response.message),
                "logprobs": logprobs,
                "finish_reason": dump_reason(response.finish_reason),
            }
        ],
        **counted(response.usage),
    }


def dump_reason(reason: str) -> str:
    """Return a finish reason that there is here: nothing is called in this dialect."""
    return "stop" if reason == "tool_calls" else reason


def echoed(stamp: Stamp) -> str:
    """Return the prompt where the client asked to have it in front of the answer."""
    return _prompt(stamp.asked.get("prompt")) if stamp.asked.get("echo") is True else ""


def parse_logprobs(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Read the four parallel lists as the chat dialect's entries.

    llama.cpp's server sends those entries themselves, under ``content``.
    """
    if not isinstance(value, dict):
        return ()
    if isinstance(value.get("content"), list):
        return tuple(entry for entry in value["content"] if isinstance(entry, dict))
    tokens = _list(value.get("tokens"))
    logprobs = _list(value.get("token_logprobs"))
    tops = _list(value.get("top_logprobs"))
    entries = []
    for index, token in enumerate(tokens):
        known = logprobs[index] if index < len(logprobs) else None
        top = tops[index] if index < len(tops) else None
        entries.append(
            {
                "token": str(token),
                "logprob": known if isinstance(known, int | float) else 0.0,
                "top_logprobs": [
                    {"token": other, "logprob": logprob}
                    for other, logprob in (top.items() if isinstance(top, dict) else ())
                ],
            }
        )
    return tuple(entries)


def dump_logprobs(entries: Sequence[Mapping[str, Any]], offset: int = 0) -> dict[str, Any]:
    """Write entries of the chat dialect as four parallel lists; ``offset`` in characters."""
    tokens, logprobs, tops, offsets = [], [], [], []
    for entry in entries:
        token = str(entry.get("token", ""))
        tokens.append(token)
        logprobs.append(entry.get("logprob"))
        top = _list(entry.get("top_logprobs"))
        tops.append({str(t.get("token", "")): t.get("logprob") for t in top if isinstance(t, dict)})
        offsets.append(offset)
        offset += len(token)
    return {
        "tokens": tokens,
        "token_logprobs": logprobs,
        "top_logprobs": tops,
        "text_offset": offsets,
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
