"""Prepares text for Streamlit's Markdown.

Models write formulas as ``\\(…\\)`` and ``\\[…\\]`` besides ``$…$``, and prices with the same sign
as formulas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.chats.feed.markdown_loads import CODE
from ui.widgets.inert import inert

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_MARKS = frozenset("\\`*_{}[]()#+-!|$:<>~")

_MERMAID = re.compile(r"[ \t]*(?:```|~~~)mermaid[^\n]*\n([\s\S]*?)\n[ \t]*(?:```|~~~)[ \t]*")
_INLINE = re.compile(r"\\\((.+?)\\\)")
# Markdown takes the backslash of a formula's bracket for an escape.
_BRACKET = re.compile(r"\\(?=[()\[\]])")
_BLOCK = re.compile(r"\\\[([\s\S]+?)\\\]")
_FORMULA = re.compile(r"\$\$[\s\S]+?\$\$|(?<![\\$\w])\$(?=[^\s$])([^$\n]*?[^\s$\\])\$(?![\w$])")
# What makes a thing between two single signs a formula, and not two prices.
_MATHS = re.compile(r"[\\^_={}<>+*/|]|^[A-Za-z]'?$|^[A-Za-z]\([A-Za-z, ]+\)$|^-?\d+(\.\d+)?$")
# Streamlit reads :name: and :name[…] as icons and colours of its own.
_DIRECTIVE = re.compile(r":(?=[a-z][a-z_-]*\[|material/|streamlit:)")


def plain(text: str) -> str:
    """Return ``text`` escaped, so that Markdown shows it unchanged."""
    return "".join(f"\\{c}" if c in _MARKS else c for c in text)


def pretty(value: Any) -> str:
    """Return JSON, or a text that holds JSON, indented; any other text as it is."""
    if isinstance(value, str):
        text = value
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
    return json.dumps(value, ensure_ascii=False, indent=2)


def code_span(text: str) -> str:
    """Return ``text`` as code within a line, whatever it holds (CommonMark 0.31, code spans)."""
    line = " ".join(text.split())
    longest = max(map(len, re.findall("`+", line)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {line} {ticks}" if longest else f"`{line or ' '}`"


def readable(text: str) -> str:
    """Return a model's Markdown so that its formulas are formulas and its prices are prices.

    Nothing in it is loaded from elsewhere.
    """
    return inert(_outside_code(text, _with_formulas))


def diagrams(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a model's Markdown, each with whether it is a Mermaid diagram."""
    pieces, place = [], 0
    for code in CODE.finditer(text):
        fenced = _MERMAID.fullmatch(code[0])
        if fenced:
            pieces += [(text[place : code.start()], False), (fenced[1].strip(), True)]
            place = code.end()
    pieces.append((text[place:], False))
    return [(piece, diagram) for piece, diagram in pieces if piece.strip()]


def without_markdown(text: str) -> str:
    """Return the words of a model's Markdown as somebody would read them into a letter."""
    lines: list[str] = []
    cells: list[str] = []
    mark, in_cell = "", False
    kept = _outside_code(text, lambda part: _BRACKET.sub(r"\\\\", part))
    for token in _MARKDOWN.parse(kept):
        if token.type == "list_item_open":
            mark = "  " * (token.level // 2) + (f"{token.info}. " if token.info else "- ")
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.rstrip("\n"))
        elif token.type in ("th_open", "td_open"):
            in_cell = True
        elif token.type == "inline":
            (cells if in_cell else lines).append(mark + _words(token.children or []))
            mark, in_cell = "", False
        elif token.type == "tr_close":
            lines.append("\t".join(cells))
            cells.clear()
        if token.level == 0 and token.nesting <= 0:
            lines.append("")
    return "\n".join(lines).strip("\n")


def _words(tokens: Sequence[Token]) -> str:
    breaks = ("softbreak", "hardbreak")
    return "".join("\n" if token.type in breaks else token.content for token in tokens)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    out, place = [], 0
    for code in CODE.finditer(text):
        out += [change(text[place : code.start()]), code[0]]
        place = code.end()
    return "".join([*out, change(text[place:])])


def _with_formulas(text: str) -> str:
    text = _BLOCK.sub(lambda m: f"$$\n{m[1].strip()}\n$$", text)
    text = _INLINE.sub(lambda m: f"${m[1].strip()}$", text)
    out, place = [], 0
    for formula in _FORMULA.finditer(text):
        if formula[1] is not None and not _MATHS.search(formula[1]):
            continue
        out += [_escaped(text[place : formula.start()]), formula[0]]
        place = formula.end()
    return "".join([*out, _escaped(text[place:])])


def _escaped(text: str) -> str:
    text = re.sub(r"(?<!\\)\$", r"\\$", text)
    return _DIRECTIVE.sub(r"\\:", text)
