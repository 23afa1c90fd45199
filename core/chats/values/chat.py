"""The values of the chat store: chats, messages and the steps of an answer.

All times are UTC in nanoseconds since 1970, all durations are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, get_args

from msgspec import Struct, field

from core.translation.messages import Message

PageDialect = Literal["ollama", "openai"]
"""The dialects of the chat page. They are stored with each message, so the set is closed."""
PAGE_DIALECTS: tuple[PageDialect, ...] = get_args(PageDialect)

Asking = Literal["outside", "all", "none"]
"""Which calls of tools wait for a person: of tools that reach outside of Diglot, all, or none."""

State = Literal["complete", "running", "interrupted", "stopped", "failed"]

Titled = Literal["question", "model", "person"]


class ChatOptions(Struct, frozen=True, kw_only=True):
    """The options of a question. Only options that are set are sent.

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
    asking: Asking = "outside"


class Chat(Struct, frozen=True, kw_only=True):
    """One conversation: a tree of messages, of which ``leaf`` ends the branch that is shown.

    ``updated`` is when its last message was added. A temporary chat is in no list, and
    ``Store.forget`` deletes it. ``hidden`` is when it was hidden, or 0: a hidden chat is in no list
    and can be restored until it is deleted. ``titled`` says where the title comes from.
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

    ``asked`` are the model's own arguments where a person changed them. ``how`` is empty for a
    result of the tool, else it says what replaced it: see core.tools.approvals. ``waiting`` stands
    there while a person decides about it.
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

    ``stopped`` says why the tool loop ended here: the ``reason`` of core.tools.loop.LoopStop, or
    nothing.
    """

    calls: tuple[Call, ...] = ()
    text: str = ""
    thinking: str = ""
    thinking_duration: int = 0
    stopped: str = ""


class ChatMessage(Struct, frozen=True, kw_only=True):
    """One message of a chat, with its metadata.

    An answer that used tools is one message: ``steps`` are the turns that called them, in order,
    and ``message`` is the turn after them. ``numbers`` is described in core.chats.jobs.answer.
    ``error`` is None or ``{"code", "message", "status"}``. ``exchanges`` are the ids of the calls
    to the backend. ``rating`` is -1, 0 or 1. ``updated`` is when the row was last written: a
    running answer is written all the time. Answers that were requested side by side have the same
    ``batch``. ``writer`` is the id of the job that writes the answer or wrote it last. ``hidden``
    is when it was hidden, or 0.
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
    """A system prompt stored under a name."""

    name: str
    text: str


class Found(Struct, frozen=True, kw_only=True):
    """A message that a search has found.

    ``excerpt`` is some text around the match; ``marks`` are the starts and ends of the matches in
    it.
    """

    chat: Chat
    message_id: str
    role: str
    created: int
    excerpt: str
    marks: tuple[tuple[int, int], ...] = ()


def other_dialect(dialect: str) -> PageDialect:
    """Return the other dialect of the chat page."""
    return PAGE_DIALECTS[dialect == PAGE_DIALECTS[0]]
