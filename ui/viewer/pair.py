"""One exchange as a pair of dialects: the one it came in, and the one it is held against."""

from __future__ import annotations

import zlib

from msgspec import Struct

from core.chats.service import Service
from core.exchanges.exchange import Exchange
from core.inspector.align.request import AlignedRow, align_request
from core.inspector.pair import Pair
from core.translation.dialects.registry import BACKEND_KINDS, DIALECTS


class View(Struct, frozen=True, kw_only=True):
    """What every tab is given: the exchange, who looks at it, and ``key`` for its widgets.

    ``drawer`` tells that it is drawn in one, which does not outlast a new drawing of the page.
    """

    service: Service
    owner: str
    exchange: Exchange
    pair: Pair
    key: str
    drawer: bool = False


def further() -> list[str]:
    """Return the chat dialects that no server is asked in: they can be shown as more columns."""
    asked = {name for kind in BACKEND_KINDS.values() for name in kind.speaks}
    return [
        name for name, dialect in DIALECTS.items() if dialect.task == "chat" and name not in asked
    ]


def about(exchange: Exchange) -> tuple[str, int, int, int]:
    """Return what tells an exchange, as far as it has come, from every other."""
    return (
        exchange.id,
        zlib.crc32(exchange.client.request),
        len(exchange.backend),
        exchange.client.answer_bytes,
    )


def rows_in(view: View, dialect: str) -> tuple[AlignedRow, ...]:
    """Return what the same request becomes in a further dialect. Raises DiglotError."""
    pair = view.pair
    written = view.exchange.request_in(dialect)
    return align_request(pair.body, written, source=pair.source, target=dialect)
