"""Folds what a run yields into one message, and unfolds stored messages for a model.

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

from collections.abc import Container, Iterator, Sequence
from typing import Any, Literal, assert_never

from msgspec.structs import replace

from core.chats.values.chat import Call, ChatMessage, Step
from core.errors import BackendError, DiglotError, InvalidResponse
from core.tools.loop import LoopStop, LoopValue, ToolStart, TurnStart
from core.tools.toolbox import ToolResult, with_ids
from core.translation.codec.json import is_object
from core.translation.events import (
    Finish,
    MessageStart,
    StreamError,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from core.translation.messages import Message, Text, ToolCall, text_of

Phase = Literal[
    "queued", "loading", "reading", "thinking", "calling", "deciding", "writing", "saving", "done"
]

RunValue = LoopValue

_Delta = TextDelta | ThinkingDelta | ToolCallDelta

NO_RESULT = "(no result: the call was interrupted before the tool answered)"
"""What a model reads of a call that was never answered; without it APIs refuse the history."""


class Answer:
    """One answer being written. Not thread-safe.

    ``row`` is the message it is written to; text that the row already has is continued. ``began``
    and every ``now`` are nanoseconds of one clock.
    """

    def __init__(self, row: ChatMessage, *, began: int) -> None:
        self.finish_reason = ""
        self._began = began
        self._before = row.numbers.get("total_ns", 0)
        self._numbers = dict(row.numbers)
        self._streamed = self._numbers.pop("stream_ns", 0)
        self._steps = list(row.steps)
        self._turn = _AnswerTurn(row.message, self._numbers.pop("thinking_ns", 0))
        self._error: StreamError | None = None

    @property
    def text(self) -> str:
        """The text of the message itself: empty while a turn that calls tools is written."""
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
        """Return the message itself as it is now."""
        text = self.text
        parts = (Text(text),) if text else ()
        return Message(role="assistant", parts=parts, thinking=self.thinking)

    def numbers(self) -> dict[str, Any]:
        """Return what has been measured so far."""
        numbers = dict(self._numbers)
        if streamed := self._streamed + self._turn.stream_ns:
            numbers["stream_ns"] = streamed
        if self._turn.thinking_ns and not self._turn.calls:
            numbers["thinking_ns"] = self._turn.thinking_ns
        return numbers

    def add(self, value: RunValue, now: int) -> Phase | None:
        """Fold one value in; return the new phase, or None if it stays the same."""
        match value:
            case TurnStart(turn=turn):
                self._new_turn()
                self._turn.number = turn
                # Only the first turn may have to wait for the model to be loaded.
                return "reading" if turn > 1 else None
            case MessageStart():
                self._new_turn()
                return "reading"
            case TextDelta(text) | ThinkingDelta(text):
                # Backends open and close with empty deltas: they are no tokens.
                return self._delta(value, now) if text else None
            case ToolCallDelta():
                return self._delta(value, now)
            case ToolStart():
                return "calling"
            case ToolResult():
                self._turn.answer(value)
            case LoopStop(reason=reason):
                self._turn.stopped = reason
            case Finish():
                self._finish(value, now)
            case StreamError():
                self._error = value
            case _:
                assert_never(value)
        return None

    def end(self, now: int) -> None:
        """Note the time at which the answer ended."""
        self._turn.close(now)
        self._numbers["total_ns"] = self._before + now - self._began

    def failure(self) -> DiglotError | None:
        """Return the error of a run that has ended, or None."""
        if (error := self._error) is not None:
            return BackendError(error.message, status=error.status, code=error.code)
        if not self._turn.finished:
            return InvalidResponse("the stream ended before the answer was finished")
        return None

    def _new_turn(self) -> None:
        if not self._turn.finished:
            return
        self._streamed += self._turn.stream_ns
        if self._turn.calls or self._turn.text or self._turn.thinking:
            self._steps.append(self._turn.step())
        self._turn = _AnswerTurn()

    def _delta(self, delta: _Delta, now: int) -> Phase:
        self._numbers.setdefault("first_token_ns", now - self._began)
        return self._turn.add(delta, now)

    def _finish(self, finish: Finish, now: int) -> None:
        self._turn.finish(now)
        self.finish_reason = finish.reason
        self._count(turns=1)
        if (usage := finish.usage) is not None:
            self._count(
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cached_tokens=usage.cached_tokens,
                reasoning_tokens=usage.reasoning_tokens,
            )
            self._numbers["context_tokens"] = usage.prompt_tokens + usage.completion_tokens
        if (timings := finish.timings) is not None:
            # 0 means that the backend did not measure it.
            self._count(
                load_ns=timings.load or None,
                prompt_ns=timings.prompt or None,
                completion_ns=timings.completion or None,
            )

    def _count(self, **counts: int | None) -> None:
        for name, count in counts.items():
            if count is not None:
                self._numbers[name] = self._numbers.get(name, 0) + count


class _Words:
    """Text that is appended to often and joined rarely."""

    def __init__(self, text: str = "") -> None:
        self._pieces = [text] if text else []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, text: str) -> None:
        self._pieces.append(text)

    def whole(self) -> str:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""


class _Calling:
    """One tool call under assembly."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = _Words()
        self.result: ToolResult | None = None

    def asked(self) -> ToolCall:
        return ToolCall(id=self.id, name=self.name, arguments=self.arguments.whole() or "{}")

    def shown(self) -> Call:
        asked, result = self.asked(), self.result
        call = Call(id=asked.id, name=asked.name, arguments=asked.arguments)
        if result is None:
            return call
        changed = result.call.arguments != asked.arguments
        return replace(
            call,
            arguments=result.call.arguments,
            asked=asked.arguments if changed else "",
            result=result.content,
            failed=not result.ok,
            duration=result.duration,
            how=result.how,
        )


class _AnswerTurn:
    """One turn of the model under assembly."""

    def __init__(self, message: Message | None = None, thinking_ns: int = 0) -> None:
        self.text = _Words(text_of(message) if message else "")
        self.thinking = _Words(message.thinking if message else "")
        self.thinking_ns = thinking_ns
        self.calls: dict[int, _Calling] = {}
        self.number = 1
        self.finished = False
        self.stopped = ""
        self.stream_ns = 0
        self._first: int | None = None
        # When the thinking that is going on began.
        self._thinks_since: int | None = None

    def add(self, delta: _Delta, now: int) -> Phase:
        """Add a piece; return what the model does."""
        self._first = now if self._first is None else self._first
        self.stream_ns = now - self._first
        if isinstance(delta, ThinkingDelta):
            self.thinking.add(delta.text)
            self._thinks_since = now if self._thinks_since is None else self._thinks_since
            return "thinking"
        self.close(now)
        if isinstance(delta, TextDelta):
            self.text.add(delta.text)
            return "writing"
        call = self.calls.setdefault(delta.index, _Calling())
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        call.arguments.add(delta.arguments)
        return "calling"

    def close(self, now: int) -> None:
        """Stop the clock of the current thinking, if any."""
        if self._thinks_since is not None:
            self.thinking_ns += now - self._thinks_since
            self._thinks_since = None

    def finish(self, now: int) -> None:
        """End the turn, and give calls without ids the ids that the tool loop gives them."""
        self.finished = True
        self.close(now)
        made = [call for _, call in sorted(self.calls.items())]
        for call, known in zip(made, with_ids(map(_Calling.asked, made), self.number), strict=True):
            call.id = known.id

    def answer(self, result: ToolResult) -> None:
        """Attach a result to the first call with its id that has none."""
        for _, call in sorted(self.calls.items()):
            if call.id == result.call.id and call.result is None:
                call.result = result
                return

    def step(self) -> Step:
        return Step(
            calls=tuple(call.shown() for _, call in sorted(self.calls.items())),
            text=self.text.whole(),
            thinking=self.thinking.whole(),
            thinking_duration=self.thinking_ns,
            stopped=self.stopped,
        )


def conversation(path: Sequence[ChatMessage]) -> tuple[Message, ...]:
    """Unfold a path of messages into what a model is shown next time.

    An answer with steps becomes, for each step, the assistant's message with its calls and then one
    ``tool`` message for each call, in the order of the calls; after them comes the answer itself. A
    call without a result gets NO_RESULT, unless a tool message further down the path answers it; an
    incomplete call is left out, and so is an empty answer (failed, or stopped too early). Thinking
    is kept only after the last message of the user: models need it within one turn, and APIs drop
    or refuse it in earlier turns.
    """
    users = [place for place, row in enumerate(path) if row.message.role == "user"]
    last = users[-1] if users else -1
    answered = {row.message.tool_call_id for row in path if row.message.role == "tool"}
    turns: list[Message] = []
    used: set[str] = set()
    for place, row in enumerate(path):
        steps = tuple(_with_new_ids(step, used, answered) for step in row.steps)
        for turn in _unfold(replace(row, steps=steps), answered):
            turns.append(turn if place > last else replace(turn, thinking=""))
    return tuple(turns)


def _with_new_ids(step: Step, used: set[str], answered: Container[str]) -> Step:
    """Rename ids that an earlier call of the path has too: each tool loop counts from 1."""
    calls = []
    for call in step.calls:
        known, count = call.id, 1
        while known in used and call.id not in answered:
            count += 1
            known = f"{call.id}_{count}"
        used.add(known)
        calls.append(replace(call, id=known))
    return replace(step, calls=tuple(calls))


def _unfold(row: ChatMessage, answered: Container[str]) -> Iterator[Message]:
    for step in row.steps:
        # A call that was cut while the model wrote it is no JSON object.
        calls = [c for c in step.calls if c.result is not None or is_object(c.arguments)]
        said = Message(
            role="assistant",
            parts=(Text(step.text),) if step.text else (),
            thinking=step.thinking,
            tool_calls=tuple(
                ToolCall(id=call.id, name=call.name, arguments=call.arguments) for call in calls
            ),
        )
        if said.parts or calls:
            yield said
        for call in calls:
            if call.result is not None:
                yield _result(call, call.result)
            elif call.id not in answered:
                yield _result(call, NO_RESULT)
    message = row.message
    if message.role != "assistant" or message.parts or message.tool_calls:
        yield message
    for asked in message.tool_calls:
        if asked.id not in answered:
            yield _result(asked, NO_RESULT)


def _result(call: Call | ToolCall, text: str) -> Message:
    return Message(role="tool", parts=(Text(text),), tool_call_id=call.id, name=call.name)
