"""Serialises exchanges, for storing on disk or sharing, and reads them.

They were masked when they were recorded, and are masked again when they are read. The owner is
written only for the local disk. Shares are compressed; their uncompressed size is limited.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct, field

from core.errors import InvalidRequest, Unsupported
from core.exchanges.exchange import Exchange
from core.exchanges.masking import mask_headers, mask_text
from core.exchanges.wire import Wire
from core.translation.codec.json import encode_json
from core.translation.dialects.registry import SPOKEN

VERSION = 1

MAX_LINK = 24_000
"""The longest link in characters: messengers cut longer ones, and servers refuse them."""

MAX_SHARE = 64 * 1024 * 1024
"""The largest uncompressed share in bytes."""

# Answers with many small events compress to a fiftieth, bombs to a thousandth.
_MOST_PACKED = 100
_SMALL = 256 * 1024
_MAX_PARTS = 150_000
# Separates pieces, headers and wires; it does not matter if some text contains it.
_PARTS = re.compile(rb"[\]}]\s*,\s*[\[{]")

_MARK = "d1."


class _Piece(Struct, array_like=True):
    """A piece of an answer: ns after the start, and its text, or base64 of other bytes."""

    at: int
    text: str = ""
    data: str = ""


class _Wire(Struct, kw_only=True, omit_defaults=True):
    dialect: str
    path: str
    request: str
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    streamed: bool = False
    cut: bool = False
    request_bytes: int = 0
    answer_bytes: int = 0
    chunks: list[_Piece] = field(default_factory=list)


class _Exchange(Struct, kw_only=True, omit_defaults=True):
    diglot_exchange: int
    id: str
    model: str
    started: int
    client: _Wire
    ended: int = 0
    error: str = ""
    owner: str = ""
    backend: list[_Wire] = field(default_factory=list)
    accepts: list[str] = field(default_factory=list)
    emulated: dict[str, str] = field(default_factory=dict)
    translated: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()
    main: int = -1


_DECODER = msgspec.json.Decoder(_Exchange)


def dump_exchange(exchange: Exchange, *, owner: bool = False) -> bytes:
    """Return an exchange as JSON; with its ``owner`` only for the local disk."""
    started = exchange.started
    return encode_json(
        _Exchange(
            diglot_exchange=VERSION,
            id=exchange.id,
            model=exchange.model,
            started=started,
            ended=exchange.ended,
            error=exchange.error,
            owner=exchange.owner if owner else "",
            client=_dump_wire(exchange.client, started),
            backend=[_dump_wire(wire, started) for wire in exchange.backend],
            accepts=sorted(exchange.accepts),
            emulated=exchange.emulated,
            translated=exchange.translated,
            defaults=dict(exchange.defaults),
            unwanted=exchange.unwanted,
            main=exchange.main,
        )
    )


def load_exchange(data: bytes, *, owner: str | None = None) -> Exchange:
    """Return the exchange that ``dump_exchange`` wrote, plain or compressed.

    ``owner`` becomes its owner; None takes the one in the file. Raises InvalidRequest for other or
    too large data.
    """
    if data.lstrip()[:1] != b"{":
        data = _unpacked(data)
    parts = islice(_PARTS.finditer(data), _MAX_PARTS)
    if len(data) > MAX_SHARE or sum(1 for _ in parts) == _MAX_PARTS:
        raise InvalidRequest("this shared exchange has more parts than Diglot reads")
    try:
        read = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise InvalidRequest(f"this is no exchange that Diglot has shared: {exc}") from exc
    if read.diglot_exchange != VERSION:
        raise InvalidRequest(
            f"this exchange was shared by another version of Diglot ({read.diglot_exchange})"
        )
    client = _load_wire(read.client, read.started)
    exchange = Exchange(
        read.id, client, owner=read.owner if owner is None else owner, started=read.started
    )
    exchange.model = read.model
    exchange.ended = read.ended
    exchange.error = read.error
    exchange.backend = [_load_wire(wire, read.started) for wire in read.backend]
    exchange.accepts = frozenset(read.accepts)
    exchange.emulated = {path: mask_text(note) for path, note in read.emulated.items()}
    exchange.translated = read.translated
    exchange.defaults = read.defaults
    exchange.unwanted = read.unwanted
    exchange.main = read.main if -1 <= read.main < len(read.backend) else -1
    return exchange


def compressed(exchange: Exchange, *, owner: bool = False) -> bytes:
    """Return an exchange as a file to share: JSON, compressed with zlib."""
    return zlib.compress(dump_exchange(exchange, owner=owner), 6)


def link_of(exchange: Exchange) -> str:
    """Return an exchange as text for the query of a link.

    Raises Unsupported if it is too long: then share the file.
    """
    packed = zlib.compress(dump_exchange(exchange), 9)
    text = _MARK + urlsafe_b64encode(packed).decode().rstrip("=")
    if len(text) > MAX_LINK:
        raise Unsupported(
            f"this exchange is too long for a link ({len(text)} characters, {MAX_LINK} allowed); "
            "share it as a file",
            code="link_too_long",
        )
    return text


def load_link(text: str, *, owner: str) -> Exchange:
    """Return the exchange in a link. Raises InvalidRequest."""
    plain = text.strip().removeprefix(_MARK)
    try:
        data = urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except (Base64Error, ValueError) as exc:
        raise InvalidRequest("this link is cut or was not made by Diglot") from exc
    return load_exchange(_unpacked(data), owner=owner)


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        whole = unpacker.decompress(data, min(MAX_SHARE, _SMALL + _MOST_PACKED * len(data)))
    except zlib.error as exc:
        raise InvalidRequest("this is no exchange that Diglot has shared") from exc
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise InvalidRequest("this shared exchange is cut, or larger than Diglot reads")
    return whole


def _dump_wire(wire: Wire, started: int) -> _Wire:
    return _Wire(
        dialect=wire.dialect,
        path=wire.path,
        url=wire.url,
        request=wire.request.decode("utf-8", "replace"),
        headers=list(wire.headers),
        answered=list(wire.answered),
        status=wire.status,
        streamed=wire.streamed,
        cut=wire.cut,
        request_bytes=wire.request_bytes,
        answer_bytes=wire.answer_bytes,
        chunks=[_dump_piece(now - started, data) for now, data in wire.chunks],
    )


def _dump_piece(at: int, data: bytes) -> _Piece:
    try:
        return _Piece(at, data.decode())
    except UnicodeDecodeError:
        # The network may cut a character in two.
        return _Piece(at, "", b64encode(data).decode())


def _load_wire(read: _Wire, started: int) -> Wire:
    if read.dialect not in SPOKEN:
        raise InvalidRequest(f"the dialect {read.dialect!r} is not known here")
    wire = Wire(
        read.dialect, read.path, read.request.encode("utf-8", "replace"), url=read.url,
        headers=read.headers,
    )  # fmt: skip
    wire.answered = mask_headers(read.answered)
    for piece in read.chunks:
        wire.came(_bytes(piece), started + piece.at)
    wire.over = True
    wire.status = read.status
    wire.streamed = read.streamed
    wire.cut = wire.cut or read.cut
    wire.request_bytes = read.request_bytes or wire.request_bytes
    wire.answer_bytes = read.answer_bytes or wire.answer_bytes
    return wire


def _bytes(piece: _Piece) -> bytes:
    if not piece.data:
        return piece.text.encode("utf-8", "replace")
    try:
        return b64decode(piece.data, validate=True)
    except (Base64Error, ValueError) as exc:
        raise InvalidRequest("a piece of this shared exchange is broken") from exc


def as_file_name(exchange: Exchange) -> str:
    """Return a file name for a share."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in exchange.model)
    return f"diglot-{kept[:40] or 'exchange'}-{exchange.id[:8]}.diglot"
