"""Stores exchanges on disk, if the config names a folder: one compressed file each.

Like the log in memory, limited by number and bytes; the oldest are deleted first. The files are
readable only by their owner, since they contain what people asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from core.config.config import Captures
from core.errors import DiglotError
from core.exchanges.exchange import Exchange
from core.exchanges.log import ExchangeLog
from core.exchanges.serialization import compressed, load_exchange

_LOG = logging.getLogger("diglot.captures")
_PAUSE = 1.0
_DAY = 24 * 3600 * 1_000_000_000
_MINUTE = 60.0


class CaptureFolder:
    """The files in the folder of the config, limited by number and bytes."""

    def __init__(self, captures: Captures) -> None:
        self._path = captures.folder or Path()
        self._number = captures.number
        self._max_bytes = captures.max_bytes
        self._days = captures.days

    def load(self) -> list[Exchange]:
        """Return the stored exchanges, oldest first; unreadable files are skipped."""
        found = []
        for file in self._files():
            try:
                found.append(load_exchange(file.read_bytes()))
            except (OSError, DiglotError) as exc:
                _LOG.warning("%s is left out: %s", file.name, exc)
        return found

    def save(self, exchanges: Iterable[Exchange]) -> None:
        """Write exchanges that have ended, then delete the excess. Raises OSError."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for exchange in exchanges:
            name = "".join(c for c in exchange.id if c.isalnum() or c in "-_")
            file = self._path / f"{exchange.started:020d}-{name}.diglot"
            # Written under another name and renamed, so that no partial file is ever read.
            half = file.with_suffix(".part")
            half.touch(mode=0o600)
            half.write_bytes(compressed(exchange, owner=True))
            half.replace(file)
        self._trim()

    def of(self, owner: str) -> list[tuple[Path, Exchange]]:
        """Return the stored exchanges of one owner with their files, but unreadable ones."""
        found = []
        for file in self._files():
            with suppress(OSError, DiglotError):
                exchange = load_exchange(file.read_bytes())
                if exchange.owner == owner:
                    found.append((file, exchange))
        return found

    def expire(self) -> None:
        """Delete the files that are older than the config allows."""
        if self._days is not None:
            oldest = f"{time.time_ns() - int(self._days * _DAY):020d}"
            for file in self._files():
                if file.name < oldest:
                    file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._path.glob("*.diglot")) if self._path.is_dir() else []

    def _trim(self) -> None:
        files = self._files()
        sizes = [file.stat().st_size for file in files]
        total = sum(sizes)
        for file, size in zip(files, sizes, strict=True):
            if len(files) <= self._number and total <= self._max_bytes:
                break
            file.unlink(missing_ok=True)
            files = files[1:]
            total -= size


async def keep_on_disk(log: ExchangeLog, folder: CaptureFolder, *, pause: float = _PAUSE) -> None:
    """Load the stored exchanges, then write ended ones every ``pause`` seconds. Never returns.

    When cancelled, it writes the last ended ones.
    """
    saved: set[str] = set()
    for exchange in await asyncio.to_thread(folder.load):
        log.add(exchange)
        saved.add(exchange.id)
    try:
        while True:
            await asyncio.sleep(pause)
            await asyncio.to_thread(_save, log, folder, saved)
    finally:
        _save(log, folder, saved)


async def expire(log: ExchangeLog, captures: Callable[[], Captures]) -> None:
    """Delete what is older than the config allows, every minute. Never returns."""
    while True:
        kept = captures()
        if kept.days is not None:
            log.expire(time.time_ns() - int(kept.days * _DAY))
            if kept.folder is not None:
                await asyncio.to_thread(CaptureFolder(kept).expire)
        await asyncio.sleep(_MINUTE)


def _save(log: ExchangeLog, folder: CaptureFolder, saved: set[str]) -> None:
    kept = log.newest(owner="", everyone=True, limit=1_000_000)
    fresh = [exchange for exchange in kept if exchange.ended and exchange.id not in saved]
    saved.intersection_update({exchange.id for exchange in kept})
    if not fresh:
        return
    try:
        folder.save(fresh)
    except OSError as exc:
        _LOG.error("exchanges cannot be kept in the folder: %s", exc)
    saved.update(exchange.id for exchange in fresh)
