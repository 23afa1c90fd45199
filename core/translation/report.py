"""The loss report: what a request translation did, one row per JSON path.

``explain_request`` walks the source body along the FIELDS table and holds each value against
the body that was really written, so a row says what happened, not what was planned:

kept       the same value at the same path
renamed    the same value at another path
retyped    said in another form (a list for a string, an object for JSON text)
defaulted  written although the client did not send it
emulated   not a thing the target can do; Diglot did it another way
dropped    not said at all
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from core.translation.fields import FIELDS, Field
from core.translation.notes import NOTES, Note
from core.translation.settings import says

__all__ = ["Outcome", "ReportRow", "dropped", "explain_request"]

Outcome = Literal["kept", "renamed", "retyped", "defaulted", "emulated", "dropped"]

_PLAIN = NOTES["kept"]


class ReportRow(Struct, frozen=True, kw_only=True):
    """One row. ``path`` is None for what was added, ``target`` for what was not written."""

    path: str | None
    outcome: Outcome
    target: str | None
    note: Note


class _Node:
    """One step in a path pattern. ``item`` stands for ``[]``."""

    __slots__ = ("children", "item", "row")

    def __init__(self) -> None:
        self.row: Field | None = None
        self.children: dict[str, _Node] = {}
        self.item: _Node | None = None


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
    rows = list(walk.rows())
    return (*rows, *walk.added())


def dropped(rows: tuple[ReportRow, ...]) -> tuple[str, ...]:
    """Return the paths that were lost, in the order of the body."""
    return tuple(row.path for row in rows if row.outcome == "dropped" and row.path is not None)


@lru_cache
def _pattern_tree(dialect: str) -> _Node:
    root = _Node()
    for row in FIELDS:
        if dialect not in row.paths:
            continue
        node = root
        for step in row.paths[dialect].split("."):
            name = step.rstrip("[]")
            node = node.children.setdefault(name, _Node())
            if step.endswith("[]"):
                node.item = node.item or _Node()
                node = node.item
        if node.row is None or node.row.alias:
            node.row = row
    return root


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
        self._written = dict(_leaves(written, "", _pattern_tree(target)))
        self._source = source
        self._target = target
        self._accepts = accepts
        self._emulated = emulated
        self._explained: set[str] = set()

    def rows(self) -> Iterator[ReportRow]:
        """Yield one row per leaf of the source body."""
        for path, value, node in _nodes(self._body, "", _pattern_tree(self._source)):
            yield self._judge(path, value, node.row if node else None)

    def added(self) -> Iterator[ReportRow]:
        """Yield one row per leaf of the written body that no source leaf explains."""
        for path in self._written:
            if path not in self._explained:
                yield ReportRow(path=None, outcome="defaulted", target=path, note=_added(path))

    def _judge(self, path: str, value: Any, row: Field | None) -> ReportRow:
        how = next((n for prefix, n in self._emulated.items() if path.startswith(prefix)), None)
        if how is not None:
            return self._row(path, "emulated", None, how)
        if row is None:
            return self._row(path, "dropped", None, "unknown")
        if value is None:
            return self._row(path, "retyped", None, "null")
        if row.setting:
            return self._judge_setting(path, value, row)
        place = self._place(path, row)
        if place is None:
            return self._judge_unwritten(path, value, row)
        self._explained.add(place)
        if row.name == "role" and value != self._written[place]:
            return self._row(path, "retyped", place, "developer")
        if row.retyped or row.name == "content.text":
            return self._row(path, "retyped", place, row.note)
        outcome: Outcome = "kept" if place == path else "renamed"
        return self._row(path, outcome, place, row.note if outcome == "renamed" else "kept")

    def _judge_setting(self, path: str, value: Any, row: Field) -> ReportRow:
        target = row.paths.get(self._target, "")
        if self._target == "openai":
            # An alias row names where a client wrote it, the own row where it goes.
            target = next(
                (r.paths.get("openai", "") for r in FIELDS if r.name == row.name and not r.alias),
                target,
            )
        if not target or target not in self._written:
            if row.name == "n" and value == 1:
                return self._row(path, "retyped", None, "one_choice")
            if row.name == "parallel_tool_calls" and value is True:
                return self._row(path, "retyped", None, "implied")
            if target and not says(row, value, self._target, {*self._accepts, row.name}):
                return self._row(path, "retyped", None, "unlimited")
            note = "no_native" if self._target == "ollama" else "no_openai"
            return self._row(path, "dropped", None, note)
        self._explained.add(target)
        sent = self._written[target]
        if sent != value and sent != [value]:
            return self._row(path, "dropped", None, "superseded")
        if type(sent) is not type(value):
            return self._row(path, "retyped", target, row.note or "kept")
        return self._row(path, "kept" if target == path else "renamed", target, row.note)

    def _judge_unwritten(self, path: str, value: Any, row: Field) -> ReportRow:
        if row.name == "tool_choice" and value in ("auto", "none"):
            return self._row(path, "retyped", None, "tool_choice_native")
        if row.note in ("implied", "usage_always", "format_wrapper") and row.name != "format.name":
            outcome: Outcome = "dropped" if row.note == "format_wrapper" else "retyped"
            return self._row(path, outcome, None, row.note)
        if value in ("", [], {}, False) or row.name == "format.name":
            return self._row(path, "retyped", None, row.note or "empty")
        if row.name.startswith("tools.") and _choice(self._body) == "none":
            return self._row(path, "retyped", None, "tool_choice_native")
        if row.name == "tool_name":
            return self._row(path, "dropped", None, "participant")
        return self._row(path, "dropped", None, row.note or "unknown")

    def _place(self, path: str, row: Field) -> str | None:
        """Return the path in the written body at which this leaf stands, if it does."""
        pattern = row.paths.get(self._target)
        if pattern is None:
            return None
        numbers = _numbers(path)
        if row.name == "format":
            return next((p for p in (pattern, "response_format.type") if p in self._written), None)
        for place in _fillings(pattern, numbers, self._written):
            if place in self._written and place not in self._explained:
                return place
        shared = _fill(pattern, numbers)
        return shared if shared in self._written else None

    def _row(self, path: str, outcome: Outcome, target: str | None, note: str) -> ReportRow:
        return ReportRow(path=path, outcome=outcome, target=target, note=NOTES.get(note, _PLAIN))


def _nodes(value: Any, path: str, node: _Node | None) -> Iterator[tuple[str, Any, _Node | None]]:
    """Yield the leaves of a body with the pattern that names them; opaque values are leaves."""
    if node is None or (node.row is not None and node.row.opaque):
        yield path, value, node
    elif isinstance(value, dict) and value and node.children:
        for key, item in value.items():
            yield from _nodes(item, f"{path}.{key}" if path else key, node.children.get(key))
    elif isinstance(value, list) and value and node.item is not None:
        for index, item in enumerate(value):
            yield from _nodes(item, f"{path}[{index}]", node.item)
    else:
        yield path, value, node


def _leaves(value: Any, path: str, node: _Node | None) -> Iterator[tuple[str, Any]]:
    for leaf, item, _ in _nodes(value, path, node):
        yield leaf, item


def _numbers(path: str) -> list[int]:
    return [int(step.split("]")[0]) for step in path.split("[")[1:]]


def _fill(pattern: str, numbers: list[int]) -> str:
    pieces = pattern.split("[]")
    filled = pieces[0]
    for index, piece in enumerate(pieces[1:]):
        filled += f"[{numbers[index] if index < len(numbers) else 0}]{piece}"
    return filled


def _fillings(pattern: str, numbers: list[int], written: Mapping[str, Any]) -> Iterator[str]:
    """Yield where a leaf may stand: its message stays, its place inside it may move."""
    if pattern.count("[]") <= 1 or ".tool_calls" in pattern or pattern.startswith("tools"):
        yield _fill(pattern, numbers)
        return
    # A picture's place among the parts differs from its place among the images.
    for place in range(len(written)):
        filled = _fill(pattern, [*numbers[:1], place])
        if filled in written:
            yield filled
        elif place > 0 and not any(key.startswith(filled.rsplit("]", 1)[0]) for key in written):
            return


def _choice(body: Mapping[str, Any]) -> Any:
    return body.get("tool_choice")


def _added(path: str) -> Note:
    if path == "stream":
        return NOTES["stream_default"]
    if path == "stream_options.include_usage":
        return NOTES["usage_asked"]
    if path.endswith(".tool_name"):
        return NOTES["tool_name_found"]
    if path.endswith((".id", ".tool_call_id")):
        return NOTES["tool_call_id_made"]
    return NOTES["required_there"]
