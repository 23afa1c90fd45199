"""AskOptions: what goes with a request beside its body."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from core.exchanges.exchange import Exchange


class AskOptions(Struct, frozen=True, kw_only=True):
    """How one request is answered and kept.

    The exchange is kept for ``owner``; ``note`` is given it at once. ``identity`` is its id where
    the caller has made one. ``headers`` are the client's, of which the exchange keeps what is no
    secret. ``strict`` makes a lost field an error; ``whole`` does so of a lost picture or sound
    alone, for people, who see no headers. ``emulate`` treats every model as one that has
    not learnt to call tools.
    """

    owner: str = ""
    strict: bool = False
    whole: bool = False
    headers: Iterable[tuple[bytes, bytes]] = ()
    identity: str = ""
    emulate: bool = False
    note: Callable[[Exchange], None] | None = None


PLAIN_ASK = AskOptions()
"""Nothing in particular."""
