"""Tickets: the page gives one to its own script in the browser, which shows it with each request.

A ticket is bound to its owner and to the browser that it was given to (what its cookies are), and
is good for some minutes; the page gives a new one whenever it is drawn. It stands in a header of
its own, which no other site can send along, and never in an address.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from msgspec import Struct

GOOD_FOR = 600.0
"""Seconds."""


class _About(Struct, array_like=True):
    owner: str
    until: float
    browser: str
    operator: bool = False


class Holder(Struct, frozen=True):
    """Whose ticket it is."""

    owner: str
    operator: bool = False


class Tickets:
    """Makes tickets and reads them. Those made with another secret open nothing."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def share(self, secret: bytes) -> None:
        """Use a secret that other processes use, too: a browser's requests may reach any."""
        self._secret = secret

    def make(
        self, owner: str, browser: str, *, operator: bool = False, now: float | None = None
    ) -> str:
        """Return a ticket for ``owner`` in the browser that ``browser`` tells from all others."""
        until = (time.time() if now is None else now) + GOOD_FOR
        about = msgspec.json.encode(_About(owner, until, _digest(browser), operator))
        return f"{urlsafe_b64encode(about).decode()}.{self._sign(about)}"

    def holder(self, ticket: str, browser: str, *, now: float | None = None) -> Holder | None:
        """Return whose ticket it is; None for one that is forged, too old, or another browser's."""
        body, _, sign = ticket.partition(".")
        try:
            about = urlsafe_b64decode(body)
            # Bytes: what is not ASCII is no signature, and not an error either.
            if not hmac.compare_digest(sign.encode(), self._sign(about).encode()):
                return None
            said = msgspec.json.decode(about, type=_About)
        except (ValueError, msgspec.DecodeError):
            return None
        if said.until < (time.time() if now is None else now):
            return None
        if not hmac.compare_digest(said.browser, _digest(browser)):
            return None
        return Holder(said.owner, said.operator)

    def _sign(self, about: bytes) -> str:
        return urlsafe_b64encode(hmac.digest(self._secret, about, "sha256")).decode()


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
