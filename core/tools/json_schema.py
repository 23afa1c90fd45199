"""JSON Schemas of others, checked in bounded time and without asking anybody.

A schema comes with a client's request, from another MCP server, or out of a file: it may name
addresses, lead round in circles, branch into millions of ways, or hold a pattern that takes hours.
Whatever cannot be checked within bounds is left unchecked: a call is not refused for its schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from itertools import islice
from typing import Any

from msgspec import Struct

from core.translation.codec.json import encode_json

# Keywords that are looked at for one value: a schema of a hundred fields takes some three hundred.
_MOST_STEPS = 20_000
_MOST_PROBLEMS = 50
_LONGEST_TEXT = 2000
# A repeat of a group, in which others may stand, takes time that doubles with each letter.
_REPEATED_GROUP = re.compile(r"(?<!\\)\)(?:[*+]|\{\d*,?\d*\})")
_REPEAT = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\})")
_MOST_REPEATS = 3
# What a schema that is none makes of the library; each is a fault of the schema, not of the value.
_NOT_CHECKED = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, re.error,
)  # fmt: skip


_Keyword = Callable[[Any, Any, Any, Any], Iterator[Any] | None]


class Problem(Struct, frozen=True):
    """What does not fit: the steps to the value in question, and why in English."""

    path: list[Any]
    message: str


class _TooMuch(ValueError):
    """The bound of steps was met."""


def problems(schema: Any, value: Any) -> list[Problem]:
    """Return what of a value does not fit its schema (JSON Schema 2020-12), in order.

    Nothing where the schema cannot be checked: it is broken, refers to another document, or takes
    too long.
    """
    _left.set([_MOST_STEPS])
    try:
        errors = islice(_validator()(_without_dialects(schema)).iter_errors(value), _MOST_PROBLEMS)
        found = [
            Problem(list(error.absolute_path), error.message[:_LONGEST_TEXT]) for error in errors
        ]
        return sorted(found, key=lambda problem: [str(step) for step in problem.path])
    except _unchecked():
        return []


def schema_fault(schema: Any) -> Problem | None:
    """Return what is wrong with a schema itself, None where nothing is or it is too deep."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as exc:
        return Problem(list(exc.absolute_path), exc.message)
    except _NOT_CHECKED:
        return None
    return None


def pointed(root: Any, pointer: str) -> Any:
    """Return what a JSON pointer within a document names; None where nothing is there."""
    found = root
    for step in pointer.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


@cache
def _unchecked() -> tuple[type[Exception], ...]:
    from jsonschema.exceptions import UnknownType
    from referencing.exceptions import Unresolvable

    return (*_NOT_CHECKED, UnknownType, Unresolvable)


_left: ContextVar[list[int]] = ContextVar("steps left")


@cache
def _validator() -> Callable[[Any], Any]:
    """Return what makes a validator for a schema; loaded late, as most requests have no tools."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import create
    from referencing import Registry

    # Typed anew: the library's stubs know no keyword that is not its own.
    keywords: dict[str, Any] = dict(Draft202012Validator.VALIDATORS)
    keywords["pattern"] = _pattern(keywords["pattern"])
    keywords["patternProperties"] = _pattern_properties(keywords["patternProperties"])
    keywords["uniqueItems"] = _unique_items
    counted: Any = _counted
    bounded = create(
        Draft202012Validator.META_SCHEMA, keywords,
        type_checker=Draft202012Validator.TYPE_CHECKER, applicable_validators=counted,
    )  # fmt: skip
    # The library's own registry fetches what a reference names, from the web and from the disk.
    nothing: Registry[Any] = Registry()
    return lambda schema: bounded(schema, registry=nothing)


def _counted(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    left = _left.get()
    left[0] -= len(schema) + 1
    if left[0] < 0:
        raise _TooMuch
    yield from schema.items()


def _without_dialects(value: Any) -> Any:
    """Return a schema whose parts name no version: each would bring in a validator of its own."""
    if isinstance(value, Mapping):
        return {
            key: _without_dialects(inner)
            for key, inner in value.items()
            if not (key == "$schema" and isinstance(inner, str))
        }
    return [_without_dialects(inner) for inner in value] if isinstance(value, list) else value


def _is_quick(pattern: str, text: str) -> bool:
    """Tell whether a search is over in milliseconds, whatever the text."""
    repeats = len(_REPEAT.findall(pattern))
    if _REPEATED_GROUP.search(pattern) or repeats > _MOST_REPEATS:
        return False
    return len(text) <= (_LONGEST_TEXT if repeats > 1 else 50 * _LONGEST_TEXT)


def _pattern(own: _Keyword) -> _Keyword:
    def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and _is_quick(wanted, instance):
            yield from own(validator, wanted, instance, schema) or ()

    return pattern


def _pattern_properties(own: _Keyword) -> _Keyword:
    def pattern_properties(
        validator: Any, wanted: Mapping[str, Any], instance: Any, schema: Any
    ) -> Iterator[Any]:
        if isinstance(instance, dict):
            names = " " * max(map(len, instance), default=0)
            quick = {name: inner for name, inner in wanted.items() if _is_quick(name, names)}
            yield from own(validator, quick, instance, schema) or ()

    return pattern_properties


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """Compare items by their spelling: each with each takes the square of their number."""
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list):
        spelled = {encode_json(_in_order(item)) for item in instance}
        if len(spelled) < len(instance):
            yield ValidationError(f"{instance!r} has non-unique elements")


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
