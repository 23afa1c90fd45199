"""A few lines of YAML that repeat themselves stay a few lines of work, in configs and tools."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config.files import parse_document
from core.errors import DiglotError
from core.tools.definitions.reading import parse_any

_TEN = range(1, 9)
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in _TEN
)
ALIASES = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in _TEN
)


def as_config(text: str) -> object:
    return parse_document(text, Path()).value


def as_tool(text: str) -> object:
    return parse_any(f"openapi: 3.0.0\n{text}")


@pytest.mark.parametrize(("reader", "text"), [
    (as_config, MERGES), (as_tool, MERGES), (as_tool, ALIASES),
])  # fmt: skip
def test_what_repeats_itself_is_refused_at_once(reader: Callable[[str], object], text: str) -> None:
    began = time.process_time()
    with pytest.raises(DiglotError, match="more than"):
        reader(text)
    assert time.process_time() - began < 1


def test_ordinary_merges_are_read() -> None:
    text = "base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\n"
    assert parse_document(text, Path()).value["mine"] == {"a": 1, "b": 3}
