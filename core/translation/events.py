"""The hub for streams: what happened, one value per happening, in the order it happened.

A well-formed stream is MessageStart, then any number of deltas, then exactly one Finish, or
else a StreamError at any place after which nothing follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from core.errors import BackendError, DiglotError, InvalidResponse
from core.translation.messages import (
    ChatResponse,
    FinishReason,
    Message,
    Text,
    Timings,
    ToolCall,
    Usage,
)


class MessageStart(Struct, frozen=True):
    """The backend has begun to answer; ``model`` is the name it gives itself."""

    model: str = ""


class TextDelta(Struct, frozen=True):
    """More text. ``logprobs`` are OpenAI-shaped entries for these tokens."""

    text: str
    logprobs: tuple[Any, ...] = ()


class ThinkingDelta(Struct, frozen=True):
    """More thinking."""

    text: str
    logprobs: tuple[Any, ...] = ()


class ToolCallDelta(Struct, frozen=True, kw_only=True):
    """A piece of the call number ``index``; id and name come in its first piece."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Finish(Struct, frozen=True, kw_only=True):
    """The proper end. ``stop`` is the stop sequence that made it, if the backend says so."""

    reason: FinishReason = "stop"
    stop: str = ""
    usage: Usage | None = None
    timings: Timings | None = None


class StreamError(Struct, frozen=True, kw_only=True):
    """The backend failed after it had begun. Nothing follows."""

    message: str
    status: int = 500
    code: str = "backend_error"


Event = MessageStart | TextDelta | ThinkingDelta | ToolCallDelta | Finish | StreamError


def calls_of(pieces: Iterable[ToolCallDelta]) -> tuple[ToolCall, ...]:
    """Return the calls that these pieces spell, by their numbers."""
    held: dict[int, list[ToolCallDelta]] = {}
    for piece in pieces:
        held.setdefault(piece.index, []).append(piece)
    return tuple(
        ToolCall(
            id=next((piece.id for piece in own if piece.id), ""),
            name=next((piece.name for piece in own if piece.name), ""),
            arguments="".join([piece.arguments for piece in own]) or "{}",
        )
        for _, own in sorted(held.items())
    )


def accumulate(events: Iterable[Event]) -> ChatResponse:
    """Fold a stream into the whole answer that it spells.

    Raises BackendError for a stream in which the backend said that it failed, and
    InvalidResponse for one that broke its dialect or has no Finish.
    """
    model = ""
    text: list[str] = []
    thinking: list[str] = []
    logprobs: list[Any] = []
    calls: list[ToolCallDelta] = []
    finish: Finish | None = None
    for event in events:
        match event:
            case MessageStart():
                model = event.model
            case TextDelta():
                text.append(event.text)
                logprobs.extend(event.logprobs)
            case ThinkingDelta():
                thinking.append(event.text)
                logprobs.extend(event.logprobs)
            case ToolCallDelta():
                calls.append(event)
            case Finish():
                finish = event
            case StreamError():
                raise _error(event)
    if finish is None:
        raise InvalidResponse("the stream ended before the answer was finished")
    whole = "".join(text)
    return ChatResponse(
        model=model,
        message=Message(
            role="assistant",
            parts=(Text(whole),) if whole else (),
            thinking="".join(thinking),
            tool_calls=calls_of(calls),
        ),
        finish_reason=finish.reason,
        stop=finish.stop,
        usage=finish.usage,
        timings=finish.timings,
        logprobs=tuple(logprobs),
    )


def _error(event: StreamError) -> DiglotError:
    kind = InvalidResponse if event.code == InvalidResponse.code else BackendError
    return kind(event.message, status=event.status, code=event.code)


def replay(response: ChatResponse) -> list[Event]:
    """Return the shortest stream that spells ``response``: the opposite of accumulate."""
    events: list[Event] = [MessageStart(response.model)]
    message = response.message
    if message.thinking:
        events.append(ThinkingDelta(message.thinking))
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    if text or response.logprobs:
        events.append(TextDelta(text, response.logprobs))
    events.extend(
        ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments)
        for index, call in enumerate(message.tool_calls)
    )
    events.append(
        Finish(
            reason=response.finish_reason,
            stop=response.stop,
            usage=response.usage,
            timings=response.timings,
        )
    )
    return events
