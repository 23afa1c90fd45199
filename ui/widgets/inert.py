"""Markdown that loads nothing and stays shallow.

An image in an answer is fetched by the browser of whoever reads it: a prompt that somebody has
smuggled in can carry a chat out in its address. So no image of another host becomes one; its
text and a link stand there, and what may be loaded is offered beside it (ui.chat.images).
What is nested deeper than any text is would break the page, and is shown letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

# Code is left as it is: fenced, at its end perhaps not closed yet, or between backticks.
CODE = re.compile(r"(^[ \t]*(```|~~~)[\s\S]*?(?:^[ \t]*\2[^\n]*$|\Z))|(`+)[^`\n](?:.*?)\3", re.M)

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_DATA = r"!\[[^\[\]\n]*\]\(data:image/(?:png|jpe?g|gif|webp|bmp|avif);base64,[A-Za-z0-9+/=]*\)"
_KEPT = re.compile(_DATA)
_IMAGE = re.compile(rf"(?<!\\)((?:\\\\)*)(?:({_DATA})|\\?!(?=\[))")

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


def inert(text: str) -> str:
    """Return Markdown in which no image is loaded from elsewhere and nothing is nested deeply."""
    if too_deep(text):
        return _letters(text)
    if "![" not in text:
        return text
    out, place = [], 0
    for code in CODE.finditer(text):
        out += [_IMAGE.sub(_as_text, text[place : code.start()]), code[0]]
        place = code.end()
    made = "".join([*out, _IMAGE.sub(_as_text, text[place:])])
    # What looks like code may be none to another reader: then all of it is taken for text.
    return made if _is_inert(made) else text.replace("![", "!\u2060[")


def addresses(text: str) -> list[str]:
    """Return the addresses of the images of other hosts that a model's Markdown names."""
    if "![" not in text or too_deep(text):
        return []
    images = (token.attrGet("src") for token in _tokens(text) if token.type == "image")
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


def _as_text(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2] or '&#33;'}"


def _letters(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|$:<>~-])", r"\\\1", text)
    return re.sub(r"(\d)\.", r"\1\\.", escaped).replace("\n", "  \n")


def _is_inert(text: str) -> bool:
    left = text.count("![") - len(_KEPT.findall(text))
    for token in _tokens(text):
        if token.type == "image" and not str(token.attrGet("src")).startswith("data:image/"):
            return False
        if token.type in ("fence", "code_block", "code_inline"):
            left -= token.content.count("![") - len(_KEPT.findall(token.content))
    return left == 0


def _tokens(text: str) -> Iterator[Token]:
    yield from _flat(_MARKDOWN.parse(text))


def _flat(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())
