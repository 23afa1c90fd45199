"""Room on the disk that is kept so that deleting works when the disk is full.

Deleting writes before it frees: SQLite notes each change in a second file first
(sqlite.org/wal.html). A file of zeros beside the database stands for the room that this takes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.errors import BackendUnavailable

ROOM = 4 * 1024 * 1024
"""Bytes: what the second file has as a rule before its changes are taken over."""

_FULL = ("disk is full", "disk I/O error")


class Holder(Protocol):
    """What has a reserve."""

    reserve: Reserve


Owner = TypeVar("Owner", bound=Holder)
Given = ParamSpec("Given")
Result = TypeVar("Result")


class Reserve:
    """The room beside one SQLite file; for any other database this does nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        url = engine.url
        sqlite = url.get_backend_name() == "sqlite" and url.database
        self._file = Path(f"{url.database}-reserve") if sqlite else None

    def keep(self) -> None:
        """Take the room, if the disk has plenty."""
        if self._file is None or self._file.exists():
            return
        try:
            if shutil.disk_usage(self._file.parent).free > 2 * ROOM:
                _take(self._file, ROOM)
        except OSError:
            self._drop()

    def give_up(self) -> None:
        """Free the room, and then that of the second file, whose changes are taken over."""
        self._drop()
        self.settle()

    def settle(self) -> None:
        """Take over what stands in the second file, and empty it."""
        if self._file is not None:
            with suppress(SQLAlchemyError), self._engine.connect() as db:
                db.exec_driver_sql("COMMIT")  # this takes over nothing within a transaction
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                db.exec_driver_sql("BEGIN")

    def _drop(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


def _take(file: Path, size: int) -> None:
    """Make a file that really has its room on the disk."""
    with file.open("wb") as opened:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), 0, size)
        else:
            opened.write(b"\0" * size)


def frees(
    work: Callable[Concatenate[Owner, Given], Result],
) -> Callable[Concatenate[Owner, Given], Result]:
    """Do what deletes once more in the reserve of its owner where the disk is full."""

    @wraps(work)
    def done(owner: Owner, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return work(owner, *args, **kwargs)
        except BackendUnavailable as error:
            if not any(sign in error.message for sign in _FULL):
                raise
        owner.reserve.give_up()
        result = work(owner, *args, **kwargs)
        owner.reserve.settle()
        owner.reserve.keep()
        return result

    return done
