"""Attempts: asking one deployment after the other until one answers.

A request is tried again only while nothing of its answer has been sent on: an Answer that has
begun is final. First come the other deployments of the group, then, where the config sets a
number of retries, the same ones again after a while, then the fallbacks of the name.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from core.backends.answers import Answer
from core.backends.exchange import Exchange, Trail
from core.backends.faults import error_facts, fault_kind
from core.backends.group import Group
from core.backends.load import Lease, Load, Route
from core.backends.router import Router
from core.backends.routing import Routing
from core.errors import BackendUnavailable, DiglotError

__all__ = ["Ask", "Attempts"]

Ask = Callable[[Route], Awaitable[Answer]]

_LOG = logging.getLogger("diglot.attempts")

_OTHERS = 2
"""How many other deployments are asked where the config sets no number of retries."""

_BACKOFF = 0.25
_LONGEST = 8.0
"""Seconds between two tries of one deployment: the first wait, and what none is longer than."""

# Another time, or another server, may well give an answer.
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# The same server would say the same; another may know the model or the key.
_ELSEWHERE = frozenset({401, 402, 403, 404, 405, 501})


class Attempts:
    """``router`` gives the router as it is now. ``settle`` makes a route ready to be sent to."""

    def __init__(
        self, router: Callable[[], Router], settle: Callable[[Route], Awaitable[Route]]
    ) -> None:
        self._router = router
        self._settle = settle

    async def answer(self, name: str, exchange: Exchange, ask: Ask) -> Answer:
        """Return the first answer that a deployment of ``name``, or of its fallbacks, gives.

        Raises the error of ``name`` itself where nobody answers.
        """
        router = self._router()
        group = router.group(name)
        trail = exchange.trail = Trail()
        try:
            return await self._asked(router, group, trail, exchange, ask)
        except DiglotError as exc:
            names = _instead(router, name, exc)
            if not names:
                raise
            error = exc
        for other in names:
            _LOG.warning("%s failed, %s is asked instead: %s", name, other, error)
            trail.fallbacks += 1
            exchange.begin_again()
            try:
                return await self._asked(router, router.group(other), trail, exchange, ask)
            except DiglotError as exc:
                _LOG.warning("%s failed too: %s", other, exc)
        raise error

    async def _asked(
        self, router: Router, group: Group, trail: Trail, exchange: Exchange, ask: Ask
    ) -> Answer:
        """Ask the deployments of one name."""
        tried: list[Load] = []
        tries = 0
        while True:
            lease = group.take(tried) or await group.wait(tried)
            trail.group, trail.deployment = group.name, lease.load.deployment
            try:
                return await self._once(lease, exchange, ask)
            except DiglotError as exc:
                lease.fail(exc)
                tries += 1
                tried.append(lease.load)
                pause = _pause(router.routing, group, tried, tries, exc)
                if pause is None:
                    raise
            trail.retries += 1
            exchange.begin_again()
            if pause:
                tried.clear()
                await asyncio.sleep(pause)

    async def _once(self, lease: Lease, exchange: Exchange, ask: Ask) -> Answer:
        """Ask one deployment. The lease ends here, or else with the stream; or is to be failed."""
        try:
            route = lease.route
            answer = await ask(await self._settle(route) if route.deployment.embedded else route)
        except DiglotError:
            raise
        except BaseException:
            lease.end()
            raise
        lease.began()
        if answer.rest is None:
            lease.end(exchange)
        else:
            exchange.on_end = lease.end
        return answer


def _instead(router: Router, name: str, error: DiglotError) -> tuple[str, ...]:
    """Return the names to ask instead."""
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
    """Return the seconds to wait before the next try: 0 for another deployment; None for no try."""
    own = tried[-1].deployment.max_retries
    limit = routing.num_retries if own is None else own
    again = error.status in _AGAIN
    if tries > (_OTHERS if limit is None else limit) or not (again or error.status in _ELSEWHERE):
        return None
    if group.others(tried):
        return 0.0
    # Where nothing listens, or nothing was said for minutes, the next moment is no better.
    if limit is None or not again or isinstance(error, BackendUnavailable):
        return None
    usual = _BACKOFF * 2 ** (tries - 1) * random.uniform(0.75, 1.25)
    pause = max(routing.retry_after, usual if error.retry_after is None else error.retry_after)
    return pause if pause <= _LONGEST else None
