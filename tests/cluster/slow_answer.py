"""An answer of four seconds, a word at a time: long enough for a database to go meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from core.chats.jobs.answer import RunValue
from core.chats.jobs.job import Job
from core.translation.events import Finish, TextDelta


async def words(_job: Job) -> AsyncIterator[RunValue]:
    for number in range(40):
        yield TextDelta(f"{number} ")
        await asyncio.sleep(0.1)
    yield Finish()


WHOLE = "".join(f"{number} " for number in range(40))
