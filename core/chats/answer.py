"""An answer: what a run yields, folded into one message; and messages, unfolded for a model.

An answer may take several turns of the model: each that calls tools becomes a Step, the last
one is the message itself. ``numbers`` of an answer holds what was measured, and only that
(durations in nanoseconds; counts over all turns unless said otherwise):

======================  ==========================================================
``first_token_ns``      from the start of the job to the first token of any kind
``thinking_ns``         how long the thinking of the message itself took
``stream_ns``           from the first to the last token, summed over the turns
``total_ns``            from the start of the job to its end
``load_ns``             the backend's own: loading the model
``prompt_ns``           the backend's own: reading the prompt
``completion_ns``       the backend's own: writing
``prompt_tokens``       the backend's count
``completion_tokens``   the backend's count, thinking included
``cached_tokens``       the backend's count, of the prompt tokens
``reasoning_tokens``    the backend's count, of the completion tokens
``context_tokens``      prompt and completion of the last turn: the context in use
``turns``               how often the model answered
======================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, assert_never

from core.chats.values import Call, ChatMessage, Step
from core.errors import BackendError, DiglotError, InvalidResponse
from core.translation.events import (
    Event,
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.messages import Message, Text, ToolCall, text_of

__all__ = ["NO_RESULT", "Answer", "Phase", "RunValue", "conversation"]

Phase = Literal["queued", "loading", "reading", "thinking", "calling", "writing", "done"]

RunValue = Event

NO_RESULT = "(no result: the call was interrupted before the tool answered)"
"""What a model reads of a call that was never answered; without it APIs refuse the history."""


class Answer:
    """One answer under way. Not for several threads at once.

    ``row`` is the message it is written to: what that already holds is written on.
    ``began`` and every ``now`` are nanoseconds of one clock.
    """

    def __init__(self, row: ChatMessage, *, began: int) -> None:
        self.phase: Phase = "loading"
        self.finish_reason = ""
        self._began = began
        self._steps = list(row.steps)
        self._turn = _Turn(row.message)
        self._turns = 0
        self._numbers = dict(row.numbers)
        self._before = self._numbers.get("total_ns", 0)
        self._error: StreamError | None = None

    @property
    def text(self) -> str:
        """The text of the message itself; empty while a turn that calls tools is written."""
        return "" if self._turn.calls else self._turn.text.whole()

    @property
    def thinking(self) -> str:
        """The thinking of the message itself."""
        return "" if self._turn.calls else self._turn.thinking.whole()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The turns that called tools, the one being written among them."""
        return (*self._steps, self._turn.step()) if self._turn.calls else tuple(self._steps)

    def message(self) -> Message:
        """Return the message as it is now."""
        text = self.text
        parts = (Text(text),) if text else ()
        return Message(role="assistant", parts=parts, thinking=self.thinking)

    def numbers(self) -> dict[str, Any]:
        """Return what has been measured."""
        return dict(self._numbers)

    def add(self, value: RunValue, now: int) -> None:
        """Fold one value in."""
        match value:
            case MessageStart():
                self._new_turn()
            case TextDelta() | ThinkingDelta() | ToolCallDelta():
                self._delta(value, now)
            case Finish():
                self._finish(value, now)
            case StreamError():
                self._error = value
            case _:
                assert_never(value)

    def end(self, now: int) -> None:
        """Take the time of the end."""
        self._turn.close(now)
        self._numbers["total_ns"] = self._before + now - self._began

    def failure(self) -> DiglotError | None:
        """Return what went wrong in a run that has come to its end, or None."""
        if self._error is not None:
            error = self._error
            return BackendError(error.message, status=error.status, code=error.code)
        if not self.finish_reason:
            return InvalidResponse("the stream ended before the answer was finished")
        return None
