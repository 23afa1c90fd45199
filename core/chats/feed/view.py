"""A chat as a page draws it: what each message shows is decided here, in the reader's language.

Text of models and tools goes as it is: whoever draws it makes it harmless. What of it would load
something from elsewhere is told beside it (``images``, ``diagrams``), so that nobody loads it
unasked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from core.backends.hidden_addresses import HiddenAddresses
from core.chats.feed.faults import FaultView, fault_view
from core.chats.feed.markdown_loads import addresses, foreign_diagrams, too_deep
from core.chats.feed.numbers import numbers_line, seconds
from core.chats.transfer.attachments import attached_name
from core.chats.values.chat import PAGE_DIALECTS, Call, ChatMessage, Step, other_dialect
from core.translation.messages import Image, Message, Text, ToolCall, text_of
from core.words import say

_MOST_IMAGES = 8
_SHORT = 60


class PartView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a question: ``text``, ``file`` (with its name), ``address`` or ``image``.

    ``place`` is where the part stands in its message: an image is asked for by it.
    """

    kind: str
    text: str = ""
    name: str = ""
    place: int = 0


class CallView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tool call in one line, and folded below it what it was given and what it said."""

    name: str
    short: str = ""
    arguments: str = ""
    result: str = ""
    state: str = "running"
    took: str = ""
    refused: bool = False


class WaitingView(Struct, frozen=True, kw_only=True):
    """A tool call that runs only if its reader says so; ``id`` is what it is decided by."""

    id: str
    name: str
    arguments: str


class StepView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A turn in which the model called tools."""

    calls: tuple[CallView, ...] = ()
    text: str = ""
    thinking: str = ""
    thought: str = ""


class ImageView(Struct, frozen=True, kw_only=True):
    """An image of another host that an answer names; ``number`` is what it is asked for by."""

    number: int
    words: str


class MessageView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message. ``versions`` are the ids of all its versions, ``place`` is its own among them.

    ``at`` is set while the answer is being written: what is here ends there, in the words of
    core.chats.feed.growth. ``deep`` is text that is nested too deep to be drawn as Markdown.
    ``diagrams`` tells of each Mermaid diagram whether it may load something. ``together`` are
    answers that were asked for side by side, this one among them. ``wire`` is the number of
    requests that can be looked at, and ``waiting`` are the calls that the reader decides about.
    """

    id: str
    role: str
    parent: str = ""
    state: str = "complete"
    at: str = ""
    parts: tuple[PartView, ...] = ()
    steps: tuple[StepView, ...] = ()
    waiting: tuple[WaitingView, ...] = ()
    used: str = ""
    thinking: str = ""
    thought: str = ""
    text: str = ""
    deep: bool = False
    images: tuple[ImageView, ...] = ()
    diagrams: tuple[bool, ...] = ()
    note: str = ""
    cut: bool = False
    error: FaultView | None = None
    facts: str = ""
    versions: tuple[str, ...] = ()
    place: int = 0
    rating: int = 0
    wire: int = 0
    model: str = ""
    dialect: str = ""
    other: str = ""
    together: tuple[MessageView, ...] = ()


class ChatView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A chat's shown branch, or its end: ``earlier`` says that there is more above.

    ``stamp`` changes whenever something was added, or another branch is shown.
    """

    id: str
    title: str = ""
    stamp: str = ""
    messages: tuple[MessageView, ...] = ()
    earlier: bool = False
    running: bool = False


class Viewer(Struct, frozen=True, kw_only=True):
    """Makes views of one chat for one reader. ``demo`` is a shared history.

    ``addresses`` are hidden in errors; None for an operator.
    """

    language: str
    demo: bool = False
    addresses: HiddenAddresses | None

    def fault(self, error: Mapping[str, Any], *, model: str = "") -> FaultView:
        """Return the card of an error."""
        return fault_view(
            error, self.language, model=model, demo=self.demo, addresses=self.addresses
        )

    def message(
        self,
        row: ChatMessage,
        versions: Sequence[str] = (),
        together: Sequence[ChatMessage] = (),
    ) -> MessageView:
        """Return one message; ``together`` are answers side by side, with itself among them."""
        base = MessageView(
            id=row.id,
            role=row.message.role,
            parent=row.parent_id or "",
            versions=tuple(versions) if len(versions) > 1 else (),
            place=versions.index(row.id) if row.id in versions else 0,
        )
        if row.message.role != "assistant":
            return replace(base, parts=_parts(row.message))
        return self._answer(row, base, together)

    def _answer(
        self, row: ChatMessage, base: MessageView, together: Sequence[ChatMessage]
    ) -> MessageView:
        text, thinking = text_of(row.message), row.message.thinking
        over = row.state != "running"
        steps = tuple(step_view(step, self.language) for step in row.steps)
        calls = [call for step in row.steps for call in step.calls]
        names = ", ".join(dict.fromkeys(call.name for call in calls))
        used = {"count": len(calls), "names": names}
        error = row.error
        return replace(
            base,
            state=row.state,
            steps=steps,
            used=say("chat.used", self.language, used) if len(steps) > 1 else "",
            thinking=thinking,
            thought=_thought(int(row.numbers.get("thinking_ns", 0)), self.language),
            text=text,
            deep=over and any(map(too_deep, (text, thinking, *(s.text for s in steps)))),
            images=self._images(text) if over else (),
            diagrams=foreign_diagrams(text) if over else (),
            note=self._note(row),
            cut=over and (row.state != "complete" or row.finish_reason == "length"),
            error=error and self.fault(error, model=row.model),
            facts=self._facts(row),
            rating=row.rating,
            wire=len(row.exchanges),
            model=row.model,
            dialect=row.dialect,
            other=other_dialect(row.dialect),
            together=tuple(self.message(one) for one in together),
        )

    def _images(self, text: str) -> tuple[ImageView, ...]:
        return tuple(
            ImageView(
                number=number,
                words=say("chat.load_image", self.language, {"host": urlsplit(url).hostname or ""}),
            )
            for number, url in enumerate(foreign_images(text))
        )

    def _facts(self, row: ChatMessage) -> str:
        """Return who answered, through which API, and the numbers."""
        api = say(f"api.{row.dialect}", self.language) if row.dialect in PAGE_DIALECTS else ""
        parts = (row.model, api, numbers_line(row.numbers, self.language))
        return " · ".join(part for part in parts if part)

    def _note(self, row: ChatMessage) -> str:
        """Return what is to be said of an answer's end, or nothing."""
        if row.error:
            return ""
        if row.state in ("stopped", "interrupted"):
            return say(f"chat.{row.state}", self.language)
        return (
            say(f"chat.{row.finish_reason}", self.language)
            if row.finish_reason in ("edited", "length")
            else ""
        )


def foreign_images(text: str) -> list[str]:
    """Return the addresses of an answer's images that may be asked for, by their numbers."""
    return addresses(text)[:_MOST_IMAGES]


def step_view(step: Step, language: str) -> StepView:
    """Return a turn that called tools."""
    return StepView(
        calls=tuple(map(_call, step.calls)),
        text=step.text,
        thinking=step.thinking,
        thought=_thought(step.thinking_duration, language),
    )


def waiting_view(calls: Sequence[ToolCall]) -> tuple[WaitingView, ...]:
    """Return the calls that wait for their reader."""
    return tuple(
        WaitingView(id=call.id, name=call.name, arguments=call.arguments) for call in calls
    )


def _call(call: Call) -> CallView:
    short = " ".join(call.arguments.split())
    state = "running" if call.result is None else "failed" if call.failed else "done"
    return CallView(
        name=call.name,
        short=short[:_SHORT] + "…" if len(short) > _SHORT else short,
        arguments=call.arguments,
        result=call.result or "",
        state=state,
        took=f"{call.duration / 1e6:.0f} ms" if call.duration else "",
        refused=call.how == "refused",
    )


def _thought(duration: int, language: str) -> str:
    return say("chat.thought", language, {"time": seconds(duration)}) if duration else ""


def _parts(message: Message) -> tuple[PartView, ...]:
    found = []
    for place, part in enumerate(message.parts):
        name = attached_name(part) if place else ""
        if isinstance(part, Image):
            # An address is not fetched by looking at it.
            kind = "image" if part.data else "address"
            found.append(PartView(kind=kind, text="" if part.data else part.url, place=place))
        elif name and isinstance(part, Text):
            text = part.text.split("\n", 1)[1]
            found.append(PartView(kind="file", name=name, text=text, place=place))
        elif isinstance(part, Text):
            found.append(PartView(kind="text", text=part.text, place=place))
    return tuple(found)
