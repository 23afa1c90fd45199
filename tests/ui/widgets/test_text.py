"""Formulas stay formulas, prices stay prices, code stays code."""

from __future__ import annotations

import pytest

from ui.widgets.text import plain, readable, without_markdown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"Euler: \(e^{i\pi} = -1\).", r"Euler: $e^{i\pi} = -1$."),
        ("So\n\\[\na^2 + b^2\n\\]\nholds", "So\n$$\na^2 + b^2\n$$\nholds"),
        ("It costs $5 or $10.", r"It costs \$5 or \$10."),
        ("from $5 to $10 a year", r"from \$5 to \$10 a year"),
        ("$x$ and $f(x, y)$ and $E = mc^2$", "$x$ and $f(x, y)$ and $E = mc^2$"),
        ("$$\n\\frac{1}{2}\n$$", "$$\n\\frac{1}{2}\n$$"),
        ("already \\$5", "already \\$5"),
        ("`echo $HOME and $PATH`", "`echo $HOME and $PATH`"),
        ("```sh\necho $A \\(b\\)\n```\n$5", "```sh\necho $A \\(b\\)\n```\n\\$5"),
        ("```sh\necho $A $B", "```sh\necho $A $B"),
        ("a :red[b] :material/home: 10:30", r"a \:red[b] \:material/home: 10:30"),
        ("这本书 $30，那本 $45", r"这本书 \$30，那本 \$45"),
    ],
)
def test_models_markdown(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_what_is_typed_is_shown_letter_for_letter() -> None:
    assert plain("# no *heading*\n$x$") == "\\# no \\*heading\\*\n\\$x\\$"
    assert plain("<b>") == "\\<b\\>"


def test_markdown_is_copied_as_words() -> None:
    text = (
        "# A **title**\n\nSome *words* of `code` and [a link](http://a), \\(x^2\\).\n\n"
        "- one\n  1. in\n- two\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "```py\nprint(1)\n```\nlast  \nline"
    )
    assert without_markdown(text) == (
        "A title\n\nSome words of code and a link, \\(x^2\\).\n\n"
        "- one\n  1. in\n- two\n\nsaid\n\na\tb\n1\t2\n\nprint(1)\n\nlast\nline"
    )
    assert without_markdown("") == ""
