"""Splicer: cuts the texts out of a stream's plainest chunks and puts them into the client's.

Nearly every chunk of a stream says one piece of text and nothing else, in the same form as those
before. Such chunks are not decoded: the text, which is the same JSON string in both dialects, is
cut out and put between the parts that the client's chunk begins and ends with. Whatever is not
byte for byte of a known form goes the long way; a law holds that both ways say the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from core.translation.events import Event


class SplicedDecoder(Protocol):
    """A decoder that can be left out for a chunk.

    ``is_between`` tells whether the next byte begins a chunk, in a stream that has not ended.
    """

    @property
    def is_between(self) -> bool: ...


class SplicedEncoder(Protocol):
    """An encoder that writes texts that are at hand as the insides of JSON strings.

    ``may_splice`` tells whether nothing that came before stands in the way of a text.
    ``splice_one`` writes one that follows another.
    """

    @property
    def may_splice(self) -> bool: ...

    def splice(self, texts: list[bytes], *, first: bool, now: int) -> bytes: ...

    def splice_one(self, text: bytes, *, now: int) -> bytes: ...


class Splicer(ABC):
    """Splices between a decoder and an encoder, whose states it keeps as they would be.

    Call ``take``; of what it leaves, let ``part`` go the long way and ``note`` what that said;
    then again, until nothing is left.
    """

    def __init__(self, decoder: SplicedDecoder, encoder: SplicedEncoder) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._was_between = True

    @abstractmethod
    def take(self, data: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Return what ``data`` says as far as it is plain, and the rest."""

    def again(self, rest: bytes, *, now: int) -> tuple[bytes, bytes]:
        """Do as ``take`` does with what follows a part that went the long way."""
        return self.take(rest, now=now)

    def part(self, rest: bytes) -> tuple[bytes, bytes]:
        """Return what is to go the long way next, and what is to be taken after that."""
        self._was_between = self._decoder.is_between
        return rest, b""

    @abstractmethod
    def note(self, part: bytes, events: Sequence[Event]) -> None:
        """Note what went the long way, and what it said."""
