"""Bytes in another reading, of which each place is known in what was read.

Escapes read, or the words of an answer without what is around them: what is found there can be
masked where it stands. Places are pairs of begin and end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Place = tuple[int, int]

# Letters, digits and signs of keys, and quotation marks, where an escape spells them. Each kind
# begins with a letter of its own: only then are other letters passed over quickly.
_ESCAPE = re.compile(
    rb"\\\\*(?:u00([2-7][0-9a-fA-F])|(/))|%(?:25)*([2-7][0-9a-fA-F])"
    rb"|&#(?:x0*([2-7][0-9a-fA-F])|0*(\d{2,3}));"
)
# Bytes on both sides of an escape that are read with it. A longer key that is spelled has more
# escapes: in base64 every 32nd letter is a + or a /.
_AROUND = 1024
# Stands where something is left out: no key has it within.
_GAP = b"\0\n"


class View:
    """``data``, and where each byte stood.

    ``starts`` are offsets in ``data`` at which a stretch begins, ``origins`` those in what was
    read. Within a stretch both go on in step.
    """

    __slots__ = ("data", "origins", "starts")

    def __init__(self, data: bytes, starts: Sequence[int], origins: Sequence[int]) -> None:
        self.data = data
        self.starts = starts
        self.origins = origins

    def places(self, place: Place) -> Iterator[Place]:
        """Yield the stretches of what was read that a place in this reading stands for."""
        begin, end = place
        at = bisect_right(self.starts, begin) - 1
        while begin < end:
            stop = self.starts[at + 1] if at + 1 < len(self.starts) else len(self.data)
            here = min(end, stop)
            offset = self.origins[at] - self.starts[at]
            yield begin + offset, here + offset
            begin = here
            at += 1

    def place(self, place: Place) -> Place:
        """Return the one place in what was read, escapes whole, where nothing is left out."""
        end = place[1]
        at = bisect_right(self.starts, end - 1)
        whole = self.origins[at] if at < len(self.starts) and self.starts[at] == end else 0
        pieces = list(self.places(place))
        return pieces[0][0], max(pieces[-1][1], whole)


def merged(places: Iterable[Place]) -> list[Place]:
    """Return places in order, those that overlap as one."""
    found: list[Place] = []
    for begin, end in sorted(places):
        if found and begin < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def unescaped(data: bytes, signs: Iterable[int]) -> View | None:
    """Return data with its escapes of letters read; None where there are none.

    ``signs`` are where escapes may stand, in order. Only what is near an escape is in the view.
    """
    pieces: list[bytes] = []
    starts: list[int] = []
    origins: list[int] = []
    done, written = -_AROUND, 0

    def keep(first: int, last: int, new: bytes = b"") -> None:
        nonlocal written
        starts.append(written)
        origins.append(first)
        pieces.append(new or data[first:last])
        written += len(pieces[-1])

    for sign in signs:
        match = None if sign < done else _ESCAPE.match(data, _first_backslash(data, sign))
        letter = b"" if match is None else _letter(match)
        if match is None or not letter:
            continue
        first, last = match.span()
        if first - done > 2 * _AROUND:
            if done >= 0:
                keep(done, done + _AROUND)
                keep(done + _AROUND, done + _AROUND, _GAP)
            done = max(first - _AROUND, 0)
        keep(max(done, 0), first)
        keep(first, last, letter)
        done = last
    if not pieces:
        return None
    keep(done, min(done + _AROUND, len(data)))
    return View(b"".join(pieces), starts, origins)


def _first_backslash(data: bytes, at: int) -> int:
    """Return where the backslashes begin that stand before another: escapes within escapes."""
    if data[at] == 0x5C:
        while at and data[at - 1] == 0x5C:
            at -= 1
    return at


def _letter(match: re.Match[bytes]) -> bytes:
    if match[2]:
        return b"/"
    code = match[1] or match[3] or match[4]
    if code:
        return bytes([int(code, 16)])
    number = int(match[5])
    return bytes([number]) if 32 <= number < 127 else b""
