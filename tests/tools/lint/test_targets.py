"""Problems at a target: keywords that Ollama drops, and strict mode."""

from __future__ import annotations

from typing import Any

from core.tools.definitions.conversion import convert
from core.tools.lint.linting import fixed_all
from tests.support.linted import text, tool

GOOD = text("The city.")


def test_ignored_keywords_are_said_in_the_description() -> None:
    rome, beijing = text("The city.", default="Rome", minLength=2), text("城市。", default="北京")
    tools = [tool({"a": rome, "b": beijing})]
    after: Any = fixed_all(tools)[0].parameters
    assert after["properties"]["a"]["description"] == "The city. (default Rome, minimum length 2)"
    assert after["properties"]["b"]["description"] == "城市。（默认北京）"


def test_strict_is_mended_as_openai_wants_it() -> None:
    (after,) = fixed_all([tool({"a": GOOD, "b": text("B.", default="x")}, strict=True,
                               schema={"required": ["a"]})])  # fmt: skip
    assert not convert(after, "openai_strict").lost
    assert after.parameters is not None and after.parameters["required"] == ["a", "b"]
