"""Text of models and clients where Markdown would be read: labels and tables."""

from __future__ import annotations

__all__ = ["plain"]

_MARKS = frozenset("\\`*_{}[]()#+-!|$:<>~")


def plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it letter for letter."""
    return "".join(f"\\{c}" if c in _MARKS else c for c in text)
