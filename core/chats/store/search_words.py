"""Splits text into words, both for the search index and for queries.

The tokenizers of SQLite and PostgreSQL split text at spaces, which Chinese, Japanese and Thai do
not use. So text is split here: each character of such a script is its own word, and characters
typed together must be found together. Accents, case and width are ignored.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

MAX_CHARS = 200_000
"""How much of one message is searched, in characters: PostgreSQL takes a megabyte at most."""

# Thai to Khmer, Japanese, Chinese.
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # noqa: E501
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
_TYPED = re.compile(r'"([^"]*)"|(\S+)')
_AROUND = 48


def words_of(text: str) -> str:
    """Return the words of ``text``, separated by spaces."""
    return " ".join(_WORD.findall(_folded(text[:MAX_CHARS])))


def phrases(typed: str) -> list[str]:
    """Return what must be found: each word, and each quoted part, as ``words_of`` writes it."""
    found = (words_of(quoted or bare) for quoted, bare in _TYPED.findall(typed))
    return [phrase for phrase in found if phrase]


def excerpt(text: str, typed: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return an excerpt of ``text`` around the first match, and where the matches are in it."""
    looked_for = "|".join(r"[\W_]*".join(phrase.split()) for phrase in phrases(typed))
    found = _spans(text, looked_for, first=True)
    start, end = found[0] if found else (0, 0)
    start, end = max(0, start - _AROUND), end + 2 * _AROUND
    shown = " ".join(text[start:end].split())
    shown = ("…" if start else "") + shown + ("…" if end < len(text) else "")
    return shown, _spans(shown, looked_for)


def _spans(text: str, pattern: str, *, first: bool = False) -> tuple[tuple[int, int], ...]:
    """Return the positions in ``text`` of a pattern that matches folded text."""
    if not pattern:
        return ()
    folded, places = "", list[int]()
    for place, letter in enumerate(text[:MAX_CHARS]):
        bare = letter.lower() if letter.isascii() else _folded(letter)
        folded += bare
        places += [place] * len(bare)
    found = re.finditer(pattern, folded)
    spans = ((places[m.start()], places[m.end() - 1] + 1) for m in found if m[0])
    return tuple(islice(spans, 1) if first else spans)


def _folded(text: str) -> str:
    # Twice each, as Unicode's compatibility caseless match (D146) has it: a mathematical 𝘈 is a
    # capital only once it is taken apart, and an ﬁ falls apart only once it is lower case.
    apart = unicodedata.normalize("NFKD", text)
    for _ in range(2):
        apart = unicodedata.normalize("NFKD", apart.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return unicodedata.normalize("NFKC", bare)
