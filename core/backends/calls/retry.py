"""Attempts: chooses the next deployment until one answers.

A request is retried only while nothing of its answer has been sent to the client. First come the
other deployments of the group; then, if the config sets a number of retries, the same ones again
after a pause; then the fallbacks of the name.

    attempts = Attempts(router, name)
    async for lease in attempts:
        try:
            ...  # ask lease.route; the lease is the caller's to end
        except DiglotError as exc:
            attempts.failed(lease, exc)
        else:
            return ...
    raise attempts.failure()

It waits only for a free slot and between tries. Code that cannot await uses the same object by
``take`` and ``failed``: see ``Attempts.take``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Self

from core.backends.balancing.group import Group
from core.backends.balancing.load import Lease, Load
from core.backends.balancing.router import ModelNotServed, Router
from core.config.routing import Routing
from core.error_kinds import error_facts, fault_kind
from core.errors import BackendUnavailable, DiglotError
from core.exchanges.exchange import Trail

_LOG = logging.getLogger("diglot.attempts")

_OTHERS = 2
"""How many other deployments are tried if the config sets no number of retries."""

_BACKOFF = 0.25
_LONGEST = 8.0
"""Seconds between two tries of one deployment: the first pause and the longest."""

# Later, or at another server, the request may succeed.
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# The same server would fail again; another may have the model or accept the key.
_ELSEWHERE = frozenset({401, 402, 403, 404, 405, 501})


class Attempts:
    """The tries of one request for the model ``name``. No I/O: the caller waits and sends.

        take() ──> lease ──> sent ──(answer)──> done
          ^                   │
          │                failed() ──(nothing left)──> over ──> failure()
          └──(after pause)────┘

    ``trail`` records them. ``pause`` is the seconds to wait before the next one; ``over`` means
    that there is none.
    """

    __slots__ = ("_error", "_fallbacks", "_group", "_name", "_router", "_tried", "_tries",
                 "over", "pause", "trail")  # fmt: skip

    def __init__(self, router: Router, name: str) -> None:
        """Raises InvalidRequest where no such model is known."""
        self._router = router
        self._name = name
        self._tried: list[Load] = []
        self._tries = 0
        self._fallbacks: list[str] | None = None
        self._error: DiglotError | None = None
        self.trail = Trail()
        self.over = False
        self.pause = 0.0
        self._group: Group
        try:
            self._group = router.group(name)
        except ModelNotServed as exc:
            self._fall_back(exc)
            if self.over:
                raise

    # Without waiting -------------------------------------------------------------------------

    def take(self) -> Lease | None:
        """Start the next try at the best deployment, without waiting.

        Returns None if the request has to wait for a slot, or if no try is left (``over``). The
        caller waits for ``pause`` before, and ends the lease or calls ``failed``.
        """
        while not self.over:
            try:
                lease = self._group.take(self._tried)
            except DiglotError as exc:
                self._fall_back(exc)
            else:
                return None if lease is None else self._taken(lease)
        return None

    def failed(self, lease: Lease, error: DiglotError) -> None:
        """End a failed try, and set ``pause`` or ``over``."""
        lease.fail(error)
        self._tries += 1
        self._tried.append(lease.load)
        pause = _pause(self._router.routing, self._group, self._tried, self._tries, error)
        if pause is None:
            self._fall_back(error)
            return
        self.pause = pause
        self.trail.retries += 1
        if pause:
            self._tried.clear()

    def failure(self) -> DiglotError:
        """Return the error to raise when it is ``over``: that of ``name`` itself, not of its
        fallbacks.
        """
        error, self._error = self._error, None
        # Not kept: an error that its own traceback refers to is freed late.
        assert error is not None
        return error

    def _taken(self, lease: Lease) -> Lease:
        trail = self.trail
        trail.group, trail.deployment = self._group.name, lease.load.deployment
        return lease

    def _fall_back(self, error: DiglotError) -> None:
        """Continue with the next fallback."""
        trail, own = self.trail, self._name
        if self._fallbacks is None:
            self._error = error
            self._fallbacks = list(_instead(self._router, own, error))
        else:
            _LOG.warning("%s failed too: %s", self._group.name, error)
        self.pause = 0.0
        self._tried, self._tries = [], 0
        while self._fallbacks:
            name = self._fallbacks.pop(0)
            _LOG.warning("%s failed, %s is asked instead: %s", own, name, self._error)
            trail.fallbacks += 1
            try:
                self._group = self._router.group(name)
            except DiglotError as exc:
                _LOG.warning("%s failed too: %s", name, exc)
            else:
                return
        self.over = True

    # With waiting ----------------------------------------------------------------------------

    # Not a generator: an unfinished one would be closed by a separate task.
    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Lease:
        if self.pause:
            await asyncio.sleep(self.pause)
        while True:
            lease = self.take()
            if lease is not None:
                return lease
            if self.over:
                raise StopAsyncIteration
            try:
                return self._taken(await self._group.wait(self._tried))
            except DiglotError as exc:
                self._fall_back(exc)


def _instead(router: Router, name: str, error: DiglotError) -> tuple[str, ...]:
    """Return the fallbacks for this error."""
    if fault_kind(error_facts(error), container=False) == "context_exceeded":
        names = router.fallbacks(name, too_long=True)
        if names:
            return names
    if error.status in _AGAIN or error.status in _ELSEWHERE:
        return router.fallbacks(name)
    return ()


def _pause(
    routing: Routing, group: Group, tried: Sequence[Load], tries: int, error: DiglotError
) -> float | None:
    """Return the seconds to wait before the next try: 0 for another deployment, None for no more
    tries.
    """
    own = tried[-1].deployment.max_retries
    limit = routing.num_retries if own is None else own
    again = error.status in _AGAIN
    if tries > (_OTHERS if limit is None else limit) or not (again or error.status in _ELSEWHERE):
        return None
    if group.others(tried):
        return 0.0
    # If nothing listens, or a timeout has passed, an immediate retry will not help.
    if limit is None or not again or isinstance(error, BackendUnavailable):
        return None
    usual = _BACKOFF * 2 ** (tries - 1) * random.uniform(0.75, 1.25)
    pause = max(routing.retry_after, usual if error.retry_after is None else error.retry_after)
    return pause if pause <= _LONGEST else None
