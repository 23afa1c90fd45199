"""Streams in two dialects, side by side: one row for each field of their chunks.

Pieces (text, thinking, arguments) are joined; a repeated field has one row with its value, or with
its values if they differ. The fields are those of whole answers: the path in a chunk is mapped to
the path in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError
from core.inspector.align.request import AlignedRow, Span
from core.inspector.align.response import AnswerLeaf, align_leaves, is_closed, rows_of
from core.inspector.align.response_fields import AnswerField
from core.inspector.align.response_notes import ANSWER_NOTES
from core.inspector.timeline import Record, StreamLine
from core.translation.codec.framing import SSEDecoder
from core.translation.codec.json import decode_json, encode_json
from core.translation.codec.json_paths import join
from core.translation.dialects.registry import DIALECTS

_GROWING = frozenset({"text", "thinking", "call.arguments", "refusal"})
_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
_CALLS = ("message.tool_calls[]", "tool_calls[]")
_TYPED = ("anthropic", "responses")
_INDEX = {"anthropic": "index", "responses": "output_index"}


def _frame(name: str, note: str) -> AnswerField:
    return AnswerField(name=name, paths={}, note=note, implied=True)


_STEP = re.compile(r"[.\[]")

_EVENT, _MARK = _frame("event", "event_name"), _frame("mark", "done_mark")
_FRAMES = {
    "event": _EVENT,
    "type": _EVENT,
    **dict.fromkeys(
        (
            "index",
            "sequence_number",
            "output_index",
            "content_index",
            "summary_index",
            "item_id",
        ),
        _frame("place", "position"),
    ),
}
"""Fields of typed events that exist in every type."""

# Maps paths in events to paths in the answer, by event type and beginning of the path.
_PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "anthropic": (
        (r"message_start message\.(?=(id|type|role|model|usage\.\w+)$)", ""),
        (r"content_block_start content_block\.(?=(type|id|name)$)", "content[]."),
        (r"content_block_delta delta\.partial_json$", "content[].input"),
        (r"content_block_delta delta\.", "content[]."),
        (r"message_delta (delta\.)?", ""),
        (r"error ", ""),
    ),
    "responses": (
        (r"response\.(completed|incomplete|failed) response\.", ""),
        (r"response\.(output_text|refusal)\.delta delta$", "output[].content[].text"),
        (r"response\.output_text\.delta logprobs$", "output[].content[].logprobs"),
        (r"response\.reasoning(_summary)?_text\.delta delta$", "output[].summary[].text"),
        (r"response\.function_call_arguments\.delta delta$", "output[].arguments"),
        (r"response\.output_item\.added item\.(?=(id|type|role|call_id|name)$)", "output[]."),
        (r"error ", "error."),
    ),
}
_STATE, _AGAIN = _frame("state", "stream_state"), _frame("again", "said_again")
_NOTHING = _frame("nothing", "empty_chunk")
_WHOLE = ("response.created response", "response.in_progress response")


def align_stream(left: StreamLine, right: StreamLine) -> tuple[AlignedRow, ...]:
    """Return the rows of a stream and its translation: first those of ``left``.

    ``at`` and ``written_at`` are the records with the field.
    """
    here, there = _Merged(left), _Merged(right)
    leaves = here.leaves()
    rows = align_leaves(leaves, there.leaves(), source=left.dialect, target=right.dialect)
    names = {leaf.path: leaf.row.name for leaf in leaves if leaf.row is not None}
    matched = {names.get(row.path, "") for row in rows if row.path and row.target} - {""}
    return tuple(
        replace(
            _reconsidered(row, names.get(row.path or "", ""), matched, right.dialect),
            at=here.span(row.path) if row.path is not None else None,
            written_at=there.span(row.target) if row.target is not None else None,
        )
        for row in rows
    )


def _reconsidered(row: AlignedRow, name: str, matched: Collection[str], target: str) -> AlignedRow:
    """Return the row of the field ``name``, with a reason that applies only to streams."""
    if row.outcome != "dropped" or row.path is None:
        return row
    if name in matched:
        return replace(row, outcome="retyped", note=ANSWER_NOTES["said_again"])
    if name in _COUNTS and target in ("openai", "completions"):
        return replace(row, note=ANSWER_NOTES["usage_not_asked"])
    return row


class _Merged:
    """The fields of one stream, by their paths, each with its values and its records."""

    def __init__(self, line: StreamLine) -> None:
        self._dialect = line.dialect
        self._calls = 0
        self._found: dict[str, tuple[str, AnswerField | None, list[Any], list[int]]] = {}
        for record in line.records:
            for path, pattern, row, value in self._read(record):
                entry = self._found.setdefault(path, (pattern, row, [], []))
                entry[2].append(value)
                entry[3].append(record.number + 1)

    def leaves(self) -> list[AnswerLeaf]:
        """Return one leaf for each field."""
        # An object in one chunk may be empty in another: usage, or a delta.
        above = {path[: end.start()] for path in self._found for end in _STEP.finditer(path)}
        return [
            AnswerLeaf(path, pattern, _merge(values, row), _NOTHING if path in above else row)
            for path, (pattern, row, values, _) in self._found.items()
        ]

    def span(self, path: str) -> Span:
        """Return the records with a field."""
        _, _, values, numbers = self._found[path]
        # Records with null count only if there are no others.
        told = [n for n, value in zip(numbers, values, strict=True) if value is not None]
        numbers = told or numbers
        return Span(first=numbers[0], last=numbers[-1], count=len(numbers))

    def _read(self, record: Record) -> Iterator[tuple[str, str, AnswerField | None, Any]]:
        data, event = record.data, b""
        if not DIALECTS[self._dialect].native:
            for one in SSEDecoder().decode(data):
                data, event = one.data, one.event
        if event:
            yield "event", "event", _EVENT, event.decode("utf-8", "replace")
        if data.strip() == b"[DONE]":
            yield "data", "data", _MARK, "[DONE]"
            return
        try:
            body = decode_json(data)
        except DiglotError:
            body = data.decode("utf-8", "replace").strip()
        if not isinstance(body, dict):
            yield "data", "data", None, body
            return
        kind = str(body.get("type", "")) if self._dialect in _TYPED else ""
        calls = self._calls
        for key, value in body.items():
            if kind and key in _FRAMES:
                yield key, key, _FRAMES[key], value
                continue
            number = body.get(_INDEX.get(self._dialect, ""))
            where = kind if number is None else f"{kind}[{number}]"
            path = join("", key)
            yield from self._below(value, f"{where} {path}".strip(), f"{kind} {key}".strip(), calls)

    def _below(
        self, value: Any, path: str, pattern: str, calls: int
    ) -> Iterator[tuple[str, str, AnswerField | None, Any]]:
        row = _row_at(self._dialect, pattern)
        place = _place(self._dialect, pattern)
        if is_closed(value, row, place, self._dialect) or (row is _AGAIN or pattern in _WHOLE):
            yield path, place, row, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from self._below(item, join(path, key), f"{pattern}.{key}", calls)
        else:
            inner = f"{pattern}[]"
            for index, item in enumerate(value):
                if inner in _CALLS:
                    # Each is a new call, not another piece of one.
                    number = calls + index
                    self._calls = number + 1
                else:
                    number = item.get("index", index) if isinstance(item, dict) else index
                yield from self._below(item, f"{path}[{number}]", inner, calls)


@lru_cache(4096)
def _row_at(dialect: str, pattern: str) -> AnswerField | None:
    """Return the answer field for a path in a chunk."""
    place = _place(dialect, pattern)
    if place != pattern or dialect not in _TYPED:
        return rows_of(dialect).get(place)
    kind = pattern.partition(" ")[0]
    if kind.endswith((".done", "_part.added")):
        return _AGAIN
    begun = ("message_start", "content_block_start", "created", "in_progress", "item.added")
    return _STATE if kind.endswith(begun) else None


@lru_cache(4096)
def _place(dialect: str, pattern: str) -> str:
    if dialect == "openai":
        return pattern.replace("choices[].delta", "choices[].message", 1)
    for begin, place in _PLACES.get(dialect, ()):
        found = re.match(begin, pattern)
        if found:
            return place + pattern[found.end() :]
    return pattern


def _merge(values: list[Any], row: AnswerField | None) -> Any:
    """Return the merged value of one field."""
    said = [value for value in values if value is not None]
    if row is not None and row.name in _GROWING and all(isinstance(v, str) for v in said):
        return "".join(said) if said else None
    if row is not None and row.name == "logprobs" and all(isinstance(v, list) for v in said):
        return [entry for value in said for entry in value] if said else None
    different = list({encode_json(value): value for value in said or values}.values())
    return different[0] if len(different) == 1 else different
