"""What the processes on one database share: secrets, and which browsers have come in."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from core.chats.store.tables import Rows, common, entries, transaction
from core.errors import BackendUnavailable


class Common(Rows):
    """Secrets by name, made when they are first asked for.

    Methods raise BackendUnavailable (``store_unavailable``) while the database is down.
    """

    def secret(self, name: str) -> bytes:
        """Return 32 random bytes, the same ones in every process."""
        found = self._value(name)
        if found is None:
            try:
                with transaction(self._writer) as db:
                    db.execute(insert(common).values(name=name, value=secrets.token_hex(32)))
            except BackendUnavailable as error:
                # Another process may have made it at the same moment.
                if not isinstance(error.__cause__, IntegrityError):
                    raise
            found = self._value(name)
        return bytes.fromhex(found or "")

    def _value(self, name: str) -> str | None:
        with transaction(self._reader) as db:
            return db.scalar(select(common.c.value).where(common.c.name == name))


class Entries(Rows):
    """Which browser has come in by which key, so that it need not be asked in each process.

    Kept are a hash of the browser's id, and ``digest``, the key's hash in hexadecimal.
    """

    def add(self, browser: str, digest: str, *, now: int) -> None:
        """Note that a browser has come in. ``now`` is ns since 1970."""
        values = {"browser": browser_hash(browser), "digest": digest, "entered": now}
        with transaction(self._writer) as db:
            db.execute(delete(entries).where(entries.c.browser == values["browser"]))
            db.execute(insert(entries).values(values))

    def get(self, browser: str) -> str | None:
        """Return the digest of the key by which a browser has come in, if it has."""
        query = select(entries.c.digest).where(entries.c.browser == browser_hash(browser))
        with transaction(self._reader) as db:
            return db.scalar(query)

    def forget(self, before: int) -> None:
        """Delete what was noted before a time, in ns since 1970."""
        with transaction(self._writer) as db:
            db.execute(delete(entries).where(entries.c.entered < before))


def browser_hash(browser: str) -> str:
    """Return what is kept of a browser's id."""
    return hashlib.sha256(browser.encode()).hexdigest()
