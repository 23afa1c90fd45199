"""Ids that cannot be guessed: of requests, exchanges, and what is named in links."""

from __future__ import annotations

import os

_AT_ONCE = 128
_SIZE = 16

_ready: list[str] = []
# A process that is forked must not give out what its parent will.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ready.clear)


def new_id() -> str:
    """Return 128 random bits in hexadecimal digits.

    The system is asked for many at once: each call of it takes longer than the rest.
    """
    try:
        return _ready.pop()
    except IndexError:
        digits = os.urandom(_AT_ONCE * _SIZE).hex()
        made = [digits[at : at + 2 * _SIZE] for at in range(0, len(digits), 2 * _SIZE)]
        own = made.pop()
        _ready.extend(made)
        return own
