"""Goes on with the answers that other processes have handed over when they stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from core.chats.service import Service
from core.chats.store.handovers import Handover
from core.errors import DiglotError, InvalidRequest

GOOD_FOR = 900.0
"""Seconds after which nobody waits any more: the answer stays interrupted then, with its button."""

LOOK_EVERY = 1.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


class TakingOver:
    """Takes what is on offer, until this process is itself ``stopping``."""

    def __init__(self, service: Service, stopping: Callable[[], bool]) -> None:
        self._service = service
        self._stopping = stopping

    def look(self) -> int:
        """Look once; return how many answers are gone on with. Raises DiglotError."""
        store, count = self._service.store, 0
        for offer in store.handovers.offers():
            if self._stopping():
                break
            try:
                state = store.message(offer.owner, offer.message_id).state
            except InvalidRequest:  # deleted meanwhile
                state = "failed"
            # Its process is about to end, or was killed: then it is found to be lost.
            if state == "running":
                continue
            # Its owner may have gone on with it already.
            if store.handovers.take(offer.message_id) and state == "interrupted":
                count += self._go_on(offer)
        return count

    def _go_on(self, offer: Handover) -> bool:
        service, owner = self._service, offer.owner
        if time.time_ns() - offer.offered > GOOD_FOR * 1e9:
            return False
        try:
            service.write_on(owner, offer.chat_id, offer.message_id, offer.options)
        except InvalidRequest as error:
            if error.code == "busy":
                # Answers side by side go on one after the other.
                service.store.handovers.offer(
                    owner, offer.message_id, offer.options, offered=offer.offered
                )
            return False
        except DiglotError as error:
            _log.warning("an answer that was handed over cannot be gone on with: %s", error)
            return False
        return True
