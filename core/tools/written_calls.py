"""WrittenCalls: turns an answer whose text is only tool calls into calls.

Some models write calls as JSON that their server does not recognise: with Qwen2.5-Coder on
llama.cpp, the parser of the server found none of six calls, and all six were in the text. An answer
that consists only of calls of offered tools becomes calls, streamed or not; any other answer stays
text. In a stream, only text that may be the beginning of a call is held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from core.tools.textual_calls import find_written_calls
from core.translation.events import (
    Event,
    Finish,
    StreamError,
    TextDelta,
    ToolCallDelta,
)
from core.translation.messages import WRITTEN

# How a call begins: JSON, a code fence, or a mark of a template.
_MARKS = ("{", "[", "<tool_call", "<function", "<|tool_call", "<|python_tag|>", "<invoke")
_FENCE = re.compile(r"```(?P<kind>\w*)[ \t]*(?:\n\s*(?P<first>\S)?)?")
_FENCED = frozenset({"", "json", "tool_call", "tool_code", "python", "xml"})
# What may surround calls without meaning anything.
_AROUND = re.compile(r"```\w*|</?[\w|]+>|\[/?TOOL_CALLS\]|[\s,;\[\]]")
_MOST = 50_000
"""The most characters that are held back: enough for arguments, not for files."""


class WrittenCalls:
    """Filters the events of one answer. ``names`` are the tools that were offered.

    ``found`` is called when text turns out to be calls. ``ids`` seeds their ids.
    """

    def __init__(self, names: Collection[str], *, ids: str, found: Callable[[], object]) -> None:
        self._names = names
        self._ids = ids
        self._found = found
        self._held: list[TextDelta] | None = []

    def __call__(self, events: list[Event]) -> list[Event]:
        """Return the events that can be passed on now."""
        if self._held is None:
            return events
        out: list[Event] = []
        for event in events:
            self._take(event, out)
        return out

    def _take(self, event: Event, out: list[Event]) -> None:
        match event:
            case TextDelta() if self._held is not None:
                self._held.append(event)
                if not _may_be_call(self._text()):
                    self._release(out)
            case Finish() if self._held:
                self._end(event, out)
            case ToolCallDelta() | StreamError():
                self._release(out)
                out.append(event)
            case _:
                out.append(event)

    def _text(self) -> str:
        return "".join(delta.text for delta in self._held or ())

    def _release(self, out: list[Event]) -> None:
        out.extend(self._held or ())
        self._held = None

    def _end(self, finish: Finish, out: list[Event]) -> None:
        text = self._text()
        written = find_written_calls(text, self._names)
        rest = text
        for one in written:
            rest = rest.replace(one.written, "", 1)
        if not written or _AROUND.sub("", rest):
            self._release(out)
            out.append(finish)
            return
        self._found()
        for index, one in enumerate(written):
            call = one.call
            identity = f"{WRITTEN}{self._ids}_{index}"
            out.append(ToolCallDelta(index=index, id=identity, name=call.name,
                                     arguments=call.arguments))  # fmt: skip
        out.append(Finish(reason="tool_calls", usage=finish.usage, timings=finish.timings))


def _may_be_call(text: str) -> bool:
    """Tell whether a text, so far, may consist only of calls."""
    text = text.lstrip()
    if len(text) > _MOST:
        return False
    if not text or any(text.startswith(mark) or mark.startswith(text) for mark in _MARKS):
        return True
    if not text.startswith("```"):
        return "```".startswith(text)
    fence = _FENCE.match(text)
    if fence is None:
        return True
    begun = fence["first"] is None or fence["first"] in "{[<"
    known = any(kind.startswith(fence["kind"].lower()) for kind in _FENCED)
    return begun and (fence["kind"].lower() in _FENCED or (fence.end() == len(text) and known))
