"""Converts a chat of another product, given as nodes, to a tree of messages.

A node is one message of the file. Some products store an answer as several messages (thinking,
call, result, text); these are joined to one, as Diglot stores answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from core.chats.transfer.imports.report import Ledger
from core.chats.values.chat import Call, ChatMessage, State, Step
from core.translation.codec.json import encode_json, is_object
from core.translation.messages import Message, Part, Text


class Say(NamedTuple):
    """Text that was written."""

    text: str


class File(NamedTuple):
    """An image, or a text file, beside the text."""

    part: Part


class Think(NamedTuple):
    """Thinking, and how long it took in ns."""

    text: str
    duration: int = 0


class Ask(NamedTuple):
    """A tool call; ``arguments`` is the JSON text of an object."""

    name: str
    arguments: str
    id: str = ""


class Result(NamedTuple):
    """The result of a tool, for the call with this id, or else the first call without a result."""

    name: str
    text: str
    id: str = ""
    failed: bool = False


Event = Say | File | Think | Ask | Result


class Node(Struct, kw_only=True):
    """One message of a file. Without a role it is dropped, and its children move to its parent.

    ``path`` is its place in the file, ``created`` is in ns, 0 if not known.
    """

    id: str
    parent: str | None
    path: str
    role: Literal["", "system", "user", "assistant"]
    events: Sequence[Event] = ()
    model: str = ""
    created: int = 0
    rating: int = 0
    state: State = "complete"
    finish_reason: str = ""
    error: Mapping[str, Any] | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    batch: str = ""


def system_node(prompt: str, path: str, ledger: Ledger) -> Iterator[Node]:
    """Yield the beginning of a chat whose system prompt stands in no message."""
    if prompt.strip():
        ledger.messages += 1
        yield Node(id="\0system", parent=None, path=path, role="system", events=[Say(prompt)])


class _Exchanged(Struct):
    """Nodes that become one message, and the parent of that message."""

    nodes: list[Node]
    parent: _Exchanged | None
    created: int


def grow(
    nodes: Iterable[Node], leaf: str | None, ledger: Ledger, *, join: bool
) -> tuple[tuple[ChatMessage, ...], str | None]:
    """Return the messages, parents first, and the id of the one that ends the shown branch.

    Siblings stay in the order of ``nodes``. With ``join`` answers in a row become one. A chat with
    nothing but a system prompt is empty: no messages are returned.
    """
    known = _known(nodes, ledger)
    children = _children(known, ledger)
    turns: dict[str, _Exchanged] = {}
    order: list[_Exchanged] = []
    # A node without a time gets one before all known times.
    times = [node.created for node in known.values() if node.created]
    first = min(times) - len(known) if times else 0
    clock: dict[str | None, int] = {}
    waiting: list[tuple[Node, str | None]] = [(one, None) for one in reversed(children[None])]
    while waiting:
        node, above = waiting.pop()
        turn = turns[above] if above else None
        alone = above is not None and len(children[above]) == 1
        if join and turn and alone and _goes_on(turn, node):
            turn.nodes.append(node)
            ledger.add("message", "joined", "turn", node.path)
        else:
            after = max(clock.get(above, 0), turn.created if turn else 0) + 1
            turn = _Exchanged([node], turn, max(node.created, after, first))
            clock[above] = turn.created
            order.append(turn)
        turns[node.id] = turn
        waiting += [(one, node.id) for one in reversed(children.get(node.id, []))]
    if all(turn.nodes[0].role == "system" for turn in order):
        for turn in order:
            ledger.add("message", "skipped", "prompt_only", turn.nodes[0].path)
        return (), None
    return tuple(map(_message, order)), _leaf(leaf, known, turns, children)


def arguments_of(value: Any) -> tuple[str, bool]:
    """Return the arguments of a call as the JSON text of an object, and whether they were an object
    before.
    """
    if isinstance(value, Mapping):
        return encode_json(value).decode(), True
    if isinstance(value, str) and is_object(value):
        return value, True
    return encode_json({"input": value}).decode(), value in (None, "")


def _known(nodes: Iterable[Node], ledger: Ledger) -> dict[str, Node]:
    known: dict[str, Node] = {}
    for node in nodes:
        if node.id in known:
            ledger.add("message", "skipped", "twice", node.path)
        else:
            known[node.id] = node
    return known


def _children(known: Mapping[str, Node], ledger: Ledger) -> dict[str | None, list[Node]]:
    """Return the kept children of each kept node; the roots are under None."""
    children: dict[str | None, list[Node]] = {None: []}
    kept = [node for node in known.values() if node.role]
    for node in kept:
        if node.parent and node.parent not in known:
            ledger.add("part", "changed", "orphan", node.path)
        children.setdefault(_kept_above(node, known), []).append(node)
    reached: set[str] = set()
    _reach(children, children[None], reached)
    for node in kept:
        if node.id not in reached:
            ledger.add("part", "changed", "loop", node.path)
            children[_kept_above(node, known)].remove(node)
            children[None].append(node)
            _reach(children, [node], reached)
    return children


def _reach(children: Mapping[str | None, list[Node]], first: list[Node], into: set[str]) -> None:
    waiting = list(first)
    while waiting:
        node = waiting.pop()
        into.add(node.id)
        waiting += children.get(node.id, [])


def _kept_above(node: Node, known: Mapping[str, Node]) -> str | None:
    seen = set[str]()
    above = node.parent
    while above and above in known and above not in seen:
        if known[above].role:
            return above
        seen.add(above)
        above = known[above].parent
    return None


def _goes_on(turn: _Exchanged, node: Node) -> bool:
    return turn.nodes[0].role == "assistant" and node.role == "assistant"


def _leaf(
    leaf: str | None,
    known: Mapping[str, Node],
    turns: Mapping[str, _Exchanged],
    children: Mapping[str | None, list[Node]],
) -> str | None:
    if leaf is not None and leaf in known and leaf not in turns:
        leaf = _kept_above(known[leaf], known)
    if leaf not in turns:
        leaf = None
        while below := children.get(leaf):
            leaf = below[-1].id
    return turns[leaf].nodes[0].id if leaf is not None else None


def _message(turn: _Exchanged) -> ChatMessage:
    first, last = turn.nodes[0], turn.nodes[-1]
    folded = _Fold()
    for node in turn.nodes:
        for event in node.events:
            folded.add(event)
    message, steps, thinking_ns = folded.done(first.role)
    numbers = {**last.numbers, **({"thinking_ns": thinking_ns} if thinking_ns else {})}
    return ChatMessage(
        id=first.id,
        chat_id="",
        parent_id=turn.parent.nodes[0].id if turn.parent else None,
        message=message,
        state=last.state,
        model=last.model if first.role == "assistant" else "",
        steps=steps,
        numbers=numbers,
        finish_reason=last.finish_reason,
        error=last.error,
        rating=next((node.rating for node in turn.nodes if node.rating), 0),
        batch=first.batch,
        created=turn.created,
        updated=turn.created,
    )


class _Fold:
    """Folds the events of one turn into steps and a final message."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._calls: list[Call] = []
        self._parts: list[Part] = []
        self._thinking: list[str] = []
        self._thinking_ns = 0

    def add(self, event: Event) -> None:
        match event:
            case Say(text):
                self._close()
                self._parts.append(Text(text))
            case File(part):
                self._close()
                self._parts.append(part)
            case Think(text, duration):
                self._close()
                self._thinking += [text] if text else []
                self._thinking_ns += duration
            case Ask(name, arguments, call_id):
                if any(call.result is not None for call in self._calls):
                    self._close()
                self._calls.append(Call(id=call_id or self._id(), name=name, arguments=arguments))
            case Result():
                self._answer(event)

    def done(self, role: str) -> tuple[Message, tuple[Step, ...], int]:
        self._close()
        parts = tuple(self._parts) if role != "assistant" else tuple(_one_text(self._parts))
        message = Message(role=role, parts=parts, thinking="\n\n".join(self._thinking))
        return message, tuple(self._steps), self._thinking_ns

    def _answer(self, result: Result) -> None:
        for number, step in enumerate(self._steps):
            calls = [
                _answered(call, result) if call.id == result.id and call.result is None else call
                for call in step.calls
            ]
            if calls != list(step.calls):
                self._steps[number] = replace(step, calls=tuple(calls))
                return
        fits = (
            lambda call: bool(result.id) and call.id == result.id,
            lambda call: call.result is None and call.name == result.name,
            lambda call: call.result is None,
        )
        for fit in fits:
            for place, call in enumerate(self._calls):
                if call.result is None and fit(call):
                    self._calls[place] = _answered(call, result)
                    return
        name = result.name or "tool"
        self._calls.append(_answered(Call(id=result.id or self._id(), name=name), result))

    def _close(self) -> None:
        """End the current step: what follows comes after its calls."""
        if not self._calls:
            return
        text = "".join(part.text for part in _one_text(self._parts))
        self._steps.append(
            Step(
                calls=tuple(self._calls),
                text=text,
                thinking="\n\n".join(self._thinking),
                thinking_duration=self._thinking_ns,
            )
        )
        self._calls, self._parts, self._thinking, self._thinking_ns = [], [], [], 0

    def _id(self) -> str:
        return f"call_{sum(len(step.calls) for step in self._steps) + len(self._calls) + 1}"


def _answered(call: Call, result: Result) -> Call:
    return replace(call, result=result.text, failed=result.failed)


def _one_text(parts: Sequence[Part]) -> list[Text]:
    """Return the parts of an answer as one text: models get answers as text only."""
    texts = [part.text for part in parts if isinstance(part, Text)]
    return [Text("\n\n".join(texts))] if texts else []
