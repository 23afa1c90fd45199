"""System prompts stored under a name."""

from __future__ import annotations

from sqlalchemy import Delete, delete, insert, select

from core.chats.store.rows import named
from core.chats.store.tables import Rows, presets, transaction
from core.chats.values.chat import Preset


class Presets(Rows):
    """The presets of all owners."""

    def all(self, owner: str) -> list[Preset]:
        """Return an owner's presets by name."""
        query = select(presets.c.name, presets.c.text).where(presets.c.owner == named(owner))
        with transaction(self._reader) as db:
            rows = db.execute(query.order_by(presets.c.name))
            return [Preset(name=row.name, text=row.text) for row in rows]

    def save(self, owner: str, name: str, text: str) -> None:
        """Store a text under a name, replacing an older one."""
        with transaction(self._writer) as db:
            db.execute(_one(owner, name))
            db.execute(insert(presets).values(owner=named(owner), name=name, text=text))

    def delete(self, owner: str, name: str) -> None:
        """Delete a preset, if it exists."""
        with transaction(self._writer) as db:
            db.execute(_one(owner, name))


def _one(owner: str, name: str) -> Delete:
    return delete(presets).where(presets.c.owner == named(owner), presets.c.name == name)
