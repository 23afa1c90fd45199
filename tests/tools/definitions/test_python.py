"""Python source is read as definitions, and never run."""

from __future__ import annotations

import pytest

from core.tools.definitions.reading import parse_any
from core.tools.schema import tool_from_function
from tests.tools import test_schema


def test_a_function_is_read_from_its_source_as_it_is_alive() -> None:
    text = test_schema.__file__
    with open(text, encoding="utf-8") as file:
        source = file.read()
    start = source.index("@dataclass")
    end = source.index("def test_a_schema_says")
    (tool,) = parse_any(source[start:end]).tools
    assert tool == tool_from_function(test_schema.book)


@pytest.mark.parametrize("style", ["numpy_style", "sphinx_style"])
def test_docstrings_in_source_are_read_in_each_style(style: str) -> None:
    import inspect

    function = getattr(test_schema, style)
    (tool,) = parse_any(inspect.getsource(function)).tools
    assert tool == tool_from_function(function)


def test_reading_source_runs_none_of_it() -> None:
    text = (
        "import os\nraise SystemExit\nprint('x')\n"
        "@os.system\ndef f(a: int = 1) -> None:\n    while True: pass\n"
    )
    parsed = parse_any(text)
    assert parsed.tools[0].name == "f"
    assert {r.path for r in parsed.remarks} == {"line 2", "line 3", "line 5"}
