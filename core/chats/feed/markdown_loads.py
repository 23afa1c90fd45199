"""What Markdown would load from elsewhere, and how deep it is nested.

An image in an answer is fetched by the browser of whoever reads it: a prompt that somebody has
smuggled in can carry a chat out in its address. So a page draws none of another host until
somebody asks for it, and here is what there is to ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Code is left as it is: fenced, at its end perhaps not closed yet, or between backticks.
CODE = re.compile(r"(^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\2[^\n]*$|\Z))|(`+)[^`\n](?:.*?)\3", re.M)

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_MOST_NESTED = 60
_PREFIX = re.compile(r"(?:[ \t]*+(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))+")
_MARKER = re.compile(r">|[-*+]|\d+[.)]")
_INDENTED = re.compile(r"^[ \t]{200,}(?:>|[-*+]|\d+[.)])", re.M)
# So many marks that open something, with next to nothing between them.
_OPENERS = re.compile(r"(?:[\[*_~!(][^\s\[*_~!(]{0,3}+[ \t]?+){300}")

# What makes Mermaid load something: a tag, a picture's shape, and styles that name an address.
_FOREIGN = re.compile(
    r"<\s*/?\s*(?!/?(?:br|b|i|u|em|strong|sub|sup|small|code)\b)[a-z]|\bimg\b|\bimage[\"']?\s*:"
    r"|url\s*\(|@import|image-set|themecss|cssstyle|\bsrc\b|xlink|&[#a-z]+;|\\",
    re.IGNORECASE,
)


def addresses(text: str) -> list[str]:
    """Return the addresses of the images of other hosts that a model's Markdown names."""
    if "![" not in text or too_deep(text):
        return []
    images = (token.attrGet("src") for token in tokens_of(text) if token.type == "image")
    found = (str(src) for src in images if src and re.match(r"(?i)https?://", str(src)))
    return list(dict.fromkeys(found))


def draws_foreign(diagram: str) -> bool:
    """Tell whether drawing a Mermaid diagram may load something."""
    return _FOREIGN.search(diagram) is not None


def too_deep(text: str) -> bool:
    """Tell whether Markdown is nested deeper than a page can draw."""
    for line in text.splitlines():
        prefix = _PREFIX.match(line)
        if prefix and len(_MARKER.findall(prefix[0])) > _MOST_NESTED:
            return True
    if _INDENTED.search(text):
        return True
    if sum(map(text.count, "[*_~!(")) < 300:
        return False
    return any(_OPENERS.search(part) for part in _outside(text))


def _outside(text: str) -> Iterator[str]:
    place = 0
    for code in CODE.finditer(text):
        yield text[place : code.start()]
        place = code.end()
    yield text[place:]


def foreign_diagrams(text: str) -> tuple[bool, ...]:
    """Tell of each Mermaid diagram in a model's Markdown whether drawing it may load something."""
    if "mermaid" not in text or too_deep(text):
        return ()
    fences = (token for token in tokens_of(text) if token.type == "fence")
    drawn = (token.content for token in fences if token.info.split()[:1] == ["mermaid"])
    return tuple(draws_foreign(diagram) for diagram in drawn)


def tokens_of(text: str) -> Iterator[Token]:
    """Yield what a text is made of as CommonMark with tables, in its order."""
    yield from _flat(_MARKDOWN.parse(text))


def _flat(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())
