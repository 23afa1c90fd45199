"""Answers and errors in two dialects, side by side: every value of both in one row.

As the report of a request does, a row says what happened to a value: each leaf of either side
stands in exactly one row, found by the table of answer fields and by what it holds. Two leaves
are only put into one row where one says what the other says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import InvalidResponse
from core.inspector.align.answer_leaves import EMPTY, GROWING, AnswerLeaf, answer_leaves
from core.inspector.align.answer_meaning import COUNTS, OWN_ON_EACH_SIDE, carries, means
from core.inspector.align.answer_reasons import reason_of
from core.inspector.align.answer_scene import AnswerFact, AnswerScene, AnswerWays
from core.inspector.align.request import AlignedRow
from core.translation.codec.json import decode_json, read_object
from core.translation.dialects.registry import DIALECTS
from core.translation.events import Event, accumulate
from core.translation.report.rows import Outcome
from core.translation.report.scene import same
from core.translation.stamp import Stamp

_COUNTS = ("usage", "prompt_eval_count", "eval_count")
# What leaving out loses nothing of, whatever it says.
_IMPLIED = frozenset(
    """created id kind block item_id place role done call.type call.place total_tokens fingerprint
    error.kind error.more event mark state nothing""".split()
)
# What a stream may say several of, so that one may be on its own on the other side.
_TOLD = frozenset({*GROWING, "call.name", "call.id"})
_BY_ORDER = frozenset({"kind", "block", "role", "place", "call.place", "state", "again"})


def whole_answer(dialect: str, data: bytes, *, streamed: bool, stamp: Stamp) -> dict[str, Any]:
    """Return an answer as one body: a stream is put together as its dialect writes whole ones.

    Raises InvalidResponse or BackendError for what breaks its dialect, or ended too soon.
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
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    ways: AnswerWays | None = None,
    comparing: bool = False,
) -> tuple[AlignedRow, ...]:
    """Return the rows of an answer or an error and what became of it: first those of ``body``.

    ``written`` is the answer in ``target``; both may be any dialect's, embeddings' too.
    ``comparing``: the two are answers of their own, so that the same field is one row though it
    says two things.
    """
    left, right = answer_leaves(body, source), answer_leaves(written, target)
    return align_leaves(
        list(left), list(right), source=source, target=target, ways=ways, comparing=comparing
    )


def align_leaves(
    left: Sequence[AnswerLeaf],
    right: Sequence[AnswerLeaf],
    *,
    source: str,
    target: str,
    ways: AnswerWays | None = None,
    comparing: bool = False,
) -> tuple[AlignedRow, ...]:
    """Return the rows of two lists of leaves, in each of which no path comes twice."""
    ways = ways or AnswerWays()
    scene = AnswerScene(
        source=source,
        target=target,
        said=[leaf.value for leaf in left if isinstance(leaf.value, str)],
        written=[leaf.value for leaf in right if isinstance(leaf.value, str)],
        several=[
            (leaf.group, leaf.value)
            for leaf in left
            if isinstance(leaf.value, list) and _is_several(leaf)
        ],
        aside=[leaf for other in ways.others for leaf in answer_leaves(other, source)],
        ways=ways,
        counted=any(leaf.name in COUNTS for leaf in right),
        timed=any("timings" in leaf.path for leaf in left),
    )
    return tuple(_Alignment(left, right, scene, comparing=comparing).rows())


class _Alignment:
    """Which leaf of the other side each leaf is, and the rows that follow from it."""

    def __init__(
        self,
        left: Sequence[AnswerLeaf],
        right: Sequence[AnswerLeaf],
        scene: AnswerScene,
        *,
        comparing: bool,
    ) -> None:
        self._left = left
        self._right = right
        self._scene = scene
        self._found: dict[str, AnswerLeaf] = {}
        self._taken: set[str] = set()
        self._cached = [
            leaf.value
            for leaf in (*left, *right)
            if leaf.name == "cached_tokens" and isinstance(leaf.value, int)
        ]
        self._match(lambda leaf: leaf.group, self._equal)
        self._match(lambda leaf: leaf.group, self._carried)
        if comparing:
            self._match(lambda leaf: leaf.name, lambda leaf, other: True)

    def rows(self) -> Iterator[AlignedRow]:
        """Yield the rows: first those of the left side, then what was added."""
        matched = [leaf for leaf in self._left if leaf.path in self._found]
        carried = [*matched, *filter(self._joined, self._left)]
        for leaf in self._left:
            other = self._found.get(leaf.path)
            yield (
                self._paired(leaf, other)
                if other
                else self._unsaid(leaf, carried if leaf.again else matched)
            )
        taken = [leaf for leaf in self._right if leaf.path in self._taken]
        for leaf in self._right:
            if leaf.path not in self._taken:
                yield self._added(leaf, taken)

    def _joined(self, leaf: AnswerLeaf) -> bool:
        """Tell whether a text is a part of what the other side has as one text."""
        text = leaf.value if leaf.name in GROWING and not leaf.again else ""
        return bool(text) and any(str(text) in written for written in self._scene.written)

    # Which belongs to which -----------------------------------------------------------------

    def _match(self, key: Any, fits: Any) -> None:
        """Pair what has one key and fits; what says something comes before what is empty."""
        waiting: dict[str, list[AnswerLeaf]] = defaultdict(list)
        for leaf in sorted(self._right, key=_order):
            if leaf.path not in self._taken:
                waiting[key(leaf)].append(leaf)
        for leaf in sorted(self._left, key=_order):
            if leaf.path in self._found:
                continue
            there = waiting[key(leaf)]
            for index, other in enumerate(there):
                if fits(leaf, other):
                    self._found[leaf.path] = other
                    self._taken.add(other.path)
                    del there[index]
                    break

    def _equal(self, leaf: AnswerLeaf, other: AnswerLeaf) -> bool:
        if leaf.value in EMPTY and leaf.name != other.name:
            return False  # that neither has anything to say does not make the two one
        return same(leaf.value, other.value) or means(leaf.value) == means(other.value)

    def _carried(self, leaf: AnswerLeaf, other: AnswerLeaf) -> bool:
        name = leaf.name
        if name in COUNTS and self._is_sum(leaf, other):
            return True
        if name in _BY_ORDER:
            return False
        if leaf.group == "text" and leaf.name != other.name and "thinking" in (
            leaf.name, other.name) and leaf.value != other.value:  # fmt: skip
            return False
        return carries(
            leaf.group,
            leaf.value,
            other.value,
            source=self._scene.source,
            target=self._scene.target,
            cached=self._cached,
        )

    def _is_sum(self, leaf: AnswerLeaf, other: AnswerLeaf) -> bool:
        """Tell whether a count is that of all requests that were made for this one."""
        counts = [one.value for one in (leaf, *self._scene.aside) if one.name == leaf.name]
        numbers = len(counts) > 1 and all(isinstance(count, int) for count in counts)
        return numbers and sum(counts) == other.value

    # What became of each --------------------------------------------------------------------

    def _paired(self, leaf: AnswerLeaf, other: AnswerLeaf) -> AlignedRow:
        outcome: Outcome = "retyped"
        if same(leaf.value, other.value):
            outcome = "kept" if leaf.path == other.path else "renamed"
        elif leaf.name in COUNTS and self._scene.aside and self._is_sum(leaf, other):
            outcome = "emulated"
        return self._row(outcome, leaf, leaf, other)

    def _unsaid(self, leaf: AnswerLeaf, matched: Sequence[AnswerLeaf]) -> AlignedRow:
        scene = self._scene
        if self._became_call(leaf):
            return self._row("emulated", leaf, leaf, None)
        if _is_repeated(leaf, matched):
            return self._row("retyped", leaf, leaf, None, again=True)
        if self._is_kind_of_call(leaf):
            return self._row("retyped", leaf, leaf, None)
        empty = leaf.value in EMPTY
        zero = leaf.value == 0 and scene.native(scene.target) and scene.has_place(leaf.name)
        words = leaf.name in (*GROWING, "error.message") or leaf.row is None
        joined = words and isinstance(leaf.value, str) and len(leaf.value) > (leaf.row is None) * 3
        if joined and any(leaf.value in text for text in scene.written):
            return self._row("retyped", leaf, leaf, None)
        echo = AnswerFact(
            outcome="retyped", name=leaf.name, path=leaf.path, value=leaf.value, target=None,
            written=None, scene=scene,
        )  # fmt: skip
        implied = leaf.name in _IMPLIED or reason_of(echo).key == "answer.echoed"
        return self._row("retyped" if empty or zero or implied else "dropped", leaf, leaf, None)

    def _is_kind_of_call(self, leaf: AnswerLeaf) -> bool:
        """Tell whether the type of an item says which tool was called, as the API knows it."""
        named = any(other.value == f"{leaf.value}_call" for other in self._right)
        return leaf.name == "call.name" and named

    def _added(self, leaf: AnswerLeaf, taken: Sequence[AnswerLeaf]) -> AlignedRow:
        scene = self._scene
        if self._came_aside(leaf):
            return self._row("emulated", leaf, None, leaf)
        if _is_repeated(leaf, taken) and any(_words(leaf.value)):
            return self._row("retyped", leaf, None, leaf, again=True)
        told = (values for group, values in scene.several if group == leaf.group)
        if (
            leaf.name in _TOLD
            and leaf.value not in EMPTY
            and any(same(leaf.value, one) for values in told for one in values)
        ):
            return self._row("retyped", leaf, None, leaf)
        text = leaf.group in GROWING or leaf.name in ("call.namespace", "error.message")
        if text and isinstance(leaf.value, str) and leaf.value and any(
            leaf.value in said for said in scene.said):  # fmt: skip
            return self._row("retyped", leaf, None, leaf)
        return self._row("defaulted", leaf, None, leaf)

    def _became_call(self, leaf: AnswerLeaf) -> bool:
        """Tell whether a text is a call that was made of it."""
        if not self._scene.ways.makes_calls or leaf.name != "text":
            return False
        calls = [other.value for other in self._right if other.name == "call.name"]
        return any(isinstance(name, str) and name in str(leaf.value) for name in calls)

    def _came_aside(self, leaf: AnswerLeaf) -> bool:
        """Tell whether a value came of words, or with another request's answer."""
        scene = self._scene
        if scene.ways.makes_calls and leaf.name in ("call.name", "call.arguments"):
            return True
        told = leaf.value not in EMPTY and leaf.name not in _IMPLIED
        return told and any(
            other.group == leaf.group and means(other.value) == means(leaf.value)
            for other in scene.aside
        )

    def _row(
        self,
        outcome: Outcome,
        of: AnswerLeaf,
        left: AnswerLeaf | None,
        right: AnswerLeaf | None,
        *,
        again: bool = False,
    ) -> AlignedRow:
        path, value = (left.path, left.value) if left else (None, None)
        target, written = (right.path, right.value) if right else (None, None)
        fact = AnswerFact(
            outcome=outcome, name=of.name, path=path, value=value, target=target, written=written,
            scene=self._scene, again=again,
        )  # fmt: skip
        note = reason_of(fact, of.row.note if of.row else "")
        return AlignedRow(
            path=path, value=value, outcome=outcome, target=target, written=written, note=note
        )


def _is_several(leaf: AnswerLeaf) -> bool:
    """Tell whether a list is what a stream said of one field, not a value of its own."""
    return (leaf.row is not None and not leaf.row.opaque) or leaf.name == "call.arguments"


def _order(leaf: AnswerLeaf) -> tuple[bool, bool, bool]:
    """Order leaves: what says something first, a reason before a mere status, and what is said
    again last."""
    return (leaf.value in EMPTY, leaf.name != leaf.group, leaf.again)


def _is_repeated(leaf: AnswerLeaf, matched: Sequence[AnswerLeaf]) -> bool:
    """Tell whether a leaf says nothing but what others of its side say, which are matched."""
    if leaf.value in EMPTY or leaf.name in OWN_ON_EACH_SIDE:
        return False
    if leaf.again:
        words = list(_words(leaf.value))
        said = [text for one in matched for text in _words(one.value)]
        return all(any(word in text for text in said) for word in words)
    if leaf.name not in (*GROWING, "call.name", "call.id", "logprobs"):
        return False
    return any(one.group == leaf.group and one.value == leaf.value for one in matched)


def _words(value: Any, key: str = "") -> Iterator[str]:
    """Yield the texts of a value that say something of the answer, not what kind of thing it is."""
    if isinstance(value, str):
        if value and key not in ("type", "id", "status", "role", "item_id"):
            yield value
    elif isinstance(value, dict):
        for inner, item in value.items():
            yield from _words(item, inner)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item, key)
