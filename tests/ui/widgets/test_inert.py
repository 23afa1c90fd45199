"""Nothing in an answer is an image of another host, whatever a reader takes for code."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.chats.feed.markdown_loads import too_deep
from ui.widgets.inert import inert
from ui.widgets.text import code_span, readable

BAIT = "http://bait.example/x?q=1"
FORMS = {
    "inline": f"![x]({BAIT})", "no text": f"![]({BAIT})", "title": f'![x]({BAIT} "t")',
    "pointed": f"![x](<{BAIT}>)", "reference": f"![x][r]\n\n[r]: {BAIT}",
    "collapsed": f"![r][]\n\n[r]: {BAIT}", "shortcut": f"![r]\n\n[r]: {BAIT}",
    "in a link": f"[![x]({BAIT})](http://a)", "in a table": f"| a |\n|---|\n| ![x]({BAIT}) |",
    "in a heading": f"# ![x]({BAIT})", "in a quote": f"> ![x]({BAIT})",
    "in a list": f"- ![x]({BAIT})", "in emphasis": f"**![x]({BAIT})**",
    "in an image": f"![a ![x]({BAIT}) b]({BAIT})", "escaped twice": f"\\\\![x]({BAIT})",
    "escaped thrice": f"\\\\\\![x]({BAIT})", "in a colour": f":red[![x]({BAIT})]",
    "in a footnote": f"a[^1]\n\n[^1]: ![x]({BAIT})", "no fence": f"        ```\n\n![x]({BAIT})",
    "no fence either": f"```a`b\n![x]({BAIT})\n```", "half a code": f"`a\n\n![x]({BAIT})`",
    "escaped tick": f"\\`![x]({BAIT})`", "in HTML": f"<div>\n```\n![x]({BAIT})\n```\n</div>",
    "in a formula": f"$![x]({BAIT})$", "in a block formula": f"$$\n![x]({BAIT})\n$$",
    "no host": "![x](//bait.example/x)", "capitals": "![x](HTTP://bait.example)",
    "after code": f"`a` ![x]({BAIT}) `b`", "footnote's code": f"[^1]:\n    ```\n    ![x]({BAIT})",
    "tilde": f"~~~\n![x]({BAIT})\n```\n~~~\n![y]({BAIT})",
}  # fmt: skip


def images(text: str) -> list[str]:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found, todo = [], list(reader.parse(text))
    while todo:
        token = todo.pop()
        todo += token.children or []
        if token.type == "image":
            found.append(str(token.attrGet("src")))
    return found


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_an_image_is_left(form: str) -> None:
    assert images(readable(FORMS[form])) == []


@given(st.lists(st.sampled_from([
    "![x](http://h)", "![", "](", "`", "``", "```", "\n", "\n\n", "    ", "\t", "> ", "- ", "\\",
    "$",
    "~~~", "<div>", "[r]: http://h\n", "![r]", "[^1]: ", "a", " ", "|",
    "![d](data:image/png;base64,iVBO)",
]), max_size=14).map("".join))  # fmt: skip
def test_no_mixture_becomes_an_image(text: str) -> None:
    assert all(src.startswith("data:image/") for src in images(readable(text)))


def test_what_is_no_image_stays() -> None:
    for text in ("wow! [1]", "```rust\nvec![1, 2]\n```", "`#![feature]`", "a [link](http://h)",
                 "![d](data:image/png;base64,iVBORw0KGgo=)"):  # fmt: skip
        assert inert(text) == text
    assert inert("wow![1]") == "wow&#33;[1]"


DEEP = {
    "quotes": "> " * 10_000 + "x", "quotes without spaces": ">" * 10_000 + "x",
    "lists": "- " * 10_000 + "x", "numbers": "1. " * 10_000 + "x", "mixed": "> - 1. " * 3000 + "x",
    "indented": "\n".join("  " * n + "- x" for n in range(300)), "brackets": "[" * 10_000,
    "emphasis": "*a **b " * 5000, "images": "![" * 5000, "links": "[a](" * 5000,
}  # fmt: skip


@pytest.mark.parametrize("form", DEEP)
def test_what_is_deeper_than_a_page_can_draw_is_letters(form: str) -> None:
    began = time.process_time()
    shown = readable(DEEP[form])
    assert time.process_time() - began < 2
    assert too_deep(DEEP[form])
    tokens = MarkdownIt("commonmark", {"maxNesting": 900}).parse(shown[:20_000])
    assert max(token.level for token in tokens) < 5
    assert too_deep("> " * 59 + "x") is False


@pytest.mark.parametrize("text", ["a", "`", "a``b`", f"`![x]({BAIT})`", "a\n\n# b", ""])
def test_code_in_a_line_stays_code(text: str) -> None:
    [_, inline, _] = MarkdownIt("commonmark").parse(code_span(text))
    [code] = inline.children or []
    assert (code.type, code.content.strip()) == ("code_inline", " ".join(text.split()))
