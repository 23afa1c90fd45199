"""One exchange as a pair of dialects: the one it came in, and the one it is compared with."""

from __future__ import annotations

import zlib

from msgspec import Struct

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.pair import Pair
from core.translation.dialects.registry import BACKEND_KINDS, DIALECTS


class View(Struct, frozen=True, kw_only=True):
    """What every tab gets: the exchange, its viewer, and a ``key`` for its widgets.

    ``drawer``: it is drawn in a dialog, which closes when the page is redrawn.
    """

    service: Service
    owner: str
    exchange: Exchange
    pair: Pair
    key: str
    drawer: bool = False


def further() -> list[str]:
    """Return the chat dialects that no backend speaks; they can be shown as extra columns."""
    asked = {name for kind in BACKEND_KINDS.values() for name in kind.speaks}
    return [
        name for name, dialect in DIALECTS.items() if dialect.task == "chat" and name not in asked
    ]


def about(exchange: Exchange) -> tuple[str, int, int, int]:
    """Return a value that identifies an exchange and how far it has come."""
    return (
        exchange.id,
        zlib.crc32(exchange.client.request),
        len(exchange.backend),
        exchange.client.answer_bytes,
    )


def rows_in(view: View, dialect: str) -> tuple[AlignedRow, ...]:
    """Return the rows of the same request in a further dialect. Raises DiglotError."""
    pair = view.pair
    written = view.exchange.request_in(dialect)
    return align_request(pair.body, written, source=pair.source, target=dialect)
