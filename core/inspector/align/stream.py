"""Streams in two dialects, side by side: each field of their chunks in one row, as of an answer.

What comes in pieces (text, thinking, arguments) is joined; of a field that is said again and
again the row holds the value, or the values where they differ. The fields are those of whole
answers: a chunk's place is looked up as the place in the answer that it fills.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from core.errors import DiglotError
from core.inspector.align.answer_leaves import (
    EMPTY,
    GROWING,
    AnswerLeaf,
    answer_leaves,
    is_closed,
    is_echo,
    rows_of,
)
from core.inspector.align.answer_meaning import listed
from core.inspector.align.answer_scene import AnswerWays
from core.inspector.align.request import AlignedRow, Span
from core.inspector.align.response import align_leaves
from core.inspector.align.response_fields import AnswerField
from core.inspector.timeline import Record, StreamLine
from core.translation.codec.framing import SSEDecoder
from core.translation.codec.json import decode_json, encode_json
from core.translation.codec.json_paths import join
from core.translation.dialects.registry import DIALECTS

_CALLS = ("message.tool_calls[]", "tool_calls[]")
_TYPED = ("anthropic", "responses")
_INDEX = {"anthropic": "index", "responses": "output_index"}


def _frame(name: str, note: str) -> AnswerField:
    return AnswerField(name=name, paths={}, note=note)


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
"""What typed events say of themselves, whatever their type."""

# Where the answer has what an event brings, by the event's type and the beginning of a place.
_PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "anthropic": (
        (r"message_start message\.(?=(id|type|role|model|usage\.\w+)$)", ""),
        (
            r"content_block_start content_block\.(?=(type|id|name|text|thinking|input)$)",
            "content[].",
        ),
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
# Events that repeat, at the end, what came in pieces.
_FINAL = re.compile(r"response\.(completed|incomplete|failed) response\.(?!usage)")
_REPEATED = frozenset({*GROWING, "call.name", "call.id"})


def align_stream(
    left: StreamLine | Whole, right: StreamLine | Whole, *, ways: AnswerWays | None = None
) -> tuple[AlignedRow, ...]:
    """Return the rows of a stream and what became of it: first those of ``left``.

    ``at`` and ``written_at`` say in which records a field stands; a side that was no stream has
    none.
    """
    here, there = (one if isinstance(one, Whole) else _Merged(one) for one in (left, right))
    rows = align_leaves(
        here.leaves(), there.leaves(), source=left.dialect, target=right.dialect, ways=ways
    )
    return tuple(
        replace(
            row,
            at=here.span(row.path) if row.path is not None else None,
            written_at=there.span(row.target) if row.target is not None else None,
        )
        for row in rows
    )


class Whole:
    """A side whose answer was no stream."""

    def __init__(self, dialect: str, body: Mapping[str, Any]) -> None:
        self.dialect = dialect
        self._body = body

    def leaves(self) -> list[AnswerLeaf]:
        """Return one leaf for each field."""
        return list(answer_leaves(self._body, self.dialect))

    def span(self, path: str) -> None:
        """There are no records."""


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
        self._leaves = self._once([self._leaf(path) for path in self._found])

    def leaves(self) -> list[AnswerLeaf]:
        """Return one leaf for each field."""
        return self._leaves

    def _leaf(self, path: str) -> AnswerLeaf:
        pattern, row, values, _ = self._found[path]
        final = _FINAL.match(path) is not None and not is_echo(path)
        again = row is _AGAIN or final
        value = _merge(values, row)
        begun = value in EMPTY or path in _WHOLE or path.endswith(".status")
        row = None if row is _STATE and not begun else row
        if self._counted_anew(path):
            row = _STATE
        return AnswerLeaf(path, pattern, value, row, again)

    def _counted_anew(self, path: str) -> bool:
        """Tell whether the end of the stream has the count of what its beginning counts.

        Anthropic API reference, streaming: the counts of ``message_delta`` are cumulative.
        """
        later = path.replace("message_start message.usage.", "message_delta usage.", 1)
        return later != path and later in self._found

    def _once(self, leaves: list[AnswerLeaf]) -> list[AnswerLeaf]:
        """Put what a stream says again, word for word, into the field that said it first."""
        # What is looked into in one chunk may be empty in another: usage, or a delta.
        above = {path[: end.start()] for path in self._found for end in _STEP.finditer(path)}
        first: dict[tuple[str, bytes], str] = {}
        kept = []
        for leaf in leaves:
            if leaf.path in above and all(value in EMPTY for value in listed(leaf.value)):
                leaf = leaf._replace(row=_NOTHING)
            value = encode_json(leaf.value)
            told = [key for key in _keys(leaf) if (key, value) in first]
            if leaf.again and told and leaf.value not in EMPTY:
                self._found[first[told[0], value]][3].extend(self._found[leaf.path][3])
                continue
            for key in _keys(leaf) if not leaf.again else ():
                first.setdefault((key, value), leaf.path)
            kept.append(leaf)
        return kept

    def span(self, path: str) -> Span:
        """Return the records in which a field stands."""
        _, _, values, numbers = self._found[path]
        # Where it is null in some, those that say something are what is looked for; beyond the
        # values are the records in which it is said again.
        told = [n for n, value in zip(numbers, values, strict=False) if value is not None]
        numbers = (told or numbers[: len(values)]) + numbers[len(values) :]
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
                    # Each is a call of its own, not another piece of one.
                    number = calls + index
                    self._calls = number + 1
                else:
                    number = item.get("index", index) if isinstance(item, dict) else index
                yield from self._below(item, f"{path}[{number}]", inner, calls)


@lru_cache(4096)
def _row_at(dialect: str, pattern: str) -> AnswerField | None:
    """Return the field of an answer that a place in a chunk fills."""
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


def _keys(leaf: AnswerLeaf) -> tuple[str, ...]:
    """Return the ideas under which a leaf may be said again; a ``.done`` event names none."""
    if leaf.row is _AGAIN or leaf.group in _REPEATED:
        return ("again", leaf.group)
    return (leaf.group,)


def _merge(values: list[Any], row: AnswerField | None) -> Any:
    """Return what values of one field say together."""
    said = [value for value in values if value is not None]
    if row is not None and row.name in GROWING and all(isinstance(v, str) for v in said):
        return "".join(said) if said else None
    if row is not None and row.name == "logprobs" and all(isinstance(v, list) for v in said):
        return [entry for value in said for entry in value] if said else None
    different = list({encode_json(value): value for value in said or values}.values())
    return different[0] if len(different) == 1 else different
