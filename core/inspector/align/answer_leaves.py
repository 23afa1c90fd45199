"""AnswerLeaf: one value of an answer, with the row of ANSWER_FIELDS that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from core.inspector.align.response_fields import ANSWER_FIELDS, AnswerField
from core.translation.codec.json_paths import join

EMPTY: tuple[Any, ...] = ("", None, [], {})
"""What says no more than leaving it out does."""

GROWING = frozenset({"text", "thinking", "call.arguments", "refusal"})
"""What comes in pieces in a stream, by the names of ANSWER_FIELDS."""

_ECHOED = frozenset(
    """background conversation include instructions max_output_tokens max_tool_calls metadata
    parallel_tool_calls previous_response_id prompt_cache_key reasoning safety_identifier
    service_tier store temperature text tool_choice tools top_logprobs top_p truncation user
    prompt prompt_cache_retention presence_penalty frequency_penalty moderation""".split()
)


class AnswerLeaf(NamedTuple):
    """One value of an answer, its path with and without indices, and its row of ANSWER_FIELDS.

    ``again`` tells that a stream says here what it has said, or will say, in another place.
    """

    path: str
    pattern: str
    value: Any
    row: AnswerField | None
    again: bool = False

    @property
    def name(self) -> str:
        """The name of its row; its own place where it has none."""
        return self.row.name if self.row else f"?{self.path}"

    @property
    def group(self) -> str:
        """The name under which what means the same may stand on the other side."""
        # A refusal is text elsewhere; the responses dialect writes thinking where it writes text,
        # and a reason only where an answer was cut.
        if self.name in ("thinking", "refusal"):
            return "text"
        return "reason" if self.pattern == "status" else self.name


def answer_leaves(body: Mapping[str, Any], dialect: str) -> Iterator[AnswerLeaf]:
    """Yield the values of an answer one by one; what is opaque is not looked into."""
    return _below(dict(body), "", "", dialect)


@lru_cache
def rows_of(dialect: str) -> Mapping[str, AnswerField]:
    """Return the fields that a dialect's answers have, by their places."""
    return {place: row for row in ANSWER_FIELDS for place in row.paths.get(dialect, ())}


def is_echo(pattern: str) -> bool:
    """Tell whether a place of the responses dialect repeats a setting of the request."""
    first = re.split(r"[.\[]", pattern.rpartition(" ")[2].removeprefix("response."))[0]
    return first in _ECHOED


def is_closed(value: Any, row: AnswerField | None, pattern: str, dialect: str) -> bool:
    """Tell whether a value is shown whole: it is one, or nobody is to look into it."""
    if not isinstance(value, dict | list) or not value:
        return True
    # An opaque place may hold another one that is named: choices[].logprobs.
    inner = isinstance(value, dict) and "content" in value and (
        f"{pattern}.content" in rows_of(dialect))  # fmt: skip
    echoed = dialect == "responses" and pattern in _ECHOED
    return echoed or (row is not None and row.opaque and not inner)


def _below(value: Any, path: str, pattern: str, dialect: str) -> Iterator[AnswerLeaf]:
    row = rows_of(dialect).get(pattern)
    if path and is_closed(value, row, pattern, dialect):
        yield AnswerLeaf(path, pattern, value, row)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{pattern}.{key}" if pattern else key
            yield from _below(item, join(path, key), inner, dialect)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _below(item, f"{path}[{index}]", f"{pattern}[]", dialect)
