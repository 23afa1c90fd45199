"""Reads the notes that stand in place of the data of images and sounds."""

from __future__ import annotations

import re
from typing import NamedTuple

_NOTE = re.compile(
    r"\+hidden\+(?P<type>[a-z]+(?:/[a-z0-9]+)?)\+(?P<size>\d+)\+bytes\+(?P<digest>[0-9a-f]{8})\+*"
)


class HiddenData(NamedTuple):
    """What is known of data that was not kept: its kind, its bytes, and a checksum (CRC-32)."""

    type: str
    size: int
    digest: str


def hidden_data(value: str) -> HiddenData | None:
    """Return what a value stands for where it is a note in place of data, else None."""
    found = _NOTE.search(value)
    if found is None:
        return None
    return HiddenData(type=found["type"], size=int(found["size"]), digest=found["digest"])
