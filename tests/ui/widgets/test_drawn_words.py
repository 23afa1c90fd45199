"""What others wrote comes into Markdown only letter for letter, or made inert.

Streamlit reads the labels of buttons, boxes and bars as Markdown too, with images in it.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

UI = Path(__file__).parents[3] / "ui"
DRAWS = frozenset(
    "button caption checkbox download_button error expander header info link_button markdown "
    "metric multiselect number_input popover progress selectbox slider status subheader success "
    "text_area text_input title toast toggle warning".split()
)
# What of an object somebody else may have written: a model, a server, a file.
FOREIGN = frozenset("description error message model name text title".split())
# What makes such words harmless, and what knows only words of its own.
MAKES_PLAIN = frozenset("code_span len plain readable note_text dialect_name".split())


def loose(node: ast.AST) -> list[str]:
    """Return the foreign words in an expression that nothing makes plain."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in MAKES_PLAIN:
            return []
        # The key of words of our own is read by nobody.
        args = node.args[1:] if name == "t" else node.args
        parts: list[ast.AST] = [*args, *(keyword.value for keyword in node.keywords)]
        return [word for part in parts for word in loose(part)]
    if isinstance(node, ast.IfExp):
        return loose(node.body) + loose(node.orelse)
    if isinstance(node, ast.Attribute):
        return [ast.unparse(node)] if node.attr in FOREIGN else []
    return [word for part in ast.iter_child_nodes(node) for word in loose(part)]


def drawn(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in DRAWS:
            continue
        parts = [*node.args[:1], *(k.value for k in node.keywords if k.arg in ("help", "text"))]
        found += [(node.lineno, word) for part in parts for word in loose(part)]
    return found


@pytest.mark.parametrize("file", sorted(UI.rglob("*.py")), ids=lambda file: file.stem)
def test_no_words_of_others_are_read_as_markdown(file: Path) -> None:
    assert drawn(ast.parse(file.read_text("utf-8"))) == []


def test_it_would_be_seen() -> None:
    seen = drawn(ast.parse("st.button(chat.title or t('x')); st.caption(f'{exc.message}')"))
    assert [word for _, word in seen] == ["chat.title", "exc.message"]
    assert drawn(ast.parse("st.button(plain(chat.title)); st.markdown(t('x', y=plain(a.b)))")) == []
