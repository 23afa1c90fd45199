"""The loss report: what a request translation did, one row per JSON path.

``explain_request`` walks the source body along the FIELDS table and holds each value against
the body that was really written, so a row says what happened, not what was planned:

kept       the same value at the same path
renamed    the same value at another path
retyped    said in another form, or by leaving it out, with nothing lost
defaulted  written although the client did not send it
emulated   not a thing the target can do; Diglot did it another way
dropped    not said at all
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.note import Note
from core.translation.codec.json import read_setting
from core.translation.dialects.registry import DIALECTS, FIELDS, SPOKEN, derived
from core.translation.dialects.shared.thinking import SWITCHES, effort_of, named
from core.translation.fields.field import Field
from core.translation.fields.kinds import HARMLESS
from core.translation.report.leaves import Leaf, fill, leaves
from core.translation.report.locate import Finder, aligned
from core.translation.report.notes import NOTES

__all__ = ["Outcome", "ReportRow", "dropped", "explain_request", "losses"]

Outcome = Literal["kept", "renamed", "retyped", "defaulted", "emulated", "dropped"]

# Notes that say how the target means the same without writing it.
_SAID_ANYWAY = frozenset(
    {
        "echo_done", "embed_cut", "encoding", "expanded", "format", "format_name",
        "format_strict", "implied", "raw_mode", "tool_type", "usage_always",
    }
)  # fmt: skip
# What a value is missing for that the target has a place for.
_UNWRITTEN = {"tool_name": "participant", "image": "no_vision", "audio.data": "no_hearing"}
_EMPTY: tuple[Any, ...] = ("", [], {})
_CONTENT = "messages[].content"


class ReportRow(Struct, frozen=True, kw_only=True):
    """One row. ``path`` is None for what was added, ``target`` for what was not written.

    ``harmless`` marks a loss that cannot change the content of the answer.
    """

    path: str | None
    outcome: Outcome
    target: str | None
    note: Note
    harmless: bool = False


def explain_request(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    accepts: Collection[str] = (),
    emulated: Mapping[str, str] | None = None,
) -> tuple[ReportRow, ...]:
    """Return the rows of one translated request: those of ``body``, then what was added.

    ``written`` is the body that was sent; ``emulated`` maps a path prefix of the source to
    the name of the note that says how it was done instead.
    """
    walk = _Walk(body, written, source, target, accepts, emulated or {})
    rows = [walk.judge(leaf) for leaf in leaves(body, source)]
    return (*rows, *walk.added())


def dropped(rows: tuple[ReportRow, ...], *, harmless: bool = True) -> tuple[str, ...]:
    """Return the paths that were lost, in the order of the body.

    Without ``harmless`` ones: only those whose loss may change the content of the answer.
    """
    return tuple(row.path for row in losses(rows, harmless=harmless) if row.path is not None)


def losses(rows: tuple[ReportRow, ...], *, harmless: bool = True) -> tuple[ReportRow, ...]:
    """Return the rows of what was lost, as ``dropped`` has their paths."""
    lost = (row for row in rows if row.outcome == "dropped")
    return tuple(row for row in lost if harmless or not row.harmless)


class _Walk:
    """One report in the making."""

    def __init__(
        self,
        body: Mapping[str, Any],
        written: Mapping[str, Any],
        source: str,
        target: str,
        accepts: Collection[str],
        emulated: Mapping[str, str],
    ) -> None:
        self._body = body
        self._source = source
        self._target = target
        self._accepts = accepts
        self._emulated = emulated
        self._written: dict[str, Any] = {}
        self._finder = None if aligned(source, target) else Finder(leaves(written, target), target)
        # Where the leaves of a pattern stand within one message, in order, until claimed.
        self._unclaimed: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for path, numbers, value, node in leaves(written, target):
            self._written[path] = value
            if len(numbers) > 1:
                place = (node.pattern, numbers[:1])
                self._unclaimed.setdefault(place, []).append(path)
        self._last = max(0, len(written.get("messages") or ()) - 1)
        self._explained: set[str] = set()

    def judge(self, leaf: Leaf) -> ReportRow:
        """Return the row of one leaf of the source body."""
        path, numbers, value, node = leaf
        fields = node.rows
        if node.left:
            return _say(path, "dropped", None, node.left, harmless=node.left in HARMLESS)
        for prefix, how in self._emulated.items():
            if path == prefix or path.startswith((prefix + ".", prefix + "[")):
                return _say(path, "emulated", None, how)
        if value is None:
            return _say(path, "retyped", None, "null")
        if not fields:
            if value in _EMPTY:
                return _say(path, "retyped", None, "empty")
            return _say(path, "dropped", None, "unknown")
        if fields[0].setting:
            return self._judge_setting(path, value, fields[0])
        # A model has another name at its server, so it is not found by what it is.
        if self._finder is not None and fields[0].name != "model":
            return self._judge_found(path, value, fields, self._finder.find(value, fields))
        for row in (*fields, *_owners(fields)):
            place = self._place(numbers, row)
            if place is not None:
                return self._judge_written(path, value, row, place)
        return self._judge_unwritten(path, value, fields[-1])

    def added(self) -> Iterator[ReportRow]:
        """Yield one row per leaf of the written body that no leaf of the source explains."""
        for path in self._written:
            if path not in self._explained:
                yield _say(None, "defaulted", path, _why_added(path, self._target))

    def _judge_written(self, path: str, value: Any, row: Field, place: str) -> ReportRow:
        sent = self._written[place]
        if _same(sent, value):
            self._explained.add(place)
            if place == path:
                return _say(path, "kept", place, "kept")
            return _say(path, "renamed", place, row.note or "kept")
        if value in _EMPTY and (not row.retyped or row.name == "thinking"):
            return _say(path, "retyped", None, "empty")
        if row.name == "thinking" and not self._means(value, sent):
            return _say(path, "dropped", None, "superseded")
        note = _image_note(value, row)
        if row.name == "model":
            note = "model_alias"
        elif row.name == "role":
            note = "developer" if str(value).lower() == "developer" else "role_case"
        elif not row.retyped and row.name != "content" and row.note != "implied":
            return _say(path, "dropped", None, "superseded")
        self._explained.add(place)
        return _say(path, "retyped", place, note or "kept")

    def _judge_found(
        self, path: str, value: Any, fields: list[Field], place: str | None
    ) -> ReportRow:
        row = fields[0]
        if place is None:
            if row.name == "role":
                return _say(path, "retyped", None, "implied")
            return self._judge_unwritten(path, value, fields[-1])
        self._explained.add(place)
        if row.note == "legacy_logprobs":
            self._explained.add("top_logprobs")
        if not _same(self._written[place], value):
            return _say(path, "retyped", place, _image_note(value, row) or "kept")
        if place == path:
            return _say(path, "kept", place, "kept")
        return _say(path, "renamed", place, row.note or "kept")

    def _judge_setting(self, path: str, value: Any, row: Field) -> ReportRow:
        own = _settings(self._target).get(row.name)
        target = own.paths[self._target] if own else ""
        if target not in self._written:
            if (
                own
                and row.name == "max_tokens"
                and not DIALECTS[self._target].settings.says(row, value)
            ):
                return _say(path, "retyped", None, "unlimited")
            return self._judge_unwritten(path, value, row)
        sent = self._written[target]
        if sent != value and sent != [value] and sent != read_setting(value, row.kind, path):
            return _say(path, "dropped", None, "superseded")
        self._explained.add(target)
        if not _same(sent, value):
            return _say(path, "retyped", target, row.note or "kept")
        if target == path:
            return _say(path, "kept", target, "kept")
        return _say(path, "renamed", target, row.note or "kept")

    def _judge_unwritten(self, path: str, value: Any, row: Field) -> ReportRow:
        if row.name.startswith("tools.") and self._no_tools():
            return _say(path, "retyped", None, "tool_choice_native")
        if row.note == "raw_mode" and value is False:
            return _say(path, "retyped", None, "neutral")
        if row.note in _SAID_ANYWAY or (row.name == "tool_choice" and value in row.neutral):
            return _say(path, "retyped", None, row.note)
        if value in _EMPTY:
            return _say(path, "retyped", None, "empty")
        if any(_same(value, neutral) for neutral in row.neutral):
            return _say(path, "retyped", None, "neutral")
        note = _UNWRITTEN.get(row.name) or row.note or "unknown"
        if row.name == "thinking":
            note = "think_relaxed"
        elif row.setting and not row.harmless:
            note = "no_native" if SPOKEN[self._target].native else "no_openai"
        return _say(path, "dropped", None, note, harmless=row.harmless)

    def _means(self, value: Any, sent: Any) -> bool:
        """Tell whether ``sent`` is what a value means that says to think, or how hard."""
        value = SWITCHES.get(value, value) if isinstance(value, str) else value
        if value is True:
            return sent not in (False, "none")
        effort = value if isinstance(value, bool | str) else effort_of(value)
        dump = DIALECTS[self._target].dump_effort
        if dump is None or not isinstance(effort, bool | str):
            return False
        return bool(sent == dump(named(effort)))

    def _no_tools(self) -> bool:
        choice = self._body.get("tool_choice") or self._body.get("function_call")
        return choice in ("none", {"type": "none"})

    def _place(self, numbers: tuple[int, ...], row: Field) -> str | None:
        """Return the path in the written body at which this leaf stands, if it does."""
        pattern = row.paths.get(self._target, "")
        if SPOKEN[self._source].task == "text_completion":
            numbers = (0 if row.name == "system" else self._last, *numbers)
        if row.note == "legacy_functions":
            # The older form has one call a message.
            numbers = (*numbers, 0)
        moved = self._source != self._target
        if moved and pattern.count("[]") > 1 and "tool_calls" not in pattern:
            # A picture's place among the parts differs from its place among the images.
            left = self._unclaimed.get((pattern, numbers[:1]))
            if left:
                return left.pop(0)
        elif pattern:
            place = fill(pattern, numbers)
            if place in self._written:
                return place
        if row.name in ("content.text", "refusal"):
            # One text alone is written as a string.
            place = fill(_CONTENT, numbers)
            return place if place in self._written else None
        return None


def _say(
    path: str | None, outcome: Outcome, target: str | None, note: str, *, harmless: bool = False
) -> ReportRow:
    return ReportRow(path=path, outcome=outcome, target=target, note=NOTES[note], harmless=harmless)


def _image_note(value: Any, row: Field) -> str:
    fetched = row.name == "image" and isinstance(value, str) and value.startswith("http")
    return "image_fetched" if fetched else row.note


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON: 1, 1.0 and true are three different things."""
    return type(one) is type(other) and one == other


def _why_added(path: str, target: str) -> str:
    if path == "raw":
        return "raw_mode"
    if path == "logprobs":
        return "logprobs_implied"
    if path == "stream":
        return "stream_default"
    if path == "stream_options.include_usage":
        return "usage_asked"
    if path in ("think", "reasoning_effort") or path in _setting_targets(target):
        return "deployment_default"
    if path.endswith(".tool_name"):
        return "tool_name_found"
    if path.endswith((".id", ".tool_call_id")):
        return "tool_call_id_made"
    return "required_there"


def _owners(fields: list[Field]) -> list[Field]:
    """Return the rows that say where a dialect itself writes what it reads from an alias."""
    return [replace(_owner(row.name), note=row.note) for row in fields if row.alias]


@derived
def _owner(name: str) -> Field:
    """Return the row that owns a name; of rows that are all aliases the first."""
    rows = [row for row in FIELDS if row.name == name]
    return next((row for row in rows if not row.alias), rows[0])


def _settings(target: str) -> Mapping[str, Field]:
    return DIALECTS[target].settings.by_name if target in DIALECTS else {}


@derived
def _setting_targets(target: str) -> frozenset[str]:
    return frozenset(row.paths[target] for row in _settings(target).values())
