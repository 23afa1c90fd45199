"""How many tokens a text takes, about: each model's own tokenizer counts in another way."""

from __future__ import annotations


def about_tokens(text: str) -> int:
    """Return an estimate: about four Latin letters, or one Chinese character and a half, each."""
    wide = sum(character > "\u2e7f" for character in text)
    return round((len(text) - wide) / 4 + wide / 1.5)
