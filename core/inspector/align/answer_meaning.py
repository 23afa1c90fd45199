"""Whether a value of an answer says what a value of the other side says, in another form."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from core.errors import DiglotError
from core.inspector.align.answer_leaves import EMPTY, GROWING
from core.translation.codec.json import decode_json, encode_json
from core.translation.dialects.registry import SPOKEN
from core.translation.dialects.shared.answers.finish_reasons import read_reason
from core.translation.report.meaning import opened
from core.translation.report.scene import same

OWN_ON_EACH_SIDE = frozenset({"model", "created", "id"})
"""What each side gives itself: the two belong together though they differ."""

COUNTS = frozenset({"prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"})
DURATIONS = frozenset({"total", "load", "prompt", "completion"})
# Of an answer that is whole, Responses say only that.
_WHOLE = {"completed": "stop", "incomplete": "length", "failed": "length"}
_MILLISECOND = 1_000_000


def carries(
    name: str, value: Any, other: Any, *, source: str, target: str, cached: Collection[int] = ()
) -> bool:
    """Tell whether ``other`` says what ``value`` says; both belong to the field ``name``.

    ``cached`` are the counts of tokens that one of the sides may count apart. What a stream says
    several times is a list: one that fits is enough.
    """
    if name in OWN_ON_EACH_SIDE:
        return value not in EMPTY and other not in EMPTY
    if name != "vector" and (isinstance(value, list) or isinstance(other, list)):
        found = [(one, two) for one in listed(value) for two in listed(other)]
        if name != "logprobs" and len(found) > 1:
            ways = {"source": source, "target": target, "cached": cached}
            return any(
                same(one, two) or carries(name, one, two, **ways)  # type: ignore[arg-type]
                for one, two in found
                if one is not None and two is not None
            )
    if name in GROWING and name != "call.arguments":
        words = isinstance(value, str) and isinstance(other, str) and bool(value and other)
        return words and (value in other or other in value)
    return _in_another_form(name, value, other, source, target, cached)


def _in_another_form(
    name: str, value: Any, other: Any, source: str, target: str, cached: Collection[int]
) -> bool:
    if name == "call.arguments":
        one, two = opened(value), opened(other)
        if isinstance(one, str) and isinstance(other, str) and two and other in one:
            # Arguments of several calls under one number are told apart by the other side.
            return True
        if isinstance(one, dict) and isinstance(two, dict) and one and two:
            # An action has what its type requires beside what was called with.
            return bool(one.items() <= two.items() or two.items() <= one.items())
        # What is no object, as where an answer was cut, stands in one.
        return one == two or any(
            {key: value} == two or {key: other} == one for key in ("input", "arguments")
        )
    if name == "reason":
        return _reason(value, other, source, target)
    if name in COUNTS:
        numbers = isinstance(value, int) and isinstance(other, int)
        return numbers and (value == other or abs(value - other) in cached)
    if name in DURATIONS:
        return _lasts(value, other) or _lasts(other, value)
    if name == "logprobs":
        tokens = _tokens(value)
        return bool(tokens) and tokens == _tokens(other)
    if name == "vector":
        return isinstance(value, list) != isinstance(other, list)
    if name == "error.message":
        words = isinstance(value, str) and isinstance(other, str) and bool(value and other)
        return words and (value in other or other in value)
    return False


def _reason(value: Any, other: Any, source: str, target: str) -> bool:
    one, two = _read(value), _read(other)
    if one is None or two is None:
        return False
    if one == two:
        return True
    # A call is no reason of its own natively, and in answers that are only said to be whole.
    bare = SPOKEN[source].native or SPOKEN[target].native or "completed" in (value, other)
    return bare and {one, two} <= {"stop", "tool_calls"}


def _read(value: Any) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    return read_reason(_WHOLE.get(value, value), called=False)


def _lasts(milliseconds: Any, nanoseconds: Any) -> bool:
    numbers = isinstance(milliseconds, int | float) and isinstance(nanoseconds, int)
    return numbers and abs(milliseconds * _MILLISECOND - nanoseconds) < 2


def _tokens(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = value.get("content", value.get("tokens"))
    entries = value if isinstance(value, list) else []
    return [entry.get("token") if isinstance(entry, dict) else entry for entry in entries]


def listed(value: Any) -> list[Any]:
    """Return what a stream says several times; of any other value, it alone."""
    return value if isinstance(value, list) else [value]


def means(value: Any) -> bytes:
    """Return text that is equal for values that mean the same in every dialect."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(DiglotError):
            value = decode_json(value)
    return encode_json("" if value is None else value)
