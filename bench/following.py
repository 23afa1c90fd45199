"""What it costs to follow an answer that another process writes, and how late its text comes.

    python -m bench.following postgresql+psycopg://user@host/an_empty_database

An answer grows at the pace of the pages' jobs, rests as while a tool runs, and grows again. Another
store on the same database follows it as a page does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, event

from bench.storage import changes
from core.backends.fleet import Fleet
from core.chats.feed.growth import follow
from core.chats.feed.view import Viewer
from core.chats.jobs.job import TOUCH_EVERY, WRITE_EVERY
from core.chats.jobs.runner import JobRunner
from core.chats.jobs.saving import AnswerRow
from core.chats.service import Service
from core.chats.store.store import Store
from core.chats.values.chat import ChatMessage, MessageChanges
from core.tools.examples import example_toolbox
from core.translation.messages import Message

GROWS = 50
"""Pieces, before and after the rest."""

RESTS = 20.0
"""Seconds without a new word."""

OWNER = WRITER = "bench"


class Following:
    """One answer, when each of its words was stored, and when it was seen."""

    def __init__(self, url: str) -> None:
        self._writer, self._reader = Store(url), Store(url)
        self._jobs = JobRunner(self._reader)
        self._service = Service(Fleet(None), self._reader, self._jobs, example_toolbox())
        chat = self._writer.create_chat(OWNER)
        self._row = self._writer.add_message(
            OWNER, chat.id, Message(role="assistant"), parent_id=None, state="running", writer="w"
        )
        self._stored: dict[int, float] = {}
        self._late: list[float] = []
        self._asked = {"growing": 0, "resting": 0}
        self._now = "growing"
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        if not threading.current_thread().name.startswith(WRITER):
            self._asked[self._now] += 1

    async def run(self) -> str:
        """Return the line of what was measured."""
        reading = asyncio.create_task(self._read(self._row))
        with ThreadPoolExecutor(1, thread_name_prefix=WRITER) as pool:
            saved = AnswerRow(
                self._row,
                OWNER,
                self._writer.growing,
                pool=pool,
                journal=None,
                closing=asyncio.Event(),
            )
            await self._write(saved)
        await reading
        await self._jobs.aclose()
        self._service.runners.tool_runtime.sandbox.close()
        for store in (self._writer, self._reader):
            store.close()
        late = sorted(self._late)
        return (
            f"late: {1000 * statistics.median(late):.0f} ms, at most {1000 * late[-1]:.0f} ms; "
            f"statements a second: {self._asked['growing'] / (2 * GROWS * WRITE_EVERY):.1f} while "
            f"it grows, {self._asked['resting'] / RESTS:.1f} while it rests"
        )

    async def _write(self, saved: AnswerRow) -> None:
        said = ""
        for number in range(2 * GROWS):
            if number == GROWS:
                self._now = "resting"
                for _ in range(round(RESTS / TOUCH_EVERY)):
                    await asyncio.sleep(TOUCH_EVERY)
                    await saved.grow(MessageChanges(state="running"))
                self._now = "growing"
            await asyncio.sleep(WRITE_EVERY)
            said += f"{number} "
            await saved.grow(changes(said, "running"))
            self._stored[number] = time.monotonic()
        await asyncio.sleep(1)
        await saved.finish(changes(said, "complete"), lambda: None)

    async def _read(self, row: ChatMessage) -> None:
        seen = 0
        viewer = Viewer(language="en", addresses=None)
        async for sent in follow(self._service, OWNER, row.chat_id, viewer, {}):
            name, _, data = sent.decode().partition("\ndata: ")
            if name != "event: grow":
                continue
            now, words = time.monotonic(), json.loads(data).get("text", "").split()
            for _ in words:
                self._late.append(max(now - self._stored.get(seen, now), 0.0))
                seen += 1


def main() -> None:
    """Print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")

    async def run() -> str:
        return await Following(arguments.parse_args().url).run()

    print(asyncio.run(run()))


if __name__ == "__main__":
    main()
