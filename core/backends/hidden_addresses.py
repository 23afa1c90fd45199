"""What those who are no operators are told: nothing of where the backends are.

Keys of the gateway and people on the pages alike. Messages of backends may contain addresses as
well as ours, so each address of the config is searched in the text of errors. Answers are not
searched: a model may write any address.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core.backends.fleet import Fleet
from core.errors import BackendUnavailable, DiglotError, InvalidResponse
from core.exchanges.exchange import Exchange
from core.exchanges.masking import edit_pieces
from core.exchanges.wire import Wire
from core.translation.codec.json import object_of

E = TypeVar("E", bound=DiglotError)

_INSTEAD = "the model's server"
_WORD = b'"error"'
# The slashes may be escaped, as some servers write JSON.
_ANY = re.compile(r"https?:\\*/\\*/[^\s\"'<>]+[^\s\"'<>.,;:!?)\\]")
# Codes of errors whose words are ours: any address in them came from a backend.
_OURS = re.compile(r"backend_(?!error$)|invalid_response$")


class HiddenAddresses:
    """Uses the current backends of ``fleet``."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def text(self, text: str, *, also: Iterable[str] = ()) -> str:
        """Return ``text`` without the addresses of backends, and without those of ``also``."""
        return without(text, [*self._known(), *also])

    def error(self, error: E) -> E:
        """Return ``error`` with a message that names no backend's address."""
        ours = isinstance(error, BackendUnavailable | InvalidResponse)
        hidden = self._message(error.message, ours=ours)
        if hidden == error.message:
            return error
        other = copy.copy(error)
        other.message = hidden
        return other

    def facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is kept of an error (core.error_kinds.error_facts), likewise."""
        code, message = str(facts.get("code", "")), str(facts.get("message", ""))
        if code == "store_unavailable":
            # The cause behind the colon names the database's host.
            return {**facts, "message": message.partition(":")[0]}
        return {**facts, "message": self._message(message, ours=bool(_OURS.match(code)))}

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange as one may see it who is no operator.

        What went wrong at a backend is searched for addresses, also where another answered then.
        """
        also = [*addresses_in(exchange.error), *(wire.url for wire in exchange.backend)]
        pattern = _pattern(frozenset([*self._known(), *also]))
        failed = bool(exchange.error) or exchange.status >= 400
        backend = [_shown(wire, pattern, failed=failed) for wire in exchange.backend]
        other = exchange.with_wires(_shown(exchange.client, pattern, failed=failed), backend)
        if failed:
            other.error = self.text(exchange.error, also=also)
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

    def _known(self) -> list[str]:
        """Return the addresses of the backends and of the servers of tools."""
        fleet = self._fleet
        servers = [server.url for server in fleet.config.tools.servers]
        return [*(load.deployment.base_url for load in fleet.loads), *servers]

    def _message(self, message: str, *, ours: bool) -> str:
        hidden = self.text(message)
        return _ANY.sub(_INSTEAD, hidden) if ours else hidden


def without(text: str, addresses: Iterable[str]) -> str:
    """Return ``text`` without any of ``addresses``, in whatever form it names them."""
    pattern = _pattern(frozenset(addresses))
    if pattern is None:
        return text
    data = text.encode("utf-8", "surrogatepass")
    hidden = pattern.sub(_INSTEAD.encode(), data)
    return text if hidden == data else hidden.decode("utf-8", "surrogatepass")


def addresses_in(text: str) -> list[str]:
    """Return the addresses of web servers that ``text`` names."""
    return _ANY.findall(text)


def _shown(wire: Wire, pattern: re.Pattern[bytes] | None, *, failed: bool) -> Wire:
    """Return a side without its address, and without any in its answer where it ``failed``."""
    if pattern is None or not (failed or wire.status >= 300):
        return wire.without_address() if wire.url else wire
    pieces = wire.chunks
    answer = [data for _, data in pieces]
    new = _INSTEAD.encode()
    edits = [(*match.span(), new) for match in pattern.finditer(b"".join(answer))]
    hidden = edit_pieces(answer, edits) if edits else answer
    return wire.without_address(
        [(now, data) for (now, _), data in zip(pieces, hidden, strict=True)]
    )


def _is_error(line: bytes) -> bool:
    record = object_of(line.removeprefix(b"data:").strip())
    inner = record.get("response")
    return bool(record.get("error") or (isinstance(inner, dict) and inner.get("error")))


@lru_cache(maxsize=16)
def _pattern(addresses: frozenset[str]) -> re.Pattern[bytes] | None:
    """Return a pattern of the addresses: whole, as host and port, and as a host with a dot.

    Of bytes: letters other than ASCII may stand next to an address without a blank.
    """
    found = set()
    for address in addresses:
        host = urlsplit(address.replace("\\", "")).hostname
        if not host:
            continue
        name = re.escape(f"[{host}]" if ":" in host else host)
        rest = r"(?::\d+)?(?:/[\w.~%/-]*[\w~%/-])?"
        found.add(rf"https?:\\*/\\*/(?:[^\s/@\"']*@)?{name}{rest}")
        found.add(rf"{name}:\d+{rest}")
        if "." in host or ":" in host:
            found.add(rf"{re.escape(host)}")
    if not found:
        return None
    longest_first = sorted(found, key=len, reverse=True)
    pattern = rf"(?<![\w.-])(?:{'|'.join(longest_first)})(?![\w-])"
    return re.compile(pattern.encode("utf-8", "surrogatepass"), re.IGNORECASE)
