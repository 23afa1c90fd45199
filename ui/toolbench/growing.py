"""Text that grows at its end, in blocks: what is finished is never sent to the browser again.

A block ends at a blank line outside of code. What grows long without one is cut at a line of
code or at a list item; what cannot be cut there, such as a table, is sent again only when it has
grown by a quarter. So what is sent is proportional to the text, not to its square.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LONG = 1200
"""Characters from which a block is cut, or drawn seldom."""

_GROWTH = 1.25

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])\s")


class _Cut(NamedTuple):
    """Where the finished part ends, and the fence that is open there."""

    end: int
    fence: str


class Blocks:
    """A growing Markdown text as numbered blocks, of which only the last one changes."""

    def __init__(self) -> None:
        self._text = ""
        self._frozen = 0
        self._number = 0
        # The line that opened the code in which the last cut was made.
        self._fence = ""
        self._drawn = 0

    def grow(self, text: str, *, final: bool = False) -> list[tuple[int, str]]:
        """Return the blocks to draw anew, each with its number, for a text that has grown.

        ``text`` begins with all that was given before. With ``final`` nothing is held back.
        """
        if text == self._text and not final:
            return []
        self._text = text
        draw = []
        cut = _cut(text, self._frozen, self._fence)
        if cut.end > self._frozen:
            block = _whole(text[self._frozen : cut.end], self._fence, closed=bool(cut.fence))
            draw.append((self._number, block))
            self._number += 1
            self._frozen, self._fence, self._drawn = cut.end, cut.fence, 0
        tail = text[self._frozen :]
        due = len(tail) < _LONG or len(tail) >= self._drawn * _GROWTH
        if tail.strip() and len(tail) > self._drawn and (due or final):
            draw.append((self._number, _whole(tail, self._fence)))
            self._drawn = len(tail)
        return draw


def _cut(text: str, start: int, fence: str) -> _Cut:
    """Return the last place after ``start`` where what stands before it is finished."""
    place, cut, soft = start, _Cut(start, fence), _Cut(start, fence)
    for line in text[start:].splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        if not fence and _ITEM.match(line):
            soft = _Cut(place, "")
        place += len(line)
        before, fence = fence, _fence_after(line, fence)
        if fence and before:
            soft = _Cut(place, fence)
        elif not fence and not before and not line.strip():
            cut = _Cut(place, "")
    if place - cut.end > _LONG and soft.end > cut.end:
        return soft
    return cut


def _fence_after(line: str, fence: str) -> str:
    """Return the line that opened the code we are in after ``line`` (CommonMark 0.31, 4.5)."""
    found = _FENCE.match(line.rstrip("\n"))
    if not found:
        return fence
    mark, info = found.groups()
    if not fence:
        return "" if mark[0] == "`" and "`" in info else line.strip("\n")
    opened = _FENCE.match(fence)
    assert opened is not None
    closes = mark[0] == opened[1][0] and len(mark) >= len(opened[1]) and not info.strip()
    return "" if closes else fence


def _whole(block: str, fence: str, *, closed: bool = False) -> str:
    """Return a block that stands for itself, though it was cut out of code."""
    head = f"{fence}\n" if fence else ""
    return f"{head}{block}{_mark(block, fence)}" if closed else f"{head}{block}"


def _mark(block: str, fence: str) -> str:
    """Return the line that closes the code at the end of a block."""
    for line in block.splitlines(keepends=True):
        fence = _fence_after(line, fence)
    found = _FENCE.match(fence)
    return found[1] if found else ""
