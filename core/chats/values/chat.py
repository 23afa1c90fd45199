"""What a store of conversations holds: chats, messages and the steps of an answer.

All times are UTC in nanoseconds since 1970, all durations are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, get_args

from msgspec import Struct, field

from core.translation.messages import Message

PageDialect = Literal["ollama", "openai"]
"""What chats of the page are asked in. It is kept with each message, so it is a closed set."""
PAGE_DIALECTS: tuple[PageDialect, ...] = get_args(PageDialect)

State = Literal["complete", "running", "interrupted", "stopped", "failed"]

Titled = Literal["question", "model", "person"]


class ChatOptions(Struct, frozen=True, kw_only=True):
    """What a question is asked with. Nothing is sent that is not set here.

    ``tools`` are names of the toolbox, ``settings`` names of
    core.translation.fields.chat with their values, ``schema`` is the JSON Schema that
    the answer must fit, ``thinking`` as in ChatRequest.
    """

    model: str
    dialect: PageDialect = PAGE_DIALECTS[0]
    tools: tuple[str, ...] = ()
    system: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    thinking: bool | str | None = None
    schema: Mapping[str, Any] | None = None


class Chat(Struct, frozen=True, kw_only=True):
    """One conversation: a tree of messages, of which ``leaf`` ends the branch that is shown.

    ``updated`` is when its last message was added. A temporary chat is in no list, and
    ``Store.forget`` deletes it. ``hidden`` is when it was put away, or 0: it is in no list
    either, and comes back until it is forgotten. ``titled`` says whose words the title is.
    """

    id: str
    owner: str
    title: str = ""
    created: int
    updated: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    leaf: str | None = None
    pinned: bool = False
    temporary: bool = False
    titled: Titled = "question"
    hidden: int = 0


class Call(Struct, frozen=True, kw_only=True):
    """One tool call of a step. ``result`` is None until the tool has answered.

    ``asked`` are the model's own arguments where it was run with others. ``how`` is empty for
    what the tool said, else what was put in its place: see core.tools.approvals.
    """

    id: str
    name: str
    arguments: str = "{}"
    result: str | None = None
    failed: bool = False
    duration: int = 0
    asked: str = ""
    how: str = ""


class Step(Struct, frozen=True, kw_only=True):
    """A turn in which the model called tools: what it thought, said and called.

    ``stopped`` says why the tool loop let the model call nothing more: the ``reason`` of
    core.tools.loop.LoopStop, or nothing.
    """

    calls: tuple[Call, ...] = ()
    text: str = ""
    thinking: str = ""
    thinking_duration: int = 0
    stopped: str = ""


class ChatMessage(Struct, frozen=True, kw_only=True):
    """One message of a chat, and what is known of how it came to be.

    An answer that used tools is one message: ``steps`` are the turns that called them, in
    order, and ``message`` is the turn after them. ``numbers`` is described in
    core.chats.jobs.answer. ``error`` is None or ``{"code", "message", "status"}``. ``exchanges``
    are the ids of the calls to the backend. ``rating`` is -1, 0 or 1. ``updated`` is when
    the row was last written: a running answer is written all the time. ``batch`` is the same
    for answers that were asked for side by side. ``writer`` is the id of the job that writes
    the answer or wrote it last. ``hidden`` is when it was put away, or 0.
    """

    id: str
    chat_id: str
    parent_id: str | None = None
    message: Message
    state: State = "complete"
    model: str = ""
    dialect: str = ""
    steps: tuple[Step, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    finish_reason: str = ""
    error: Mapping[str, Any] | None = None
    exchanges: tuple[str, ...] = ()
    rating: int = 0
    batch: str = ""
    writer: str = ""
    created: int
    updated: int
    hidden: int = 0


class ChatChanges(TypedDict, total=False):
    """What may be given for a new chat, or changed on an old one."""

    title: str
    settings: Mapping[str, Any]
    pinned: bool
    temporary: bool
    titled: Titled


class MessageFacts(TypedDict, total=False):
    """What may be given with a new message."""

    state: State
    model: str
    dialect: str
    steps: tuple[Step, ...]
    numbers: Mapping[str, Any]
    finish_reason: str
    error: Mapping[str, Any] | None
    exchanges: tuple[str, ...]
    rating: int
    batch: str
    writer: str


class MessageChanges(MessageFacts, total=False):
    """What may be changed on a message."""

    message: Message


class Preset(Struct, frozen=True, kw_only=True):
    """A system prompt that is kept under a name."""

    name: str
    text: str


class Found(Struct, frozen=True, kw_only=True):
    """A message that a search has found.

    ``excerpt`` is some text around the place; ``marks`` are the starts and ends of what was
    looked for in it.
    """

    chat: Chat
    message_id: str
    role: str
    created: int
    excerpt: str
    marks: tuple[tuple[int, int], ...] = ()


def other_dialect(dialect: str) -> PageDialect:
    """Return the other dialect in which the page can ask the same."""
    return PAGE_DIALECTS[dialect == PAGE_DIALECTS[0]]
