"""Writes one answer's row for its job, with retries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Literal, TypeVar

from core.chats.jobs.journal import Journal, Unsaved
from core.chats.store.growing import GrowingAnswers, Piece
from core.chats.values.chat import ChatMessage, MessageChanges
from core.errors import BackendUnavailable, DiglotError
from core.translation.messages import text_of

T = TypeVar("T")

_MOST_PIECES = 100
"""Pieces after which the row is written whole, or readers would join more and more of them."""

_SETTLED: tuple[Literal["steps", "finish_reason", "error", "exchanges"], ...] = (
    "steps", "finish_reason", "error", "exchanges",
)  # fmt: skip
"""What changes seldom; a change of it is written with the whole row."""

_PATIENCE = 3.0
"""Seconds after which a database that has not answered counts as away."""

_PAUSES = 0.5, 5.0
"""The first and the longest pause between two tries, in seconds."""

_log = logging.getLogger(__name__)


class AnswerRow:
    """Writes a row in threads of ``pool``. While the database is down, writes go to ``journal``.

    ``closing`` is set when the program ends: from then on nothing is retried.
    """

    def __init__(
        self,
        row: ChatMessage,
        owner: str,
        growing: GrowingAnswers,
        *,
        pool: Executor,
        journal: Journal | None,
        closing: asyncio.Event,
    ) -> None:
        self._place = (owner, row.id, row.writer)
        self._growing = growing
        self._pool = pool
        self._journal = journal
        self._closing = closing
        self._kept = False
        self._asked: asyncio.Future[Any] | None = None
        # What was last written whole, None where the next write has to be; and last of all.
        self._whole: MessageChanges | None = None
        self._written: MessageChanges = {}
        self._pieces = 0
        self._number = 0

    async def grow(self, changes: MessageChanges) -> bool:
        """Write what has come so far; return whether the row is still this job's.

        Raises DiglotError where the database is down; the answer is kept on disk then.
        """
        try:
            mine = await self._ask(partial(self._write, changes))
        except DiglotError:
            self._whole = None
            await self._keep(changes)
            raise
        await self._drop()
        return mine

    def _write(self, changes: MessageChanges) -> bool:
        """Add a piece where the text has only grown; write the whole row otherwise."""
        piece = self._piece(changes)
        if piece is not None and self._growing.append(*self._place, piece):
            self._number = piece.number
            self._written = changes
            return True
        if not self._growing.write(*self._place, **changes):
            return False
        if "message" in changes:
            self._whole = self._written = changes
            self._pieces = 0
        return True

    def _piece(self, changes: MessageChanges) -> Piece | None:
        if self._whole is None or self._pieces >= _MOST_PIECES or "message" not in changes:
            return None
        if any(changes[name] != self._whole[name] for name in _SETTLED):
            return None
        before, now = self._written["message"], changes["message"]
        text, thinking = text_of(before), before.thinking
        if not (text_of(now).startswith(text) and now.thinking.startswith(thinking)):
            return None
        self._pieces += 1
        return Piece(
            number=self._number + 1,
            text=text_of(now)[len(text) :],
            thinking=now.thinking[len(thinking) :],
        )

    async def finish(self, changes: MessageChanges, unsaved: Callable[[], None]) -> None:
        """Write the end of an answer, trying again until the database takes it.

        ``unsaved`` is called after each failed try. When the program ends, an unwritten answer
        stays in the journal.
        """
        pause, longest = _PAUSES
        while True:
            try:
                await self._ask(partial(self._growing.write, *self._place, **changes))
                break
            except DiglotError as error:
                _log.warning("a finished answer is not in the database yet: %s", error)
                await self._keep(changes)
                unsaved()
            try:
                await asyncio.wait_for(self._closing.wait(), pause)
            except TimeoutError:
                pause = min(2 * pause, longest)
            else:
                return
        await self._drop()

    async def _keep(self, changes: MessageChanges) -> None:
        # A heartbeat without a message has nothing to keep.
        if self._journal is None or "message" not in changes:
            return
        owner, message_id, writer = self._place
        answer = Unsaved(
            owner=owner,
            message_id=message_id,
            writer=writer,
            message=changes["message"],
            state=changes["state"],
            steps=changes["steps"],
            numbers=changes["numbers"],
            finish_reason=changes["finish_reason"],
            error=changes["error"],
            exchanges=changes["exchanges"],
        )
        self._kept = True
        await asyncio.to_thread(self._journal.keep, answer)

    async def _drop(self) -> None:
        if self._kept and self._journal is not None:
            self._kept = False
            await asyncio.to_thread(self._journal.drop, self._place[1])

    async def _ask(self, write: Callable[[], T]) -> T:
        """Run a write in the pool. Raises BackendUnavailable where it takes too long, too: the
        database may hang, or its network be cut. The write goes on then, and no other begins.
        """
        if self._asked is None or self._asked.done():
            self._asked = asked = asyncio.get_running_loop().run_in_executor(self._pool, write)
            asked.add_done_callback(lambda future: future.cancelled() or future.exception())
            if (await asyncio.wait({asked}, timeout=_PATIENCE))[0]:
                return asked.result()
        raise BackendUnavailable("the chat store does not answer", code="store_unavailable")
