"""AnswerScene: what the rows of an answer are about, and AnswerFact: one of them, before a
sentence is chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from core.inspector.align.answer_leaves import AnswerLeaf, rows_of
from core.translation.dialects.registry import SPOKEN
from core.translation.report.rows import Outcome

_CALLS = ("tools_emulated", "tool_choice_emulated", "calls_written")


class AnswerWays(Struct, frozen=True, kw_only=True):
    """How an answer came about, where that is not by one request.

    ``emulated`` are the names of the notes on what was done another way, ``others`` the whole
    answers to further requests that Diglot made of the backend, in its dialect.
    """

    emulated: Collection[str] = ()
    others: Sequence[Mapping[str, Any]] = ()

    @property
    def makes_calls(self) -> bool:
        """Whether calls were made of words."""
        return any(way in self.emulated for way in _CALLS)


class AnswerScene(Struct, frozen=True, kw_only=True):
    """Both sides' texts and what else a row may be about.

    ``aside`` are the leaves of the ``others`` of ``ways``. ``several`` is what a stream of the
    source said more than once: groups of leaves and their values. ``counted`` tells whether the
    target's answer has counts, ``timed`` whether the source gave times in a form of its own.
    """

    source: str
    target: str
    said: Sequence[str]
    written: Sequence[str]
    several: Sequence[tuple[str, list[Any]]]
    aside: Sequence[AnswerLeaf]
    ways: AnswerWays
    counted: bool
    timed: bool

    def native(self, dialect: str) -> bool:
        """Tell whether a dialect is of Ollama's form."""
        return SPOKEN[dialect].native

    def has_place(self, name: str) -> bool:
        """Tell whether the target can say a field at all."""
        return any(row.name == name for row in rows_of(self.target).values())


class AnswerFact(Struct, frozen=True, kw_only=True):
    """One row. ``path`` is None for what was added, ``target`` for what was not written.

    ``again``: the same side says it in another place, and that one is matched.
    """

    outcome: Outcome
    name: str
    path: str | None
    value: Any
    target: str | None
    written: Any
    scene: AnswerScene
    again: bool = False
