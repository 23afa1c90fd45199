"""The words of a streamed answer as a reader gets them: without the envelopes of their events.

A key comes in several deltas as a rule, so that it stands in none of them. The deltas of each
field are read as one text; where answers or calls are told apart by an index, of each its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from core.exchanges.key_search import Look
from core.exchanges.view import Place, View

_STRING = rb'\s?"([^"\\]*+(?:\\.[^"\\]*+)*+)'
_INDEX = re.compile(rb'index":\s?(\d+)')
_SECOND = re.compile(rb'index":\s?[1-9]')


def find_split(look: Look) -> list[tuple[Place, bool]]:
    """Return where parts of keys stand that are in deltas of a stream; True with each first."""
    if not look.fields or _are_plain(look):
        return []
    found: list[tuple[Place, bool]] = []
    for strings in _lanes(look).values():
        if len(strings) < 2:
            continue
        texts = [match[1] for match in strings]
        words = b"".join(texts)
        keys = Look(words).keys()
        if keys:
            starts = [0, *accumulate(map(len, texts))][:-1]
            view = View(words, starts, [match.start(1) for match in strings])
            for key in keys:
                found.extend((place, at == 0) for at, place in enumerate(view.places(key)))
    return found


def _are_plain(look: Look) -> bool:
    """Tell whether one text is streamed, as most are, and holds no key: found in one pass."""
    data, fields = look.data, look.fields
    if len(fields) > 1 or _has_several(data):
        return False
    texts = _strings(fields[0]).findall(data)
    return len(texts) == data.count(fields[0]) and not Look(b"".join(texts)).keys()


@lru_cache(maxsize=64)
def _strings(field: bytes) -> re.Pattern[bytes]:
    """Return a pattern of a field that holds words of an answer."""
    return re.compile(re.escape(field) + _STRING)


def _has_several(data: bytes) -> bool:
    """Tell whether answers or calls are told apart by an index: by another than 0."""
    # Most streams name none, or only 0: to count that is quicker than to look for a pattern.
    named = data.count(b'index":')
    return named != 0 and named != data.count(b'index":0') and _SECOND.search(data) is not None


def _lanes(look: Look) -> dict[object, list[re.Match[bytes]]]:
    """Return the strings of each field, in order."""
    data = look.data
    lanes: defaultdict[object, list[re.Match[bytes]]] = defaultdict(list)
    several = _has_several(data)
    for field in look.fields:
        for string in _strings(field).finditer(data):
            index = _indexes(data, string.start()) if several else ()
            lanes[field, *index].append(string)
    return lanes


def _indexes(data: bytes, at: int) -> Iterator[bytes]:
    """Yield the numbers that tell which answer or call an event's delta goes on with."""
    begin = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at)
    yield from _INDEX.findall(data, begin, len(data) if end < 0 else end)
