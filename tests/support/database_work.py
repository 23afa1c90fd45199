"""How much a SQLite database has to do: steps of its machine, which do not vary as times do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from core.chats.store.store import Store

__all__ = ["work_of"]

_STEPS = 10
"""Steps between two counts."""


def work_of(store: Store, act: Callable[[], object]) -> int:
    """Return how many steps the database takes for ``act``, which reads.

    Each row that is looked at takes some (sqlite.org/c3ref/progress_handler.html).
    """
    counted = [0]

    def count() -> int:
        counted[0] += _STEPS
        return 0

    def watch(connection: Any, *_: object) -> None:
        connection.connection.dbapi_connection.set_progress_handler(count, _STEPS)

    def leave(connection: Any, *_: object) -> None:
        connection.connection.dbapi_connection.set_progress_handler(None, 0)

    engine = store._engine  # noqa: SLF001 the one place that watches it
    watched = (("before_cursor_execute", watch), ("commit", leave), ("rollback", leave))
    for name, listener in watched:
        event.listen(engine, name, listener)
    try:
        act()
    finally:
        for name, listener in watched:
            event.remove(engine, name, listener)
    return counted[0]
