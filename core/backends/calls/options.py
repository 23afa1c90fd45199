"""AskOptions: what goes with a request beside its body."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from core.exchanges.exchange import Exchange


class AskOptions(Struct, frozen=True, kw_only=True):
    """How one request is answered and kept.

    The exchange is kept for ``owner``; ``note`` is called with it at once. ``identity`` is its id,
    if the caller has made one. ``headers`` are those of the client; the exchange keeps them without
    secrets. ``strict`` makes a dropped field an error; ``whole`` does so only for images and audio,
    for people, who do not see headers. ``emulate`` emulates tool calls for every model.
    ``counts``: only the tokens of the input are wanted, so that nothing is done for an answer.
    """

    owner: str = ""
    strict: bool = False
    whole: bool = False
    headers: Iterable[tuple[bytes, bytes]] = ()
    identity: str = ""
    emulate: bool = False
    counts: bool = False
    note: Callable[[Exchange], None] | None = None


PLAIN_ASK = AskOptions()
"""The defaults."""
