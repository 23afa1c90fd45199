"""Makes Markdown load nothing and stay shallow.

Images of other hosts are replaced by their text and a link (core.chats.feed.markdown_loads says
why). Markdown that is nested too deeply would break the page and is shown as plain text.
"""

from __future__ import annotations

import re

from core.chats.feed.markdown_loads import CODE, tokens_of, too_deep

_DATA = r"!\[[^\[\]\n]*\]\(data:image/(?:png|jpe?g|gif|webp|bmp|avif);base64,[A-Za-z0-9+/=]*\)"
_KEPT = re.compile(_DATA)
_IMAGE = re.compile(rf"(?<!\\)((?:\\\\)*)(?:({_DATA})|\\?!(?=\[))")


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


def _as_text(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2] or '&#33;'}"


def _letters(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|$:<>~-])", r"\\\1", text)
    return re.sub(r"(\d)\.", r"\1\\.", escaped).replace("\n", "  \n")


def _is_inert(text: str) -> bool:
    left = text.count("![") - len(_KEPT.findall(text))
    for token in tokens_of(text):
        if token.type == "image" and not str(token.attrGet("src")).startswith("data:image/"):
            return False
        if token.type in ("fence", "code_block", "code_inline"):
            left -= token.content.count("![") - len(_KEPT.findall(token.content))
    return left == 0
