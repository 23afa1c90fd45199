"""Answers that could not be written to the database, kept in files until they can be.

One file an answer, in a folder for each database: written whole under another name and renamed, so
that a process which is killed leaves either the older or the newer one. Like the database, they are
readable only by the user who runs the program.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.chats.store.growing import GrowingAnswers
from core.chats.store.tables import json_text
from core.chats.values.chat import State, Step
from core.translation.messages import Message

_log = logging.getLogger(__name__)


class Unsaved(Struct, frozen=True, kw_only=True):
    """The newest state of an answer's row, and the job that writes it (see ChatMessage)."""

    owner: str
    message_id: str
    writer: str
    message: Message
    state: State
    steps: tuple[Step, ...]
    numbers: Mapping[str, Any]
    finish_reason: str
    error: Mapping[str, Any] | None
    exchanges: tuple[str, ...]


def journal_folder(folder: Path, database_url: str) -> Path:
    """Return the folder below ``folder`` for one database: its answers belong in no other."""
    return folder / "unsaved" / hashlib.sha256(database_url.encode()).hexdigest()[:16]


class Journal:
    """A folder of unsaved answers. ``keep`` and ``drop`` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, answer: Unsaved) -> None:
        """Write an answer to its file, replacing an older state of it.

        A failure is only logged: the job still has the answer in memory.
        """
        place = self._folder / f"{answer.message_id}.json"
        part = place.with_suffix(f".{os.getpid()}.part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(json_text(answer).encode())
            part.replace(place)
        except OSError as error:
            _log.warning("an unsaved answer could not be kept on disk: %s", error.strerror)

    def drop(self, message_id: str) -> None:
        """Delete the file of an answer that is in the database now."""
        with suppress(OSError):
            (self._folder / f"{message_id}.json").unlink()

    def of(self, owner: str) -> list[tuple[Path, Unsaved]]:
        """Return the unsaved answers of one owner with their files; unreadable ones are skipped."""
        found = []
        for place in self._idle(0):
            with suppress(OSError, msgspec.DecodeError):
                answer = msgspec.json.decode(place.read_bytes(), type=Unsaved)
                if answer.owner == owner:
                    found.append((place, answer))
        return found

    def write_back(self, growing: GrowingAnswers, *, idle: float = 0) -> int:
        """Write answers that have been here for ``idle`` seconds to the database; return how many.

        A running job rewrites its file all the time, so its answer is never idle. An unfinished
        answer becomes ``interrupted``. Raises BackendUnavailable while the database is down; the
        rest stays.
        """
        count = 0
        for place in self._idle(idle):
            try:
                answer = msgspec.json.decode(place.read_bytes(), type=Unsaved)
            except (OSError, msgspec.DecodeError) as error:
                _log.warning("the unsaved answer %s cannot be read: %s", place.name, error)
                continue
            count += self._write(growing, answer)
            self.drop(answer.message_id)
        return count

    def _idle(self, idle: float) -> Iterator[Path]:
        newest = time.time() - idle
        for place in sorted(self._folder.glob("*.json")):
            with suppress(OSError):
                if place.stat().st_mtime <= newest:
                    yield place

    def _write(self, growing: GrowingAnswers, answer: Unsaved) -> bool:
        if answer.state == "running":
            answer = replace(answer, state="interrupted")
        changes = msgspec.structs.asdict(answer)
        about = [changes.pop(name) for name in ("owner", "message_id", "writer")]
        done = growing.write(*about, **changes)
        if not done:
            # The owner deleted it, or another job has continued it: both are newer.
            _log.warning("the unsaved answer %s is no longer wanted", answer.message_id)
        return done
