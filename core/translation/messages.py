"""The hub: values that every dialect is parsed into and dumped from.

Frozen and equal when their contents are equal; they do nothing but hold. Three things are
opaque on purpose and are carried as they came: JSON Schemas, bags of options and the
arguments of a tool call. Arguments are JSON *text*, because that alone keeps key order,
integers above 2**53 and ``1.0`` as they were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from core.errors import Unsupported

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Text(Struct, frozen=True, tag="text"):
    """A run of text."""

    text: str


class Image(Struct, frozen=True, tag="image"):
    """An image: ``data`` is base64 without a prefix, or else ``url`` says where it is."""

    data: str = ""
    media_type: str = ""
    url: str = ""
    detail: str = ""


class Audio(Struct, frozen=True, tag="audio"):
    """A sound: ``data`` is base64, ``format`` is ``wav`` or ``mp3``."""

    data: str
    format: str = ""


Part = Text | Image | Audio


class ToolCall(Struct, frozen=True, kw_only=True):
    """A model's wish to call a function. ``arguments`` is the JSON text of an object."""

    name: str
    arguments: str = "{}"
    id: str = ""


WRITTEN = "text_"
"""How the id of a call begins that a model wrote as text, so that its history can tell."""


class Message(Struct, frozen=True, kw_only=True):
    """One turn. ``name`` is the tool's name on role ``tool``, a participant's elsewhere."""

    role: str
    parts: tuple[Part, ...] = ()
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""


class Tool(Struct, frozen=True, kw_only=True):
    """A function that a model may call. ``parameters`` is JSON Schema, never modelled."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


class NamedTool(Struct, frozen=True):
    """The choice of one function by name."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


def forces(choice: ToolChoice | None) -> bool:
    """Tell whether a choice of tools asks for a call."""
    return choice == "required" or isinstance(choice, NamedTool)


class ResponseFormat(Struct, frozen=True, kw_only=True):
    """Structured output. Without ``schema``: any JSON object."""

    schema: Any = None
    name: str = ""
    description: str = ""
    strict: bool | None = None


class Prompt(Struct, frozen=True, kw_only=True):
    """Text to go on from, without messages and without a chat template.

    ``suffix`` is what shall come after the answer: the model fills the middle.
    """

    text: str
    suffix: str = ""


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One request for one answer.

    Where ``prompt`` is set there are no messages: bare text is to be gone on with.

    ``settings`` maps names of the FIELDS table (``temperature``, ``num_ctx``...) to what the
    client sent. What it did not send is not there: a default made up here would override the
    one in a model's Modelfile. ``thinking`` is None when the client said nothing, a bool, or
    an effort level.
    """

    model: str
    messages: tuple[Message, ...] = ()
    prompt: Prompt | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    format: ResponseFormat | None = None
    thinking: bool | str | None = None
    stream: bool = False
    include_usage: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


class Usage(Struct, frozen=True, kw_only=True):
    """Counts of tokens. Thinking tokens are inside ``completion_tokens``."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


def add_up(usages: Iterable[Usage | None]) -> Usage | None:
    """Return the sum of the token counts of several answers; None where none has any."""
    counted = [usage for usage in usages if usage is not None]
    if not counted:
        return None
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in counted),
        completion_tokens=sum(usage.completion_tokens for usage in counted),
    )


class Timings(Struct, frozen=True, kw_only=True):
    """Durations in nanoseconds; 0 means not measured."""

    total: int = 0
    load: int = 0
    prompt: int = 0
    completion: int = 0


class ChatResponse(Struct, frozen=True, kw_only=True):
    """One whole answer. ``stop`` is the stop sequence that ended it, if the backend says so."""

    model: str
    message: Message
    finish_reason: FinishReason = "stop"
    stop: str = ""
    usage: Usage | None = None
    timings: Timings | None = None
    logprobs: tuple[Any, ...] = ()


def said(role: str, text: str) -> Message:
    """Return a message of one text."""
    return Message(role=role, parts=(Text(text),))


def text_of(message: Message) -> str:
    """Return the text parts of a message, joined by newlines, without images or sounds."""
    if len(message.parts) == 1 and isinstance(message.parts[0], Text):
        return message.parts[0].text
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))


def refuse_prompt(request: ChatRequest) -> None:
    """Raise Unsupported where bare text is to be gone on with: a chat has no place for it."""
    if request.prompt is not None:
        raise Unsupported(
            "a prompt without a template cannot be written as a chat; send messages", path="prompt"
        )
