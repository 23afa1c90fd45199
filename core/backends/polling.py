"""Polls for changes of the config files, and for the models that hosts have in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from core.backends.balancing.load import Host, model_key
from core.backends.balancing.router import Router
from core.backends.catalog import Catalog
from core.config.deployment import Deployment
from core.errors import DiglotError

_FILES_EVERY = 0.5
_HOSTS_EVERY = 5.0
_STORED_EVERY = 6
"""Every so many rounds hosts are asked for all their models, which change less often."""


async def watch_files(
    files: Callable[[], Sequence[Path]], changed: Callable[[], Awaitable[None]]
) -> None:
    """Call ``changed`` after each change of a file. Never returns.

    Files are polled: that works on every disk, mounted ones too, and with every editor. A file that
    is still being written is waited for.
    """
    before = await asyncio.to_thread(_stamps, files())
    seen = before
    while True:
        await asyncio.sleep(_FILES_EVERY)
        now = await asyncio.to_thread(_stamps, files())
        if now != before and now == seen:
            await changed()
            before = await asyncio.to_thread(_stamps, files())
            now = before
        seen = now


def _stamps(files: Sequence[Path]) -> list[tuple[str, int, int, int]]:
    found = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            found.append((str(file), 0, 0, 0))
        else:
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return found


async def watch_hosts(router: Callable[[], Router], catalog: Catalog) -> None:
    """Track which models several Ollama servers have in memory. Never returns.

    If there is no choice between servers, none is asked.
    """
    rounds = 0
    while True:
        now = router()
        asked = now.crowded_hosts().items()
        full = rounds % _STORED_EVERY == 0
        await asyncio.gather(
            *(_look(now.hosts[url], place, catalog, full=full) for url, place in asked)
        )
        rounds += 1
        await asyncio.sleep(_HOSTS_EVERY)


async def _look(host: Host, deployment: Deployment, catalog: Catalog, *, full: bool) -> None:
    try:
        host.loaded = {model_key(name) for name in await catalog.held(deployment)}
        if full:
            host.models = frozenset(model_key(name) for name in await catalog.stored(deployment))
    except DiglotError:
        # Unknown: the host is treated like any other.
        host.loaded = host.models = None
