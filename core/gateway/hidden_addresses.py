"""Removes the addresses of backends from errors; only the operator may see them.

Messages of backends may contain addresses as well as ours, so each address of the config is
searched in the text of errors. Answers are not searched: a model may write any address.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

from core.backends.fleet import Fleet
from core.errors import BackendUnavailable, DiglotError, InvalidResponse
from core.translation.codec.json import object_of

E = TypeVar("E", bound=DiglotError)

_INSTEAD = "the model's server"
_WORD = b'"error"'
_ANY = re.compile(r"https?://[^\s\"'<>]+[^\s\"'<>.,;:!?)]")


class HiddenAddresses:
    """Uses the current backends of ``fleet``."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def text(self, text: str, *, also: Iterable[str] = ()) -> str:
        """Return ``text`` without the addresses of backends, and without those of ``also``."""
        return without(text, [*(load.deployment.base_url for load in self._fleet.loads), *also])

    def error(self, error: E) -> E:
        """Return ``error`` with a message that names no backend's address."""
        hidden = self.text(error.message)
        if isinstance(error, BackendUnavailable | InvalidResponse):
            # Our own message about a backend: any address in it came from that backend.
            hidden = _ANY.sub(_INSTEAD, hidden)
        if hidden == error.message:
            return error
        other = copy.copy(error)
        other.message = hidden
        return other

    def piece(self, piece: bytes) -> bytes:
        """Return a piece of a stream; only its error records are changed."""
        if _WORD not in piece:
            return piece
        lines = piece.split(b"\n")
        return b"\n".join(
            self.text(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            if _WORD in line and _is_error(line)
            else line
            for line in lines
        )


def without(text: str, addresses: Iterable[str]) -> str:
    """Return ``text`` without any of ``addresses``, in whatever form it names them."""
    pattern = _pattern(frozenset(addresses))
    return pattern.sub(_INSTEAD, text) if pattern else text


def addresses_in(text: str) -> list[str]:
    """Return the addresses of web servers that ``text`` names."""
    return _ANY.findall(text)


def _is_error(line: bytes) -> bool:
    record = object_of(line.removeprefix(b"data:").strip())
    inner = record.get("response")
    return bool(record.get("error") or (isinstance(inner, dict) and inner.get("error")))


@lru_cache(maxsize=16)
def _pattern(addresses: frozenset[str]) -> re.Pattern[str] | None:
    """Return a pattern of the addresses: whole, as host and port, and as a host with a dot."""
    found = set()
    for address in addresses:
        parts = urlsplit(address)
        host = parts.hostname
        if not host:
            continue
        name = re.escape(f"[{host}]" if ":" in host else host)
        rest = r"(?::\d+)?(?:/[\w.~%/-]*[\w~%/-])?"
        found.add(rf"https?://(?:[^\s/@\"']*@)?{name}{rest}")
        found.add(rf"{name}:\d+{rest}")
        if "." in host or ":" in host:
            found.add(rf"{re.escape(host)}")
    if not found:
        return None
    longest_first = sorted(found, key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(longest_first)})(?![\w-])", re.IGNORECASE)
