"""What is repeated goes on after an error of the database, and not after any other."""

from __future__ import annotations

import asyncio

import pytest

from core.chats.jobs.repeated import repeated
from core.errors import BackendUnavailable


async def test_a_database_that_is_away_is_asked_again() -> None:
    asked = 0
    enough = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            loop.call_soon_threadsafe(enough.set)
        raise BackendUnavailable("away")

    task = asyncio.create_task(repeated(look, every=0))
    await asyncio.wait_for(enough.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_any_other_error_is_not_hidden() -> None:
    def look() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repeated(look, every=0)
