"""Pieces: what came of an answer, in one buffer, with the time of each piece.

An object for each piece would stay, scattered through the memory, for as long as its exchange is
kept: of a thousand streams that is most of what a gateway holds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Self

from core.exchanges.frames import Frame, pack, unpacked

OVERHEAD = 16
"""Bytes that each piece takes beside its own."""


_NONE = -1


class Pieces:
    """Pieces of an answer in their order; times are ns since the epoch.

    One thread may add while others read what was there before.
    """

    __slots__ = ("_first", "_many", "_one")

    def __init__(self) -> None:
        # The only piece, as its own object: a whole answer is not copied.
        self._one = b""
        self._first = _NONE
        # Once there are two, or they are packed: all of them, and where each ends and when it came.
        self._many: tuple[bytearray | Frame, array[int]] | None = None

    @classmethod
    def of(cls, pieces: Iterable[tuple[int, bytes]]) -> Self:
        """Return the same pieces in one buffer."""
        made = cls()
        for now, data in pieces:
            made.add(now, data)
        return made

    def add(self, now: int, data: bytes) -> None:
        """Add a piece."""
        many = self._many
        if many is not None:
            # What a mark tells of is in the buffer by then.
            whole, marks = many
            if isinstance(whole, Frame):  # what came after the end, as an error may
                whole = bytearray(unpacked(whole))
                self._many = whole, marks
            whole += data
            marks.append(len(whole))
            marks.append(now)
        elif self._first == _NONE:
            self._one, self._first = data, now
        else:
            whole = bytearray(self._one)
            whole += data
            marks = array("q", (len(self._one), self._first, len(whole), now))
            self._many, self._one = (whole, marks), b""

    def pack(self) -> None:
        """Compress them, when hardly anything is added any more."""
        many = self._many
        frame = pack(self._one if many is None else many[0])
        if frame is not None:
            marks = array("q", (len(self._one), self._first)) if many is None else many[1]
            self._many, self._one = (frame, marks), b""

    def __len__(self) -> int:
        if self._many is not None:
            return len(self._many[1]) // 2
        return int(self._first != _NONE)

    @property
    def size(self) -> int:
        """The bytes that they take."""
        if self._many is None:
            return len(self._one) + (OVERHEAD if self._first != _NONE else 0)
        whole, marks = self._many
        return len(whole) + OVERHEAD // 2 * len(marks)

    def joined(self) -> bytes:
        """Return all of them in one."""
        one, many = self._one, self._many
        return one if many is None else unpacked(many[0])

    def tail(self, size: int) -> bytes:
        """Return the last ``size`` bytes, or all."""
        many = self._many
        if many is not None and isinstance(many[0], bytearray):
            return bytes(many[0][-size:])
        return self.joined()[-size:]

    def listed(self, begin: int = 0) -> list[tuple[int, bytes]]:
        """Return the pieces from the number ``begin`` on, each with its time."""
        one, many = self._one, self._many
        if many is None:
            return [(self._first, one)][begin:] if self._first != _NONE else []
        marks = many[1][:]
        data = unpacked(many[0])
        found: list[tuple[int, bytes]] = []
        at = marks[2 * begin - 2] if 0 < begin <= len(marks) // 2 else 0
        for index in range(2 * begin, len(marks) - 1, 2):
            end = marks[index]
            found.append((marks[index + 1], data[at:end]))
            at = end
        return found
