"""What must not be kept or shown of a request: keys, cookies, and the data of images and sounds.

All that is kept, shown, logged and shared goes through here. Bodies are masked as bytes, so that
what is left stands as it came. Long bodies are shortened string by string, so that they can still
be read as JSON.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from core.exchanges.hidden_data import find_data
from core.exchanges.key_search import Look
from core.exchanges.stream_words import find_split
from core.exchanges.view import Place, merged
from core.translation.codec.json import JSON_ERRORS, encode_json

__all__ = [
    "MASK",
    "edit_pieces",
    "is_clean",
    "mask_body",
    "mask_data",
    "mask_headers",
    "mask_pieces",
    "mask_text",
    "mask_url",
    "mask_word",
    "shorten_body",
]

MASK = "***"
"""What stands where a secret stood."""

_SHOWN = frozenset(
    """accept accept-encoding accept-language anthropic-beta anthropic-version cache-control
    connection content-encoding content-length content-type date expires host keep-alive
    openai-beta openai-processing-ms openai-version origin retry-after server transfer-encoding
    user-agent vary x-accel-buffering x-request-id request-id""".split()
)
_LONGEST_HEADER = 1000
_SHOWN_BEGINNINGS = ("x-diglot-", "x-stainless-", "x-ratelimit-", "anthropic-ratelimit-")

Edit = tuple[int, int, bytes]
"""What is put in the place of some bytes: begin, end, and the new ones."""


def mask_body(data: bytes) -> bytes:
    """Return a body without keys and without the data of images and sounds.

    The same object comes back where nothing is masked.
    """
    return _edited(data, _edits(Look(data)))


def mask_data(data: bytes) -> bytes:
    """Return a body without the data of images and sounds; keys are still in it."""
    return _edited(data, sorted(find_data(data)))


def mask_pieces(pieces: Sequence[bytes]) -> list[bytes] | None:
    """Return the pieces of an answer without keys, also such as were cut in two.

    A piece may be a part of an event, or many. None where nothing is masked.
    """
    edits = _answer_edits(b"".join(pieces))
    return edit_pieces(pieces, edits) if edits else None


def is_clean(answer: bytes) -> bool:
    """Tell whether nothing is masked in an answer, however it was cut in pieces."""
    return not _answer_edits(answer)


def _answer_edits(answer: bytes) -> list[Edit]:
    look = Look(answer)
    return _edits(look, find_split(look))


def edit_pieces(pieces: Sequence[bytes], edits: Sequence[Edit]) -> list[bytes]:
    """Return pieces with edits, in order, of all of them joined.

    What is new stands in the piece in which its place begins.
    """
    masked, begin = [], 0
    at = 0
    for piece in pieces:
        end = begin + len(piece)
        here = []
        while at < len(edits) and edits[at][0] < end:
            first, last, new = edits[at]
            here.append((max(first, begin) - begin, min(last, end) - begin,
                         new if first >= begin else b""))  # fmt: skip
            if last > end:
                break
            at += 1
        masked.append(_edited(piece, here))
        begin = end
    return masked


def mask_text(text: str) -> str:
    """Return a text of any kind without keys, authorization headers and cookies."""
    data = text.encode("utf-8", "surrogatepass")
    masked = _edited(data, _edits(Look(data, texts=True), texts=True))
    return text if masked is data else masked.decode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def mask_url(url: str) -> str:
    """Return an address without a user in it and without keys in its query."""
    if "@" not in url and "?" not in url and "&" not in url:
        return mask_text(url)
    url = re.sub(r"(//)[^/@\s]+@", r"\1***@", url)
    return mask_text(_QUERY.sub(r"\1***", url))


_QUERY = re.compile(
    r"(?i)([?&][\w-]*(?:key|token|secret|sig|signature|password|passwd|pwd|auth|credential|code)"
    r"[\w-]*=)[^&#\s]+"
)


def mask_headers(
    pairs: Iterable[tuple[bytes, bytes] | tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """Return headers with the values of a few harmless ones; of all others, the name alone."""
    found = []
    for name, value in pairs:
        key, shown = _name(name)
        found.append((key, _value(value[:_LONGEST_HEADER]) if shown else MASK))
    return tuple(found)


# Every request has the same few, and this is on the way of all of them.
@lru_cache(maxsize=1024)
def _value(value: bytes | str) -> str:
    """Return the value of a header that may be shown, without keys."""
    return mask_text(value if isinstance(value, str) else value.decode("latin-1"))


@lru_cache(maxsize=512)
def _name(name: bytes | str) -> tuple[str, bool]:
    """Return a header's name in lower case, and whether its value is harmless."""
    key = (name if isinstance(name, str) else name.decode("latin-1")).lower()
    return key, key in _SHOWN or key.startswith(_SHOWN_BEGINNINGS)


@lru_cache(maxsize=1024)
def mask_word(text: str) -> str:
    """Return a short text that comes again and again, such as a model's name, without keys."""
    return mask_text(text)


def _edits(
    look: Look, parts: Sequence[tuple[Place, bool]] = (), *, texts: bool = False
) -> list[Edit]:
    """Return what to put in the place of what, in order.

    ``parts`` are of keys that were cut in pieces: what stands for the key is in the first.
    """
    data, keys = look.data, look.keys()
    new: dict[Place, bytes] = {}
    if look.has_data or texts:
        new = {(at, end): note for at, end, note in find_data(data) if data[at:end] != note}
    if not (new or keys or parts):
        return []  # as of nearly every body
    keys, mask = _outside(keys, new), MASK.encode()
    new.update((place, mask if first else b"") for place, first in parts)
    # A place that takes a part of another is one with it.
    return [(*place, new.get(place, mask)) for place in merged([*new, *keys])]


def _outside(keys: list[Place], data: Iterable[Place]) -> list[Place]:
    """Return the keys that are no part of an image's data."""
    ends = sorted(data)
    if not ends:
        return keys
    return [
        key
        for key in keys
        if not (at := bisect_left(ends, (key[1], 0))) or ends[at - 1][1] <= key[0]
    ]


def _edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    if not edits:
        return data
    pieces: list[bytes] = []
    done = 0
    for begin, end, new in edits:
        pieces += data[done:begin], new
        done = end
    pieces.append(data[done:])
    return b"".join(pieces)


def shorten_body(data: bytes, limit: int) -> bytes:
    """Return JSON whose long strings are cut until it has at most ``limit`` bytes.

    What is no JSON, or has too many values, is cut at the limit.
    """
    try:
        value = msgspec.json.decode(data)
    except JSON_ERRORS:
        return data[:limit]
    for longest in (limit // 8, limit // 64, 4096, 512, 64):
        shorter = encode_json(_shorten(value, longest))
        if len(shorter) <= limit:
            return shorter
    return data[:limit]


def _shorten(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        if len(value) <= longest:
            return value
        return f"{value[: longest // 2]}…[+{len(value) - longest // 2} characters not kept]"
    if isinstance(value, list):
        return [_shorten(item, longest) for item in value]
    if isinstance(value, dict):
        return {key: _shorten(item, longest) for key, item in value.items()}
    return value
