"""CallOrder: the events of a stream put so that each call is said to its end before the next.

Elsewhere pieces of several calls may come mixed. Where blocks or items are closed before the
next is opened, what is not of the open call waits until that call is whole.
"""

from __future__ import annotations

from core.errors import DiglotError
from core.translation.codec.json import decode_json
from core.translation.events import Event, Finish, StreamError, TextDelta, ToolCallDelta


class CallOrder:
    """Puts events in order, holding back no more than it must."""

    def __init__(self) -> None:
        self._open: int | None = None
        self._said: list[str] = []
        self._held: list[Event] = []

    @property
    def is_idle(self) -> bool:
        """Whether a text would be said at once, with nothing before it."""
        return self._open is None and not self._held

    def take(self, event: Event) -> list[Event]:
        """Return what may be said now that ``event`` has come."""
        if isinstance(event, Finish):
            return [*self._grouped(), event]
        if isinstance(event, StreamError):
            return [event]
        if isinstance(event, TextDelta) and not event.text and not event.logprobs:
            return [event] if self._open is None else []
        if not isinstance(event, ToolCallDelta):
            if self._open is None or self._whole():
                return self._say(event)
        elif self._open in (None, event.index) or self._whole():
            return self._say(event)
        self._held.append(event)
        return []

    def _say(self, event: Event) -> list[Event]:
        if not isinstance(event, ToolCallDelta):
            self._open, self._said = None, []
        elif event.index == self._open:
            self._said.append(event.arguments)
        else:
            self._open, self._said = event.index, [event.arguments]
        return [event]

    def _whole(self) -> bool:
        """Tell whether nothing more can come of the open call, and nothing waits for it."""
        if self._held:
            return False
        try:
            return isinstance(decode_json("".join(self._said)), dict)
        except DiglotError:
            return False

    def _grouped(self) -> list[Event]:
        """Return what was held back: calls by their number, and then what else was said."""
        calls: dict[int, list[Event]] = {}
        for event in self._held:
            if isinstance(event, ToolCallDelta):
                calls.setdefault(event.index, []).append(event)
        own = calls.pop(self._open, []) if self._open is not None else []
        rest = [event for event in self._held if not isinstance(event, ToolCallDelta)]
        self._held = []
        return [*own, *(event for _, held in sorted(calls.items()) for event in held), *rest]
