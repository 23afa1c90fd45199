"""What one answer costs a PostgreSQL: what is written while it grows, and what stays.

    python -m bench.storage postgresql+psycopg://user@host/an_empty_database

Each answer is written as the jobs of the pages do it, at their pace but without their pauses.
"""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, create_engine, text

from core.chats.jobs.job import WRITE_EVERY
from core.chats.jobs.saving import AnswerRow
from core.chats.store.store import Store
from core.chats.values.chat import MessageChanges, State
from core.translation.messages import Message, Text

_TABLES = ("messages", "pieces", "words")
_ANSWERS = 20


def main() -> None:
    """Print a line for each length of an answer."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    url = arguments.parse_args().url
    print("seconds  characters  log written  of it a piece  on disk")
    for seconds, each in ((20, 20), (60, 40), (300, 60)):
        print(asyncio.run(_measure(url, seconds, each)))


async def _measure(url: str, seconds: int, each: int) -> str:
    """Return the line of answers of so many seconds, that gain ``each`` characters a write."""
    store, engine = Store(url), create_engine(url, isolation_level="AUTOCOMMIT")
    writes = round(seconds / WRITE_EVERY)
    with engine.connect() as db:
        db.execute(text("truncate chats cascade"))
        db.execute(text("vacuum full"))
        db.execute(text("checkpoint"))
        before, at = _disk(db), _log(db)
        for _ in range(_ANSWERS):
            await _write(store, writes, each)
        logged = (_log(db) - at) / _ANSWERS
        db.execute(text("vacuum full"))
        kept = (_disk(db) - before) / _ANSWERS
    store.close()
    engine.dispose()
    return (
        f"{seconds:7}  {writes * each:10}  {logged / 1024:8.1f} KB  {logged / writes:11.0f} B"
        f"  {kept / 1024:4.1f} KB"
    )


async def _write(store: Store, writes: int, each: int) -> None:
    chat = store.create_chat("bench")
    row = store.add_message(
        "bench", chat.id, Message(role="assistant"), parent_id=None, state="running", writer="w"
    )
    with ThreadPoolExecutor(1) as pool:
        saved = AnswerRow(
            row, "bench", store.growing, pool=pool, journal=None, closing=asyncio.Event()
        )
        said = ""
        for number in range(writes):
            said += f"{number:x} ".rjust(each, "word "[number % 5])
            await saved.grow(changes(said, "running"))
        await saved.finish(changes(said, "complete"), lambda: None)


def changes(said: str, state: State) -> MessageChanges:
    """Return what a job writes of an answer that has said so much."""
    return MessageChanges(
        message=Message(role="assistant", parts=(Text(said),)),
        state=state,
        steps=(),
        numbers={"first_token_ns": 1, "stream_ns": len(said)},
        finish_reason="",
        error=None,
        exchanges=("0" * 32,),
    )


def _log(db: Connection) -> int:
    return int(db.scalar(text("select pg_current_wal_lsn() - '0/0'::pg_lsn")) or 0)


def _disk(db: Connection) -> int:
    sizes = (db.scalar(text(f"select pg_total_relation_size('{name}')")) for name in _TABLES)
    return sum(int(size or 0) for size in sizes)


if __name__ == "__main__":
    main()
