"""What must not be kept or shown of a request: keys, cookies, and the data of images and sounds.

Bodies are masked as bytes, so that what is left stands as it came. The data of a picture gives
way to a note that is base64 itself (``iVBORw0KGgoAAAAN+hidden+image/png+21400+bytes+1f2e3d4c+``):
every reader of that dialect still takes the body, and equal data has equal notes in every
dialect. Long bodies are shortened string by string, so that they can still be read as JSON.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from ahocorasick_rs import BytesAhoCorasick, Implementation

from core.translation.codec.json import JSON_ERRORS, encode_json
from core.translation.dialects.shared.content import picture_type

__all__ = [
    "MASK",
    "HiddenData",
    "hidden_data",
    "mask_body",
    "mask_headers",
    "mask_text",
    "mask_url",
    "may_hide",
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

_KEY = re.compile(
    rb"\b(sk-|pk-|rk-|hf_|gsk_|ghp_|gho_|github_pat_|glpat-|xox[abprs]-|AIza|AKIA|eyJhbGciOi"
    rb"|tvly-|nvapi-|r8_)[\w.=/+-]{12,}"
)
# A digit or a sign tells a token from a word: there is basic understanding, too.
_BEARER = re.compile(rb"(?i)\b(bearer|basic)(\s+)(?=[\w.~+/-]*[\d=])[\w.~+/=-]{8,}")
_NAMED = re.compile(
    rb'(?i)(["\'][\w-]*(?:api[_-]?key|authorization|passwor[dt]|secret|access[_-]?token|cookie)'
    rb"[\"']\s*:\s*)([\"'])(?:[^\"'\\]|\\.)*\2"
)

# Parts of what the patterns match, in small letters: bodies in which none of them stands, which
# are most, are looked through once, quickly, for all at once. None begins as another one ends.
_KEY_SIGNS = (
    b"sk-", b"pk-", b"rk-", b"hf_", b"gsk_", b"ghp_", b"gho_", b"github_pat_", b"glpat-", b"xox",
    b"aiza", b"akia", b"eyjhbgcioi", b"tvly-", b"nvapi-", b"r8_",
)  # fmt: skip
_NAME_SIGNS = tuple(
    word + quote
    for quote in (b'"', b"'")
    for word in (b"pikey", b"pi_key", b"pi-key", b"uthorization", b"passwort", b"password",
                 b"secret", b"esstoken", b"ess_token", b"ess-token", b"ookie")
)  # fmt: skip
_BEARER_SIGNS = (b"bearer", b"basic")
_DATA_SIGNS = (b";base64,", b'images"', b'data"', b'b64_json"')
_SIGNS = (*_KEY_SIGNS, *_NAME_SIGNS, *_BEARER_SIGNS, *_DATA_SIGNS)
_GROUPS = (
    *("key" for _ in _KEY_SIGNS),
    *("name" for _ in _NAME_SIGNS),
    *("bearer" for _ in _BEARER_SIGNS),
    *("data" for _ in _DATA_SIGNS),
)
_SEARCH = BytesAhoCorasick(_SIGNS, implementation=Implementation.DFA)

_DATA_URL = re.compile(
    rb"(data:(?:[\w.+-]+\\?/[\w.+-]+)?(?:;[\w=.-]+)*;base64,)((?:[A-Za-z0-9+/]|\\/)+={0,2})"
)
_BARE = re.compile(
    rb"""([\[,]\s*["']|["'](?:data|image|b64_json)["']\s*:\s*["'])"""
    rb"""((?:[A-Za-z0-9+/]|\\/){32,}={0,2})(["'])"""
)
_LONG = 256
_HIDDEN = re.compile(
    r"\+hidden\+(?P<type>[a-z]+(?:/[a-z0-9]+)?)\+(?P<size>\d+)\+bytes\+(?P<digest>[0-9a-f]{8})\+*"
)
_SOUNDS = ((b"RIFF", "audio/wav"), (b"ID3", "audio/mp3"), (b"\xff\xfb", "audio/mp3"),
           (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg"))  # fmt: skip


class HiddenData(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of data that was not kept: its kind, its bytes, and a checksum (CRC-32)."""

    type: str
    size: int
    digest: str


def hidden_data(value: str) -> HiddenData | None:
    """Return what a value stands for where it is a note in place of data, else None."""
    found = _HIDDEN.search(value)
    if found is None:
        return None
    return HiddenData(type=found["type"], size=int(found["size"]), digest=found["digest"])


def may_hide(data: bytes) -> bool:
    """Tell whether ``mask_body`` has to look closer; of most bodies it has not."""
    return bool(_found(data))


def mask_body(data: bytes) -> bytes:
    """Return a body without keys and without the data of images and sounds."""
    found = _found(data)
    if not found:
        return data
    if "data" in found:
        data = _DATA_URL.sub(_hide_url, data)
        data = _BARE.sub(_hide_bare, data)
    if "key" in found:
        data = _KEY.sub(rb"\1***", data)
    if "name" in found:
        data = _NAMED.sub(rb"\1\2***\2", data)
    if "bearer" in found:
        data = _BEARER.sub(rb"\1\2***", data)
    return data


def _found(data: bytes) -> set[str]:
    """Return of which groups there are signs in a body."""
    found = set()
    for sign, start, _ in _SEARCH.find_matches_as_indexes(data.lower()):
        group = _GROUPS[sign]
        if group == "bearer" and not _BEARER.match(data, start):
            continue  # a word like others
        if group == "data" and not _is_data(data, _SIGNS[sign], start):
            continue
        found.add(group)
    return found


def _is_data(data: bytes, sign: bytes, start: int) -> bool:
    """Tell whether a sign of data stands as it is written, and whole where it is a name."""
    if not sign.endswith(b'"'):
        return data.startswith(sign, start)
    return data.startswith(b'"' + sign, start - 1) if start else False


def mask_text(text: str) -> str:
    """Return a text of any kind without keys, authorization headers and cookies."""
    data = text.encode("utf-8", "surrogatepass")
    masked = _BARE.sub(_hide_bare, mask_body(data))
    return _LOOSE.sub(r"\1***", masked.decode("utf-8", "surrogatepass"))


# Headers and assignments as programs, shells and logs write them. What stands before a name is
# not matched: looking for it takes the square of a long word's length.
_LOOSE = re.compile(
    r"(?im)((?:authorization|(?:^|[\"'>] ?)(?:set-)?cookie|api[_-]?key|password)"
    r"\b[\"']?\s*[:=]\s*"
    r"[\"']?(?:(?:bearer|basic)\s+)?)"
    r"(?!\*\*\*|bearer|basic|os\.|\$|None|null|not-needed|ollama\b|True|False)[^\s\"',;)}\\]{6,}"
)


def mask_url(url: str) -> str:
    """Return an address without a password in it and without keys in its query."""
    url = re.sub(r"(//)[^/@\s]+@", r"\1***@", url)
    return re.sub(r"(?i)([?&][\w-]*(?:key|token|secret|sig)[\w-]*=)[^&#\s]+", r"\1***", url)


def mask_headers(
    pairs: Iterable[tuple[bytes, bytes] | tuple[str, str]],
) -> tuple[tuple[str, str], ...]:
    """Return headers with the values of a few harmless ones; of all others, the name alone."""
    found = []
    for name, value in pairs:
        key, shown = _name(name)
        if shown:
            text = value if isinstance(value, str) else value.decode("latin-1")
            found.append((key, text if len(text) <= _LONGEST_HEADER else text[:_LONGEST_HEADER]))
        else:
            found.append((key, MASK))
    return tuple(found)


# Every request has the same few, and this is on the way of all of them.
@lru_cache(maxsize=512)
def _name(name: bytes | str) -> tuple[str, bool]:
    """Return a header's name in lower case, and whether its value is harmless."""
    key = (name if isinstance(name, str) else name.decode("latin-1")).lower()
    return key, key in _SHOWN or key.startswith(_SHOWN_BEGINNINGS)


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


def _hide_url(match: re.Match[bytes]) -> bytes:
    return match[1] + _note(match[2])


def _hide_bare(match: re.Match[bytes]) -> bytes:
    data = match[2]
    if len(data) < _LONG and _type(data) == "data":
        return match[0]
    return match[1] + _note(data) + match[3]


def _note(data: bytes) -> bytes:
    if b"+hidden+" in data:
        return data
    plain = data.replace(b"\\/", b"/")
    kind = _type(plain)
    size = len(plain) * 3 // 4 - plain[-2:].count(b"=")
    # The first bytes say what kind of picture it is, in every dialect, and nothing more.
    head = b"" if kind == "data" else plain[:16].rstrip(b"=")
    note = b"%b+hidden+%b+%d+bytes+%08x+" % (head, kind.encode(), size, zlib.crc32(plain))
    return note + b"+" * (-len(note) % 4)


def _type(data: bytes) -> str:
    try:
        head = b64decode(data.replace(b"\\/", b"/")[:16])
    except (Base64Error, ValueError):
        return "data"
    kind = picture_type(head)
    if kind == "image/bmp" and head[6:10] != b"\0\0\0\0":
        kind = ""
    if kind:
        return kind
    return next((name for magic, name in _SOUNDS if head.startswith(magic)), "data")
