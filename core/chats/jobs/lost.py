"""Finds answers whose process has died; any process on the same database does this."""

from __future__ import annotations

import time

from core.chats.jobs.journal import Journal
from core.chats.store.growing import GrowingAnswers
from core.errors import DiglotError

LOST_AFTER = 8.0
"""Seconds without a write after which a job counts as dead. A running job writes at least every
core.chats.jobs.job.TOUCH_EVERY seconds.
"""

LOOK_EVERY = 2.0
"""Seconds between two looks."""


class LostAnswers:
    """Marks answers as interrupted once no process writes them.

    Each process judges by its own observations and its own monotonic clock: the clocks of hosts
    differ, and during an outage of the database nobody could write.
    """

    def __init__(
        self,
        growing: GrowingAnswers,
        journal: Journal | None = None,
        *,
        lost_after: float = LOST_AFTER,
    ) -> None:
        self._growing = growing
        self._journal = journal
        self._lost_after = lost_after
        # id -> (when it was last written, since when that has been seen here)
        self._seen: dict[str, tuple[int, float]] = {}

    def look(self) -> int:
        """Look once; return how many answers were found to be lost. Raises DiglotError."""
        try:
            if self._journal is not None:
                self._journal.write_back(self._growing, idle=self._lost_after)
            written = self._growing.written()
        except DiglotError:
            self._seen.clear()
            raise
        now = time.monotonic()
        seen = {}
        for message_id, updated in written.items():
            known = self._seen.get(message_id)
            seen[message_id] = known if known and known[0] == updated else (updated, now)
        self._seen = seen
        lost = [
            (message_id, updated)
            for message_id, (updated, since) in seen.items()
            if now - since >= self._lost_after
        ]
        return sum(self._growing.interrupt(message_id, updated) for message_id, updated in lost)
