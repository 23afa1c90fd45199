"""The service of the pages, with an event loop of its own beside the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.backends.fleet import Fleet
from core.chats.jobs.runner import JobRunner
from core.chats.service import Service, install
from core.chats.store.store import Store
from core.tools.examples import example_toolbox

__all__ = ["whole_service"]


async def _leave() -> None:
    """End what is still at work in the background, such as the making of a title."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@contextmanager
def whole_service(folder: Path) -> Iterator[Service]:
    """Run it, and make it the one of this process. OLLAMA_HOST says whom it asks."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(30)

    fleet = Fleet(None)
    wait(fleet.__aenter__())
    store = Store(f"sqlite:///{folder / 'chats.db'}")
    jobs = JobRunner(store, loop)
    made = Service(fleet, store, jobs, example_toolbox())
    install(made)
    try:
        yield made
    finally:
        made.runners.tool_runtime.sandbox.close()
        wait(jobs.aclose())
        wait(fleet.__aexit__(None, None, None))
        store.close()
        wait(_leave())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
