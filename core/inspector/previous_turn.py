"""Compares a request with the previous one: what was added, and how much a server can reuse.

Servers cache the last prompt and continue from where the new one differs. They see the prompt as
the template of the model writes it; here it is approximated by the messages, tools and system
prompt, in the order of templates. Counts of characters are exact, those of tokens are the servers'
own where they gave them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from core.note import Note
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import DIALECTS
from core.translation.messages import Audio, ChatRequest, Image, Message, text_of

State = Literal["kept", "changed", "added", "removed"]

_SAME = Note("previous_turn.same")
_AGAIN = Note("previous_turn.again")
_CHANGED = Note("previous_turn.changed")
_ADDED = Note("previous_turn.added")
_REMOVED = Note("previous_turn.removed")
_SETTING = Note("previous_turn.setting")
_RELOAD = Note("previous_turn.reload", source="Ollama server/sched.go: needsReload")
_MODEL = Note("previous_turn.model")
_TOOLS = Note("previous_turn.tools")
_TRIMMED = Note("previous_turn.trimmed")
# Settings for which Ollama loads a model anew: api/types.go, Runner.
_RELOADING = frozenset({"num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread"})


class TurnPart(Struct, frozen=True, kw_only=True):
    """One piece of the prompt: the tools, or a message, with its length before and after.

    ``place`` is ``tools`` or ``messages[3]`` in the new request (in the old one if it was removed);
    ``cached``: it may be reused; ``same_characters`` is the length of the unchanged beginning.
    """

    place: str
    role: str
    state: State
    cached: bool
    before: int
    after: int
    same_characters: int
    preview: str
    note: Note


class TurnChange(Struct, frozen=True, kw_only=True):
    """The whole comparison.

    ``cached_share`` (0 to 1) is the part of the new prompt's characters that stands before the
    first change; ``breaks_at`` is the place of that change, empty where only something was
    added at the end. ``before_tokens`` and ``after_tokens`` are the servers' counts of the
    prompts, 0 where unknown. ``settings`` are the names of those that changed, with values.
    """

    parts: tuple[TurnPart, ...]
    settings: tuple[tuple[str, Any, Any, Note], ...]
    before_characters: int
    after_characters: int
    cached_characters: int
    before_tokens: int
    after_tokens: int
    breaks_at: str
    notes: tuple[Note, ...]

    @property
    def cached_share(self) -> float:
        """The share of the new prompt that a server may reuse."""
        return self.cached_characters / self.after_characters if self.after_characters else 0.0

    @property
    def cached_tokens(self) -> int:
        """The approximate number of reusable tokens; 0 if the count of the prompt is unknown."""
        return round(self.after_tokens * self.cached_share)


def compare_turns(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    before_dialect: str,
    after_dialect: str,
    before_tokens: int = 0,
    after_tokens: int = 0,
) -> TurnChange:
    """Return the differences between ``before`` and ``after``. Raises InvalidRequest."""
    old = DIALECTS[before_dialect].parse_request(dict(before))
    new = DIALECTS[after_dialect].parse_request(dict(after))
    settings = tuple(_settings(old, new))
    notes = _reasons(old, new, settings)
    usable = _MODEL not in notes and _RELOAD not in notes
    parts, cached, breaks_at = _parts(old, new, usable)
    if breaks_at == "tools":
        notes = (*notes, _TOOLS)
    if _is_trimmed(old, new):
        notes = (*notes, _TRIMMED)
    return TurnChange(
        parts=parts,
        settings=settings,
        before_characters=sum(len(text) for _, text in _pieces(old)),
        after_characters=sum(len(text) for _, text in _pieces(new)),
        cached_characters=cached,
        before_tokens=before_tokens,
        after_tokens=after_tokens,
        breaks_at=breaks_at if usable else "model",
        notes=notes,
    )


def _parts(
    old: ChatRequest, new: ChatRequest, usable: bool
) -> tuple[tuple[TurnPart, ...], int, str]:
    earlier, later = _pieces(old), _pieces(new)
    parts: list[TurnPart] = []
    cached, breaks_at, whole = 0, "", usable
    # The tools come first in both, so messages are compared with messages.
    for index, (place, text) in enumerate(later):
        known = index < len(earlier)
        was = earlier[index][1] if known else ""
        same = _common(was, text)
        state: State = "kept" if known and was == text else "changed" if known else "added"
        if index == 0 and not was and text:
            state = "added"
        note = {"kept": _SAME if whole else _AGAIN, "changed": _CHANGED, "added": _ADDED}[state]
        if whole:
            cached += same
        parts.append(_part(place, new, state, state == "kept" and whole, (was, text), same, note))
        if state == "changed" or (index == 0 and state == "added"):
            breaks_at = breaks_at or place
            whole = False
    for place, text in earlier[len(later) :]:
        parts.append(_part(place, old, "removed", False, (text, ""), 0, _REMOVED))
        breaks_at = breaks_at or place
    shown = tuple(part for part in parts if part.before or part.after or part.place != "tools")
    return shown, cached, breaks_at


def _part(
    place: str, request: ChatRequest, state: State, cached: bool, texts: tuple[str, str],
    same: int, note: Note,
) -> TurnPart:  # fmt: skip
    index = place.removeprefix("messages[").removesuffix("]")
    role = request.messages[int(index)].role if index.isdigit() else place
    was, now = texts
    return TurnPart(
        place=place,
        role=role,
        state=state,
        cached=cached,
        before=len(was),
        after=len(now),
        same_characters=same,
        preview=(now or was)[max(0, same - 20) :][:120]
        if state == "changed"
        else (now or was)[:120],
        note=note,
    )


def _pieces(request: ChatRequest) -> list[tuple[str, str]]:
    """Return the pieces of a prompt in the order in which templates write them."""
    tools = "\n".join(
        encode_json({"name": t.name, "description": t.description, "parameters": t.parameters})
        .decode("utf-8", "replace") for t in request.tools
    )  # fmt: skip
    pieces = [("tools", tools if request.tool_choice != "none" else "")]
    if request.prompt is not None:
        return [*pieces, ("prompt", request.prompt.text)]
    return [
        *pieces,
        *((f"messages[{i}]", _text(message)) for i, message in enumerate(request.messages)),
    ]


def _text(message: Message) -> str:
    """Return everything that a template may write of a message."""
    text = [f"{message.role}\n{text_of(message)}"]
    text += [part.data or part.url for part in message.parts if isinstance(part, Image)]
    text += [part.data for part in message.parts if isinstance(part, Audio)]
    text += [f"{call.name}({call.arguments})" for call in message.tool_calls]
    return "\n".join([*text, *([message.name] if message.role == "tool" else [])])


def _common(one: str, other: str) -> int:
    """Return how many characters at the beginning of two texts are the same."""
    if one == other:
        return len(one)
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _settings(old: ChatRequest, new: ChatRequest) -> list[tuple[str, Any, Any, Note]]:
    then = {**old.settings, "thinking": old.thinking, "format": _format(old)}
    now = {**new.settings, "thinking": new.thinking, "format": _format(new)}
    return [
        (name, then.get(name), now.get(name), _RELOAD if name in _RELOADING else _SETTING)
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name)
    ]


def _format(request: ChatRequest) -> Any:
    return None if request.format is None else request.format.schema or "json"


def _reasons(
    old: ChatRequest, new: ChatRequest, settings: Sequence[tuple[str, Any, Any, Note]]
) -> tuple[Note, ...]:
    found = () if old.model == new.model else (_MODEL,)
    return (*found, *dict.fromkeys(note for *_, note in settings if note is _RELOAD))


def _is_trimmed(old: ChatRequest, new: ChatRequest) -> bool:
    """Tell whether the new request begins in the middle of the old one."""
    then = [_text(m) for m in old.messages if m.role not in ("system", "developer")]
    now = [_text(m) for m in new.messages if m.role not in ("system", "developer")]
    return len(then) > 1 and bool(now) and now[0] != then[0] and now[0] in then
