"""Bytes in another reading, of which each place is known in what was read.

Escapes read, or the words of an answer without what is around them: what is found there can be
masked where it stands. Places are pairs of begin and end.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Place = tuple[int, int]

# Letters, digits and signs of keys, and quotation marks, where an escape spells them.
_ESCAPE = re.compile(
    rb"\\+u00([2-7][0-9a-fA-F])|%(?:25)*([2-7][0-9a-fA-F])|&#(?:x0*([2-7][0-9a-fA-F])|0*(\d{2,3}));"
    rb"|\\+(/)"
)


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


def unescaped(data: bytes) -> View | None:
    """Return data with its escapes of letters read; None where there are none."""
    pieces: list[bytes] = []
    starts, origins = [0], [0]
    done = written = 0
    for match in _ESCAPE.finditer(data):
        letter = _letter(match)
        if not letter:
            continue
        begin, end = match.span()
        pieces += data[done:begin], letter
        written += begin - done
        starts += written, written + 1
        origins += begin, end
        written += 1
        done = end
    if not pieces:
        return None
    pieces.append(data[done:])
    return View(b"".join(pieces), starts, origins)


def _letter(match: re.Match[bytes]) -> bytes:
    code = match[1] or match[2] or match[3]
    if code:
        return bytes([int(code, 16)])
    if match[4]:
        number = int(match[4])
        return bytes([number]) if 32 < number < 127 else b""
    return b"/"
