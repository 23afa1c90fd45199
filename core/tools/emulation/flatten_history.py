"""Rewrites histories with tool calls as plain text, for models whose template has no tools.

The question before the calls becomes "question, then facts", after examples of such questions with
answers. Without them a 135M model invents facts; with them it answers 上海今天是 25°C,多云
from the JSON of the tool.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from core.translation.messages import ChatRequest, Message, Text, text_of

_TOLD = "Answer with the facts you are given, briefly."
_EXAMPLES = (
    ("What is the capital of Peru?", '{"capital": "Lima", "people": "10 million"}',
     "The capital of Peru is Lima. It has 10 million people."),
    ("How old is Tom Miller?", '{"error": "person not found"}',
     "I could not find that out: person not found."),
    ("东京现在几点?", '{"time": "14:05", "zone": "东九区"}', "东京现在是 14:05,东九区。"),
)  # fmt: skip


def flatten(request: ChatRequest) -> ChatRequest:
    """Return the request without tools, with calls and results as plain text.

    A call without text disappears: its result becomes the facts. Images and text of other messages
    stay as they are.
    """
    messages: list[Message] = []
    names = {call.id: call.name for one in request.messages for call in one.tool_calls if call.id}
    pending: list[tuple[str, str]] = []
    asked: Message | None = None
    for message in request.messages:
        if message.role == "tool":
            name = message.name or names.get(message.tool_call_id, "result")
            pending.append((name, text_of(message)))
            continue
        if pending:
            _tell(messages, asked, pending)
            pending = []
        if message.tool_calls:
            if message.parts:
                messages.append(replace(message, tool_calls=()))
            continue
        if message.role == "user":
            asked = message
        messages.append(message)
    if pending:
        _tell(messages, asked, pending)
        messages = _with_examples(messages)
    return replace(request, messages=tuple(messages), tools=(), tool_choice=None)


def last_question(request: ChatRequest) -> str:
    """Return what the user last said."""
    return next((text_of(m) for m in reversed(request.messages) if m.role == "user"), "")


def _tell(
    messages: list[Message], asked: Message | None, results: Sequence[tuple[str, str]]
) -> None:
    """Append the results to the question that they answer."""
    facts = results[0][1] if len(results) == 1 else "\n".join(f"{n}: {r}" for n, r in results)
    if asked is None or asked not in messages:
        messages.append(Message(role="user", parts=(Text(f"Facts: {facts}"),)))
        return
    place = len(messages) - 1 - messages[::-1].index(asked)
    # What the model said between question and results would only confuse it.
    del messages[place + 1 :]
    others = tuple(part for part in asked.parts if not isinstance(part, Text))
    told = Text(f"{text_of(asked)}\nFacts: {facts}")
    messages[place] = replace(asked, parts=(told, *others))


def _with_examples(messages: list[Message]) -> list[Message]:
    head = [m for m in messages if m.role in ("system", "developer")]
    rest = [m for m in messages if m.role not in ("system", "developer")]
    shown: list[Message] = []
    for question, facts, answer in _EXAMPLES:
        shown.append(Message(role="user", parts=(Text(f"{question}\nFacts: {facts}"),)))
        shown.append(Message(role="assistant", parts=(Text(answer),)))
    return [*head, Message(role="system", parts=(Text(_TOLD),)), *shown, *rest]
