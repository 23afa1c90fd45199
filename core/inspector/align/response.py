"""Answers, errors and headers in two dialects, side by side: every value of both in one row.

As in the report of a request, a row says what happened to a value: each leaf of either side is in
exactly one row, matched by the table of answer fields and by value.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from core.errors import DiglotError, InvalidResponse
from core.exchanges.masking import MASK
from core.inspector.align.request import AlignedRow
from core.inspector.align.response_fields import ANSWER_FIELDS, AnswerField
from core.inspector.align.response_notes import ANSWER_NOTES
from core.translation.codec.json import decode_json, encode_json, read_object
from core.translation.codec.json_paths import join
from core.translation.dialects.registry import DIALECTS, EMBEDDING_DIALECTS
from core.translation.events import Event, accumulate
from core.translation.report.rows import Outcome
from core.translation.stamp import Stamp

_EMPTY: tuple[Any, ...] = ("", None, [], {})
_NATIVE = ("ollama", "generate")
_COUNTS = ("usage", "prompt_eval_count", "eval_count")
_ECHOED = frozenset(
    """background conversation include instructions max_output_tokens max_tool_calls metadata
    parallel_tool_calls previous_response_id prompt_cache_key reasoning safety_identifier
    service_tier store temperature text tool_choice tools top_logprobs top_p truncation user
    incomplete_details prompt prompt_cache_retention presence_penalty frequency_penalty
    moderation""".split()
)
_TRANSPORT = frozenset(
    """accept accept-encoding accept-language cache-control connection content-encoding
    content-length date host keep-alive server transfer-encoding user-agent vary
    x-accel-buffering""".split()
)


class AnswerLeaf(NamedTuple):
    """One value of an answer, its path with and without indices, and its row of ANSWER_FIELDS."""

    path: str
    pattern: str
    value: Any
    row: AnswerField | None


def whole_answer(dialect: str, data: bytes, *, streamed: bool, stamp: Stamp) -> dict[str, Any]:
    """Return an answer as one body: a stream is put together as its dialect writes whole ones.

    Raises InvalidResponse or BackendError for an invalid or incomplete answer.
    """
    if not streamed:
        return read_object(decode_json(data, blame=InvalidResponse), "", blame=InvalidResponse)
    spoken = DIALECTS[dialect]
    decoder = spoken.decoder(ids=stamp.id)
    events: list[Event] = [*decoder.decode(data), *decoder.flush()]
    answer = accumulate(events)
    body = spoken.dump_response(answer, stamp=stamp, now=stamp.created)
    if answer.usage is None:
        # Whole answers must have counts, and say 0; a stream need not have any.
        body = {key: value for key, value in body.items() if key not in _COUNTS}
    return body


def align_answer(
    body: Mapping[str, Any], written: Mapping[str, Any], *, source: str, target: str
) -> tuple[AlignedRow, ...]:
    """Return the rows of an answer or an error and its translation: first those of ``body``.

    ``written`` is the answer in ``target``; both may be any dialect's, embeddings' too.
    """
    left, right = answer_leaves(body, source), answer_leaves(written, target)
    return align_leaves(list(left), list(right), source=source, target=target)


def align_leaves(
    left: Sequence[AnswerLeaf], right: Sequence[AnswerLeaf], *, source: str, target: str
) -> tuple[AlignedRow, ...]:
    """Return the rows of two lists of leaves, in each of which no path comes twice."""
    places = _Places(left, right)
    said = [leaf.value for leaf in right if isinstance(leaf.value, str)]
    rows = [_judge(leaf, places.found.get(leaf.path), said, source, target) for leaf in left]
    taken = {other.path for other in places.found.values()}
    return (*rows, *(_added(leaf, target) for leaf in right if leaf.path not in taken))


def align_headers(
    left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]
) -> tuple[AlignedRow, ...]:
    """Return the rows of two lists of headers, by name; ``path`` and ``target`` are the names."""
    others: dict[str, deque[str]] = defaultdict(deque)
    for name, value in right:
        others[name].append(value)
    rows = []
    for name, value in left:
        other = others[name].popleft() if others.get(name) else None
        rows.append(_header(name, value, other))
    for name, waiting in others.items():
        rows.extend(_header_added(name, value) for value in waiting)
    return tuple(rows)


def answer_leaves(body: Mapping[str, Any], dialect: str) -> Iterator[AnswerLeaf]:
    """Yield the values of an answer one by one; opaque values stay whole."""
    return _below(dict(body), "", "", dialect)


class _Places:
    """Matches the leaves of both sides: equal values first."""

    def __init__(self, left: Sequence[AnswerLeaf], right: Sequence[AnswerLeaf]) -> None:
        self.found: dict[str, AnswerLeaf] = {}
        self._equal: dict[tuple[str, bytes], deque[AnswerLeaf]] = defaultdict(deque)
        self._named: dict[str, deque[AnswerLeaf]] = defaultdict(deque)
        self._taken: set[str] = set()
        for leaf in sorted(right, key=_is_empty):
            self._equal[_group(leaf), _means(leaf.value)].append(leaf)
            self._named[_name(leaf)].append(leaf)
        for leaf in left:
            self._take(leaf, self._equal.get((_group(leaf), _means(leaf.value))))
        for leaf in sorted(left, key=_is_empty):
            if leaf.path not in self.found:
                self._take(leaf, self._named.get(_name(leaf)))

    def _take(self, leaf: AnswerLeaf, waiting: deque[AnswerLeaf] | None) -> None:
        while waiting:
            other = waiting.popleft()
            if other.path not in self._taken:
                self._taken.add(other.path)
                self.found[leaf.path] = other
                return


def _is_empty(leaf: AnswerLeaf) -> bool:
    """Tell whether a leaf is empty: among equal candidates, others come first."""
    return leaf.value in _EMPTY


def _name(leaf: AnswerLeaf) -> str:
    return leaf.row.name if leaf.row else f"?{leaf.path}"


def _group(leaf: AnswerLeaf) -> str:
    # The responses dialect writes thinking where it writes text.
    name = _name(leaf)
    return "text" if name == "thinking" else name


def is_closed(value: Any, row: AnswerField | None, pattern: str, dialect: str) -> bool:
    """Tell whether a value is one leaf: a scalar, an empty container or an opaque value."""
    if not isinstance(value, dict | list) or not value:
        return True
    # An opaque value may contain another named one: choices[].logprobs.
    inner = isinstance(value, dict) and "content" in value and (
        f"{pattern}.content" in rows_of(dialect))  # fmt: skip
    echoed = dialect == "responses" and pattern in _ECHOED
    return echoed or (row is not None and row.opaque and not inner)


def rows_of(dialect: str) -> Mapping[str, AnswerField]:
    """Return the answer fields of a dialect by path."""
    return _rows(dialect)


def _below(value: Any, path: str, pattern: str, dialect: str) -> Iterator[AnswerLeaf]:
    row = _rows(dialect).get(pattern)
    if path and is_closed(value, row, pattern, dialect):
        yield AnswerLeaf(path, pattern, value, row)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{pattern}.{key}" if pattern else key
            yield from _below(item, join(path, key), inner, dialect)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(item, f"{path}[{index}]", f"{pattern}[]", dialect)


@lru_cache
def _rows(dialect: str) -> Mapping[str, AnswerField]:
    return {place: row for row in ANSWER_FIELDS for place in row.paths.get(dialect, ())}


def _judge(
    leaf: AnswerLeaf, other: AnswerLeaf | None, said: Sequence[str], source: str, target: str
) -> AlignedRow:
    row = leaf.row
    if other is not None:
        return _pair(leaf, other, row.note if row else "unknown")
    if row is None:
        if source == "responses" and re.split(r"[.\[]", leaf.pattern)[0] in _ECHOED:
            return _say(leaf, "retyped", "echoed")
        if leaf.value in _EMPTY:
            return _say(leaf, "retyped", "added")
        return _say(leaf, "dropped", "unknown")
    if row.implied or (row.name == "reason" and target == "responses"):
        return _say(leaf, "retyped", row.note)
    if leaf.value in _EMPTY:
        return _say(leaf, "retyped", "added")
    if isinstance(leaf.value, str) and any(leaf.value in text for text in said):
        return _say(leaf, "retyped", "joined")
    return _say(leaf, "dropped", row.note)


def _pair(leaf: AnswerLeaf, other: AnswerLeaf, note: str) -> AlignedRow:
    same = type(leaf.value) is type(other.value) and leaf.value == other.value
    outcome: Outcome = "retyped"
    if same:
        outcome = "kept" if leaf.path == other.path else "renamed"
    if same and outcome == "kept":
        note = "kept"
    elif note == "durations":
        note = "durations_read"
    elif note == "content" and not same and leaf.value in _EMPTY and other.value in _EMPTY:
        note = "empty_content"
    return AlignedRow(
        path=leaf.path, value=leaf.value, outcome=outcome, target=other.path,
        written=other.value, note=ANSWER_NOTES[note],
    )  # fmt: skip


def _added(leaf: AnswerLeaf, target: str) -> AlignedRow:
    note = leaf.row.note if leaf.row else "added"
    first = re.split(r"[.\[]", leaf.pattern)[0]
    if leaf.row is None and target == "responses" and first in _ECHOED:
        note = "echoed"
    elif note == "durations" and target in _NATIVE:
        note = "durations_read" if leaf.row and leaf.row.name != "total" else "duration_measured"
    return AlignedRow(
        path=None, value=None, outcome="defaulted", target=leaf.path, written=leaf.value,
        note=ANSWER_NOTES[note],
    )  # fmt: skip


def _say(leaf: AnswerLeaf, outcome: Outcome, note: str) -> AlignedRow:
    return AlignedRow(
        path=leaf.path, value=leaf.value, outcome=outcome, target=None, written=None,
        note=ANSWER_NOTES[note],
    )  # fmt: skip


def _means(value: Any) -> bytes:
    """Return a normal form that is equal for values with the same meaning."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(DiglotError):
            value = decode_json(value)
    return encode_json("" if value is None else value)


def _header(name: str, value: str, other: str | None) -> AlignedRow:
    note, outcome = "kept", "kept"
    if MASK in (value, other):
        note, outcome = "secret_header", "retyped" if other is not None else "dropped"
    elif other is None:
        own = name.startswith("x-diglot-")
        note = "own_header" if own else "transport"
        outcome = "retyped" if own or name in _TRANSPORT else "dropped"
    elif value != other:
        note, outcome = "stream_type" if name == "content-type" else "transport", "retyped"
    kind: Outcome = outcome  # type: ignore[assignment]
    return AlignedRow(
        path=name, value=value, outcome=kind, target=None if other is None else name,
        written=other, note=ANSWER_NOTES[note],
    )  # fmt: skip


def _header_added(name: str, value: str) -> AlignedRow:
    note = "own_header" if name.startswith("x-diglot-") else "transport"
    if value == MASK:
        note = "secret_header"
    return AlignedRow(
        path=None, value=None, outcome="defaulted", target=name, written=value,
        note=ANSWER_NOTES[note],
    )  # fmt: skip


_KNOWN = frozenset({*DIALECTS, *EMBEDDING_DIALECTS})
assert all(dialect in _KNOWN for row in ANSWER_FIELDS for dialect in row.paths)
