"""ReportRow: what became of one value."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from core.note import Note

Outcome = Literal["kept", "renamed", "retyped", "defaulted", "emulated", "dropped"]


class ReportRow(Struct, frozen=True, kw_only=True):
    """One row. ``path`` is None for what was added, ``target`` for what was not written.

    ``harmless`` marks a loss that cannot change the content of the answer.
    """

    path: str | None
    outcome: Outcome
    target: str | None
    note: Note
    harmless: bool = False
