"""What a page process does again and again beside its work, whatever becomes of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from core.errors import DiglotError


async def repeated(look: Callable[[], object], *, every: float) -> None:
    """Call ``look`` in a thread, again ``every`` seconds after it has returned, until cancelled.

    A DiglotError is left out: a database that is away now may be back the next time.
    """
    while True:
        with suppress(DiglotError):
            await asyncio.to_thread(look)
        await asyncio.sleep(every)
