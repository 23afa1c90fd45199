"""What an answer names is told, so that a page can ask before it loads any of it."""

from __future__ import annotations

import pytest

from core.chats.feed.markdown_loads import addresses, draws_foreign, foreign_diagrams

BAIT = "http://bait.example/x?q=1"


def test_the_addresses_are_named_once_each() -> None:
    text = f"![a]({BAIT}) ![b]({BAIT}) ![c](https://b/c.png) ![d](data:image/png;base64,aa)"
    assert addresses(text) == [BAIT, "https://b/c.png"]
    assert addresses(f"```\n![x]({BAIT})\n```") == []


@pytest.mark.parametrize("diagram", [
    'graph TD\n A@{ img: "http://h/x.png", label: "a" }', 'graph TD\n A["<img src=http://h>"]',
    "graph TD\n style A fill:url(http://h)",
    '%%{init: {"themeCSS": "@import url(http://h)"}}%%\ngraph TD',
    "graph TD\n A[\"<image href='//h'/>\"]", "---\nconfig:\n  themeCSS: a\n---\ngraph TD",
])  # fmt: skip
def test_diagrams_that_load_something_are_told(diagram: str) -> None:
    assert draws_foreign(diagram)


def test_plain_diagrams_are_drawn() -> None:
    assert not draws_foreign(
        "graph TD\n A[one<br/>two] -->|yes| B{<b>x</b>} & C\n style A fill:#f9f"
    )
    assert not draws_foreign("sequenceDiagram\n A->>B: hello\n B-->>A: hi")


def test_of_each_diagram_it_is_told_whether_it_loads_something() -> None:
    fenced = "```mermaid\n{}\n```\n"
    text = f"- x\n\n{fenced.format('graph TD')}~~~ mermaid z\nimg\n~~~\n```\nmermaid\n```\n"
    assert foreign_diagrams(text + "> " + fenced.format("a").replace("\n", "\n> ")) == (
        False,
        True,
        False,
    )
    assert foreign_diagrams("no mermaid") == ()
