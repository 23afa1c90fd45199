"""The log of the newest exchanges, and the filters of viewers.

The log is limited in number and bytes: the oldest are dropped. Each owner sees only their own
exchanges; ``everyone`` is for an operator, who also sees those of gateway clients (owner "").
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from core.exchanges.exchange import Exchange
from core.exchanges.key_rules import key_rules

_MEASURE_EVERY = 16

_TURN = 0.0002
"""Seconds of a turn of the loop in which exchanges are masked."""

_PAUSE = 0.01
"""Seconds between two such turns, while there is other work."""

_LONG_PAUSE = 0.1
"""The same under full load, when most is dropped before anybody sees it."""

_FULL_LOAD = 1000
"""Exchanges a second that are too many to be masked beside other work."""

_IDLE = 0.25
"""Seconds until it is looked again whether there is something to do."""


class Filter(Struct, frozen=True, kw_only=True):
    """A filter of a viewer; an empty value matches everything.

    ``path``, ``model`` and ``dialect`` are parts of those names, ``status`` is a code (``404``), a
    class (``4xx``), ``error`` or ``open`` (not ended). ``text`` is searched in request and answer,
    ignoring case. ``since`` is ns since the epoch, ``agent`` a part of the user agent of the
    client. ``shown`` is what of an exchange is shown to who searches: what is not cannot be found.
    """

    path: str = ""
    model: str = ""
    status: str = ""
    text: str = ""
    dialect: str = ""
    agent: str = ""
    since: int = 0
    shown: Callable[[Exchange], Exchange] | None = None

    def takes(self, exchange: Exchange) -> bool:
        """Tell whether an exchange matches. Cheap conditions are checked first."""
        if exchange.started < self.since or self.path not in exchange.client.path:
            return False
        if self.model and self.model.lower() not in exchange.model.lower():
            return False
        if self.status and not _has_status(exchange, self.status):
            return False
        if self.dialect and not any(
            self.dialect == wire.dialect for wire in (exchange.client, *exchange.backend)
        ):
            return False
        if self.agent and self.agent.lower() not in _agent(exchange).lower():
            return False
        if not self.text:
            return True
        return _holds(exchange if self.shown is None else self.shown(exchange), self.text)


class ExchangeLog:
    """All exchanges of this process and, if it stores them, of earlier runs."""

    def __init__(self, limit: int = 2000, *, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        # Oldest first. A dict's first key is found slowly once many before it were deleted.
        self._items: OrderedDict[str, Exchange] = OrderedDict()
        # Sizes grow until an exchange has ended, so running ones are measured again, all at once,
        # after as many new ones.
        self._growing: dict[str, Exchange] = {}
        self._until_measured = _MEASURE_EVERY
        self._total = 0
        self._added = 0
        # Those that have ended, with keys that are not masked yet.
        self._unsettled: deque[Exchange] = deque()
        # One for all exchanges: each would have its own.
        self._on_over = self._over

    def resize(self, limit: int, limit_bytes: int) -> None:
        """Change the limits."""
        self._limit, self._limit_bytes = limit, limit_bytes
        self._measure()

    def add(self, exchange: Exchange) -> None:
        """Add an exchange, dropping the oldest if there are too many."""
        if exchange.id in self._items:
            return
        self._items[exchange.id] = self._growing[exchange.id] = exchange
        exchange.on_over = self._on_over
        self._added += 1
        self._until_measured -= 1
        if self._until_measured <= 0:
            self._measure()
        elif len(self._items) > self._limit:
            self._drop_oldest()

    @property
    def state(self) -> tuple[int, int]:
        """How many were added so far, and how many may be in work."""
        return self._added, len(self._growing)

    def settle(self, seconds: float) -> bool:
        """Mask and compress what has ended, for about ``seconds``.

        Returns whether anything is left.
        """
        until = time.perf_counter() + seconds
        while self._unsettled:
            exchange = self._unsettled.popleft()
            if exchange.id not in self._items:
                continue  # nobody can see it any more
            if not exchange.ended:
                self._growing[exchange.id] = exchange  # another backend is tried
            else:
                exchange.settle()
                exchange.pack()
                self._note_size(exchange)
            if time.perf_counter() > until:
                break
        return bool(self._unsettled)

    def get(self, identity: str, *, owner: str, everyone: bool = False) -> Exchange | None:
        """Return an exchange of ``owner``, or of any owner for ``everyone``."""
        exchange = self._items.get(identity)
        if exchange is None or not (everyone or exchange.owner == owner):
            return None
        return exchange

    def newest(
        self,
        *,
        owner: str,
        everyone: bool = False,
        wanted: Filter | None = None,
        limit: int = 50,
        before: int = 0,
    ) -> list[Exchange]:
        """Return the exchanges of ``owner``, or of all, newest first.

        ``before`` leaves out exchanges that started at that time (ns since the epoch) or later, for
        paused or paged lists.
        """
        found = []
        for exchange in self._seen(owner, everyone=everyone):
            if before and exchange.started >= before:
                continue
            if wanted is None or wanted.takes(exchange):
                found.append(exchange)
                if len(found) >= limit:
                    break
        return found

    def count(self, *, owner: str, everyone: bool = False, wanted: Filter | None = None) -> int:
        """Return the number of visible exchanges."""
        seen = self._seen(owner, everyone=everyone)
        return sum(1 for exchange in seen if wanted is None or wanted.takes(exchange))

    def models(self, *, owner: str, everyone: bool = False) -> list[str]:
        """Return the names of the requested models, sorted."""
        return sorted({e.model for e in self._seen(owner, everyone=everyone) if e.model})

    def previous(self, exchange: Exchange) -> Exchange | None:
        """Return the exchange of the same owner and model that this one may continue.

        The newest before it whose answer had ended when this one began.
        """
        for other in self._seen(exchange.owner, everyone=False):
            same = other.model == exchange.model and other.client.dialect == exchange.client.dialect
            if same and other.id != exchange.id and 0 < other.ended <= exchange.started:
                return other
        return None

    def expire(self, before: int) -> int:
        """Delete the exchanges that began before a time (ns since the epoch); return how many."""
        gone = [key for key, item in list(self._items.items()) if item.started < before]
        return self._forget(gone)

    def forget(self, is_gone: Callable[[str], bool]) -> int:
        """Delete all exchanges of the owners of whom this is true; return how many."""
        gone = [key for key, item in list(self._items.items()) if is_gone(item.owner)]
        return self._forget(gone)

    def _forget(self, gone: list[str]) -> int:
        for key in gone:
            exchange = self._items.pop(key, None)
            if exchange is not None:
                self._forget_size(exchange)
        return len(gone)

    def _seen(self, owner: str, *, everyone: bool) -> Iterator[Exchange]:
        # Copied first: pages read in other threads while the event loop adds.
        for exchange in reversed(list(self._items.values())):
            if everyone or exchange.owner == owner:
                yield exchange

    def _measure(self) -> None:
        """Sum up the sizes, and drop what is too much."""
        for exchange in list(self._growing.values()):
            if exchange.ended:
                self._over(exchange)
            else:
                self._note_size(exchange)
        self._until_measured = max(_MEASURE_EVERY, len(self._growing))
        while len(self._items) > self._limit or (
            self._total > self._limit_bytes and len(self._items) > 1
        ):
            self._drop_oldest()
        # What was dropped unseen is at the front: it has to be let go, too.
        while self._unsettled and self._unsettled[0].id not in self._items:
            self._unsettled.popleft()

    def _over(self, exchange: Exchange) -> None:
        """Note that an exchange has ended: once more, where another backend was tried after it."""
        self._growing.pop(exchange.id, None)
        if exchange.id in self._items:  # else it was dropped before
            self._note_size(exchange)
            self._unsettled.append(exchange)

    def _note_size(self, exchange: Exchange) -> None:
        size = exchange.size
        self._total += size - exchange.counted
        exchange.counted = size

    def _drop_oldest(self) -> None:
        _, exchange = self._items.popitem(last=False)
        self._forget_size(exchange)

    def _forget_size(self, exchange: Exchange) -> None:
        self._growing.pop(exchange.id, None)
        self._total -= exchange.counted
        exchange.counted = 0


async def settle(log: ExchangeLog) -> None:
    """Mask and compress what has ended, a little at a time. Never returns.

    No stream waits for it longer than for one exchange, or for a fifth of a millisecond.
    """
    key_rules()  # takes 0.1 s where its search is not compiled yet: before anybody is served
    before, pause = log.state, _IDLE
    while True:
        left = log.settle(_TURN)
        now = log.state
        if not left:
            pause = _IDLE
        elif now == before:
            pause = 0
        else:
            pause = _LONG_PAUSE if now[0] - before[0] > _FULL_LOAD * pause else _PAUSE
        before = now
        await asyncio.sleep(pause)


class Watch(Struct, frozen=True, kw_only=True):
    """The list of one viewer: pausing and clearing do not affect others.

    ``since`` hides exchanges before the last clearing, ``until`` those after a pause; both are ns
    since the epoch, 0 for none.
    """

    since: int = 0
    until: int = 0

    def paused(self, now: int) -> Watch:
        """Return this list paused."""
        return replace(self, until=now)

    def resumed(self) -> Watch:
        """Return this list resumed, including what came during the pause."""
        return replace(self, until=0)

    def cleared(self, now: int) -> Watch:
        """Return this list empty."""
        return replace(self, since=now)

    def list(
        self,
        log: ExchangeLog,
        *,
        owner: str,
        everyone: bool = False,
        wanted: Filter | None = None,
        limit: int = 50,
    ) -> list[Exchange]:
        """Return the visible exchanges, newest first."""
        wanted = wanted or Filter()
        wanted = replace(wanted, since=max(wanted.since, self.since))
        return log.newest(
            owner=owner, everyone=everyone, wanted=wanted, limit=limit, before=self.until
        )


def _has_status(exchange: Exchange, wanted: str) -> bool:
    if wanted == "error":
        return bool(exchange.error) or exchange.status >= 400
    if wanted == "open":
        return not exchange.ended
    status = str(exchange.status)
    return status[:1] == wanted[:1] if wanted.endswith("xx") else status == wanted


def _agent(exchange: Exchange) -> str:
    return dict(exchange.client.headers).get("user-agent", "")


def _holds(exchange: Exchange, text: str) -> bool:
    wanted = text.lower()
    request = exchange.client.request.lower()
    if wanted.encode("utf-8", "replace") in request or wanted in exchange.model.lower():
        return True
    if not wanted.isascii():
        # Clients such as Python's json escape non-ASCII characters.
        escaped = "".join(c if c.isascii() else _escape(c) for c in wanted)
        if escaped.encode() in request:
            return True
    return wanted in exchange.said.lower() or wanted in exchange.error.lower()


def _escape(letter: str) -> str:
    data = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[i]:02x}{data[i + 1]:02x}" for i in range(0, len(data), 2))
