"""Definitions that are broken: refused with a reason, or read and looked at; nothing breaks."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidRequest
from core.tools.definitions.conversion import convert
from core.tools.definitions.conversion_notes import TARGETS
from core.tools.definitions.reading import dump_text, parse_any
from core.tools.definitions.values import FORMATS
from core.tools.lint.linting import lint
from tests.support.examples import examples
from tests.tools.definitions.bfcl_sample import definitions as bfcl_definitions
from tests.tools.definitions.test_openapi import PETS
from tests.tools.definitions.test_reading import TEXTS

BROKEN: tuple[Any, ...] = (None, 1, "x", [], {}, True, [1], {"a": 1}, {"$ref": "#/a"})
WHOLE = [json.dumps(text) for text in TEXTS.values()]
WHOLE += [json.dumps(yaml.safe_load(PETS)), json.dumps(next(bfcl_definitions()))]


def changed(value: Any, place: int, new: Any) -> tuple[Any, int]:
    """Put ``new`` into the place that comes as the ``place``-th when all are walked."""
    if place == 0:
        return new, -1
    place -= 1
    if not isinstance(value, dict | list):
        return value, place
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = {}
    for key, item in items:
        found[key], place = (item, place) if place < 0 else changed(item, place, new)
    return (found if isinstance(value, dict) else list(found.values())), place


@settings(deadline=None, max_examples=examples(250))
@given(st.sampled_from(WHOLE), st.integers(0, 120), st.sampled_from(BROKEN))
def test_what_is_malformed_is_refused_or_looked_at_and_never_breaks(
    text: str, place: int, new: Any
) -> None:
    try:
        parsed = parse_any(json.dumps(changed(json.loads(text), place, new)[0]))
    except InvalidRequest:
        return
    lint(parsed.tools)
    for tool in parsed.tools:
        for target in TARGETS:
            convert(tool, target)
    for form in FORMATS:
        dump_text(parsed.definitions, form)


@settings(deadline=None, max_examples=examples(100))
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_no_text_breaks_the_reading(text: str) -> None:
    for before in ("", "def f(x: ", "curl ", "{", "openapi: 3.0.0\n"):
        with suppress(InvalidRequest):
            parse_any(before + text)
