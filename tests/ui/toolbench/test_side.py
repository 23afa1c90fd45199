"""What the list at the side of the tool page says of a tool."""

from __future__ import annotations

from core.tools.definitions.values import Definition
from core.translation.messages import Tool
from ui.toolbench.side import line_of


def test_a_line_has_the_name_and_the_beginning_of_the_description() -> None:
    line = line_of(Definition(tool=Tool(name="read", description="Reads\n  a file.")))
    assert (line.id, line.title, line.about) == ("read", "read", "Reads a file.")
    assert line_of(Definition(tool=Tool(name="read"))).about == ""
    long = line_of(Definition(tool=Tool(name="read", description="word " * 100))).about
    assert len(long) < 100 and long.endswith("…")
