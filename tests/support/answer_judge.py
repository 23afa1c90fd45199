"""Holds the rows of an answer or a stream against what really came and went, by rules of its own.

Nothing here asks the code that makes the rows: a row is judged by its paths, its values, its
outcome and the key of its sentence, and by the bodies alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from core.inspector.align.request import AlignedRow
from tests.laws.oracle import above, at, leaves, steps
from tests.support.answer_values import (
    arguments,
    is_int,
    is_words,
    last,
    listed,
    opened,
    same,
    scalars_in,
    texts_of,
    tokens,
    words_in,
)

__all__ = ["answer_faults", "stream_faults"]

EMPTY: tuple[Any, ...] = (None, "", [], {})
NATIVE = ("ollama", "generate", "embed", "embed_legacy")
_KINDS = frozenset(
    """type object role status event finish_reason stop_reason done_reason reason code format model
    created_at id item_id""".split()
)
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which nobody can write: it is replaced where it is read."""
_TOKENS = re.compile(r"tokens$|eval_count$|cached_count$")


def answer_faults(
    rows: Sequence[AlignedRow],
    left: Any,
    right: Any,
    source: str,
    target: str,
    others: Sequence[Any] = (),
) -> Iterator[str]:
    """Yield what is wrong with the rows of two whole answers.

    ``others`` are answers of further requests that were made for the same one.
    """
    judge = Judge(rows, [left], [right], source, target, others)
    for row in rows:
        for path, value, side in ((row.path, row.value, left), (row.target, row.written, right)):
            if path is not None and not (has(side, path) and same(at(side, steps(path)), value)):
                yield f"{path} is not there, or another value: {told(row)}"
    yield from judge.rows_are_true()
    for name, side, places in (
        ("left", left, [r.path for r in rows]),
        ("right", right, [r.target for r in rows]),
    ):
        shown = [place for place in places if place is not None]
        if len(shown) != len(set(shown)):
            yield f"two rows for one value of the {name}"
        found = {steps(place) for place in shown}
        for leaf in leaves(side):
            if leaf and not any(place in found for place in above(leaf)):
                yield f"no row for {name} {leaf}"


def stream_faults(
    rows: Sequence[AlignedRow],
    left: Sequence[Any],
    right: Sequence[Any],
    source: str,
    target: str,
    others: Sequence[Any] = (),
) -> Iterator[str]:
    """Yield what is wrong with the rows of two streams, each given as what its records hold."""
    judge = Judge(rows, left, right, source, target, others)
    yield from judge.rows_are_true()
    for name, side, shown in (
        ("left", left, [r.value for r in rows if r.path is not None]),
        ("right", right, [r.written for r in rows if r.target is not None]),
    ):
        scalars = {json.dumps(v) for value in shown for v in scalars_in(value)}
        texts = "\n".join(v for value in shown for v in scalars_in(value) if isinstance(v, str))
        for value in {json.dumps(v): v for record in side for v in scalars_in(record)}.values():
            said = isinstance(value, str) and (value in texts or bool(_HALF.search(value)))
            if value not in EMPTY and not said and json.dumps(value) not in scalars:
                yield f"no row for {value!r} of the {name}"


class Judge:
    """Judges rows by everything that both sides hold."""

    def __init__(
        self,
        rows: Sequence[AlignedRow],
        left: Sequence[Any],
        right: Sequence[Any],
        source: str,
        target: str,
        others: Sequence[Any],
    ) -> None:
        self.rows = rows
        self.left = list(left)
        self.right = list(right)
        self.source = source
        self.target = target
        self.mine = texts_of([*self.left])
        self.theirs = texts_of([*self.right])
        self.aside = texts_of(others)
        self.numbers = [v for side in (*left, *others) for v in scalars_in(side) if is_int(v)]

    def rows_are_true(self) -> Iterator[str]:
        for row in self.rows:
            for wrong in (self.outcome(row), self.sentence(row)):
                if wrong:
                    yield f"{wrong}: {self.source}>{self.target} {told(row)}"

    def outcome(self, row: AlignedRow) -> str:
        if (row.path is None) and (row.target is None):
            return "about nothing"
        check = getattr(self, f"_{row.outcome}")
        return str(check(row))

    def _kept(self, row: AlignedRow) -> str:
        return "" if row.path == row.target and same(row.value, row.written) else "kept, but not"

    def _renamed(self, row: AlignedRow) -> str:
        return "" if row.path != row.target and same(row.value, row.written) else "renamed, but not"

    def _retyped(self, row: AlignedRow) -> str:
        if row.path is not None and row.target is not None:
            return "" if self.means(row) else "retyped, but another meaning"
        if row.path is None:
            words = [v for v in scalars_in(row.written) if v not in EMPTY]
            others = texts_of([r.written for r in self.rows if r is not row and r.path])
            made = [v for v in words if not self.said(v) and not self.shown(row, v)]
            made = [v for v in made if not (isinstance(v, str) and v in others)]
            return "" if len(made) < len(words) else "retyped out of nothing"
        if row.value in EMPTY or row.value in (0, False) or self.constant(row.path):
            return ""
        if row.note.key.endswith((".joined", ".said_again")) and isinstance(row.value, str):
            everything = self.theirs if row.note.key.endswith(".joined") else self.others_of(row)
            return "" if row.value in everything else "said elsewhere, but it is not"
        if row.note.key.endswith(".said_again"):
            words = [v for v in words_in(row.value) if is_words(v)]
            others = self.others_of(row)
            kept = all(word in others for word in words)
            return "" if kept else "said elsewhere, but it is not"
        rule = _UNSAID.get(row.note.key.rpartition(".")[2])
        return "" if rule is not None and rule(self, row) else "lost, and called retyped"

    def _dropped(self, row: AlignedRow) -> str:
        if row.target is not None or row.path is None:
            return "dropped with a target"
        if row.value in EMPTY:
            return "dropped, but it said nothing"
        split = "arguments" in row.path or "partial_json" in row.path
        theirs = texts_of([r.written for r in self.rows]) if split else self.theirs
        # Two fields may say one word, of which only one was carried.
        told_by_another = is_words(row.value) and row.value in self.others_of(row)
        if is_words(row.value) and not self.constant(row.path) and not told_by_another and (
            row.value in theirs):  # fmt: skip
            return "dropped, but it is there"
        if _TOKENS.search(row.path) and is_int(row.value) and row.value > 9:
            kind = (
                "prompt" if re.search("prompt|input", row.path) else "eval_count|completion|output"
            )
            for other in self.rows:
                if other.path is None and other.written == row.value and re.search(
                    kind, other.target or ""):  # fmt: skip
                    return "dropped, but the number is there"
        return ""

    def _defaulted(self, row: AlignedRow) -> str:
        if row.path is not None:
            return "added, but it has a path"
        if row.note.key == "answer.echoed" and self.target == "responses":
            return ""  # a setting may be a word of the answer, too
        if is_words(row.written) and row.written != "[DONE]" and not self.constant(row.target) and (
            row.written in self.mine + self.aside):  # fmt: skip
            return "added, but the other side said it"
        if _TOKENS.search(row.target or "") and is_int(row.written) and row.written > 9 and (
            "total" not in (row.target or "") and row.written in self.numbers):  # fmt: skip
            return "added, but the number was there"
        return ""

    def _emulated(self, row: AlignedRow) -> str:
        value = row.value if row.path is not None else row.written
        everything = self.theirs if row.path is not None else self.mine + self.aside
        words = [v for v in scalars_in(opened(value)) if is_words(v)]
        for word in words:
            if row.path is None and word not in everything:
                return "emulated out of nothing"
        return ""

    # Meanings -------------------------------------------------------------------------------

    def means(self, row: AlignedRow) -> bool:  # noqa: C901
        one, other = row.value, row.written
        mine, theirs = last(row.path), last(row.target)
        if one in EMPTY and other in EMPTY:
            return True
        if isinstance(one, list) and any(same(item, other) for item in one):
            return True
        if isinstance(other, list) and any(same(item, one) for item in other):
            return True
        if "model" in (mine, theirs):
            return mine == theirs
        if opened(one) == opened(other):
            return True
        if "created" in mine and "created" in theirs:
            return True
        if (
            mine == theirs == "id"
            and "call" not in (row.path or "")
            and "[" not in (row.path or "")
        ):
            return True
        if self.constant(row.path) and self.constant(row.target) and "reason" not in mine:
            return True
        if {"action", "operation"} & {mine, theirs}:
            given, action = arguments(one), arguments(other)
            if not isinstance(given, dict) or not isinstance(action, dict):
                return False
            return given.items() <= action.items() or action.items() <= given.items()
        if "arguments" in mine or "arguments" in theirs or "input" in (mine, theirs):
            if isinstance(one, str) and isinstance(other, str) and len(other) > 2 and other in one:
                return True  # several calls under one number
            # A text that was cut, and that of a custom tool, stand in an object elsewhere.
            return arguments(one) == arguments(other) or any(
                {key: one} == opened(other) or {key: other} == opened(one)
                for key in ("input", "arguments")
            )
        if _TOKENS.search(row.path or ""):
            return self.counts(one, other)
        if "logprobs" in (row.path or ""):
            return tokens(one) == tokens(other)
        if "duration" in (row.path or "") or "timings" in (row.path or ""):
            return all(isinstance(v, int | float) for v in (one, other)) and (
                abs(one - other * 1e6) < 2 or abs(one * 1e6 - other) < 2)  # fmt: skip
        if mine.endswith("reason") or theirs.endswith(("reason", "status")):
            return self.reasons(one, other)
        # Words may be these, too.
        if "[DONE]" in (one, other) and True in (one, other):
            return True
        if isinstance(one, str) and isinstance(other, str) and one:
            return one in other or other in one
        if isinstance(one, list) and isinstance(other, str):
            return all(text in other for text in scalars_in(one) if isinstance(text, str))
        return "embedding" in (row.path or "") and isinstance(one, str) != isinstance(other, str)

    def counts(self, one: Any, other: Any) -> bool:
        if not is_int(one) or not is_int(other):
            return False
        return one == other or abs(one - other) in self.numbers

    def reasons(self, one: Any, other: Any) -> bool:
        native = self.source in NATIVE or self.target in NATIVE
        groups = [set(group) for group in _REASONS] + ([{"stop", "tool_calls", "tool_use",
            "completed", "function_call", "unload", "load"}] if native else [])  # fmt: skip
        # A stream may say null until it knows.
        ones, others = ([v for v in listed(value) if v is not None] for value in (one, other))
        # Words that nobody knows mean a plain stop.
        known = set().union(*groups)
        ones = [v.lower() if v.lower() in known else "stop" for v in ones if isinstance(v, str)]
        return any(a in group and b in group for group in groups for a in ones for b in others)

    def constant(self, path: str | None) -> bool:
        return last(path) in _KINDS or last(path) in ("index", "done", "type") or (
            last(path).endswith("_index") or last(path) == "sequence_number")  # fmt: skip

    def said(self, value: Any) -> bool:
        if isinstance(value, str):
            return value in self.mine + self.aside
        return is_int(value) and value in self.numbers

    def shown(self, row: AlignedRow, value: Any) -> bool:
        return any(same(r.written, value) for r in self.rows if r is not row and r.path)

    def others_of(self, row: AlignedRow) -> str:
        # What was joined into another text is held to that by its own row.
        others = [
            r.value
            for r in self.rows
            if r is not row and r.path and (r.target or r.note.key.endswith(".joined"))
        ]
        return texts_of(others)

    # Sentences ------------------------------------------------------------------------------

    def sentence(self, row: AlignedRow) -> str:
        name = row.note.key.rpartition(".")[2]
        rule = _SENTENCES.get(name)
        return f"“{name}” is false" if rule is not None and not rule(self, row) else ""


_REASONS = (
    ("stop", "end_turn", "stop_sequence", "eos", "completed", "end", "complete"),
    ("length", "max_tokens", "max_output_tokens", "incomplete", "model_length"),
    ("tool_calls", "tool_use", "function_call", "completed"),
    ("content_filter", "refusal", "incomplete", "stop", "completed"),
    ("load", "unload", "stop", "end_turn", "completed"),
    ("error", "failed", "length"),
)

Rule = Callable[[Judge, AlignedRow], bool]

_UNSAID: Mapping[str, Rule] = {
    "call_kind": lambda j, r: f"{r.value}_call" in str(j.right),
    "constant": lambda j, r: False,
    "position": lambda j, r: is_int(r.value),
    "id": lambda j, r: last(r.path) in ("id", "item_id"),
    "created": lambda j, r: "created" in last(r.path) or last(r.path) == "completed_at",
    "done": lambda j, r: last(r.path) in ("done", "status"),
    "done_mark": lambda j, r: r.value == "[DONE]",
    "event_name": lambda j, r: last(r.path) in ("event", "type"),
    "total_tokens": lambda j, r: "total" in (r.path or ""),
    "error_kind": lambda j, r: "error" in (r.path or "") or last(r.path) == "request_id",
    "fingerprint": lambda j, r: last(r.path) == "system_fingerprint",
    "echoed": lambda j, r: j.source == "responses",
    "stream_state": lambda j, r: j.source in ("responses", "anthropic"),
    "reason_status": lambda j, r: j.target == "responses",
}

_SENTENCES: Mapping[str, Rule] = {
    "kept": lambda j, r: r.outcome == "kept",
    "renamed": lambda j, r: same(r.value, r.written) and r.path != r.target,
    "added": lambda j, r: r.path is None,
    "id": lambda j, r: "id" in (last(r.path or r.target)),
    "call_id": lambda j, r: r.path is None or same(r.value, r.written) or r.value in EMPTY,
    "created": lambda j, r: any("created" in last(p) or last(p) == "completed_at"
                                for p in (r.path, r.target)),
    "empty_content": lambda j, r: r.value in EMPTY and r.written in EMPTY,
    "joined": lambda j, r: r.value in j.theirs,
    "arguments": lambda j, r: r.path is not None and r.target is not None
    and isinstance(r.value, str) != isinstance(r.written, str),
    "total_tokens": lambda j, r: "total" in (r.path or r.target or ""),
    "durations": lambda j, r: j.target not in NATIVE and r.outcome == "dropped",
    "durations_read": lambda j, r: any("timings" in str(side) for side in (j.left, j.right)),
    "duration_measured": lambda j, r: r.path is None and "timings" not in str(j.left)
    and j.source not in NATIVE,
    "refusal": lambda j, r: (r.value if r.path else r.written) in EMPTY or r.target is not None,
    "echoed": lambda j, r: last(r.path or r.target) not in ("incomplete_details", "error"),
    "unknown": lambda j, r: r.outcome == "dropped",
    "error_text": lambda j, r: r.value == r.written,
    "error_kind": lambda j, r: "error" in (r.path or "") + (r.target or "")
    or "request_id" in (r.path, r.target),
    "stream_state": lambda j, r: "created" in (r.path or r.target or "")
    or "start" in (r.path or r.target or "") or "added" in (r.path or r.target or "")
    or "in_progress" in (r.path or r.target or ""),
    "said_again": lambda j, r: r.path is None or r.value in EMPTY or is_int(r.value)
    or not is_words(r.value) or r.value in j.others_of(r),
    "usage_not_asked": lambda j, r: j.target in ("openai", "completions")
    and '"usage": {' not in json.dumps(j.right),
    "empty_chunk": lambda j, r: all(v in (*EMPTY, [])
                                    for v in listed(r.value if r.path else r.written)),
    "done_mark": lambda j, r: "[DONE]" in (r.value, r.written),
}  # fmt: skip


def told(row: AlignedRow) -> str:
    return (f"{row.outcome} {row.path}={short(row.value)} -> {row.target}={short(row.written)} "
            f"[{row.note.key}]")  # fmt: skip


def short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:70]


def has(body: Any, path: str) -> bool:
    with suppress(KeyError, IndexError, TypeError):
        at(body, steps(path))
        return True
    return False
