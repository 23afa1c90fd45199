"""Round trip: translates a request to another dialect and back, and compares."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from core.errors import DiglotError
from core.note import Note
from core.translation.fields.chat import EXTENSIONS
from core.translation.report.leaves import leaves
from core.translation.report.report import explain_request
from core.translation.report.rows import ReportRow
from core.translation.translate import translate_request

Change = Literal["lost", "changed", "added"]

_MOVED = Note("round_trip.moved")
_NEW = Note("round_trip.new")


class Difference(Struct, frozen=True, kw_only=True):
    """One difference. ``kind``: lost, changed or added.

    ``meant``: the meaning is the same.
    """

    path: str
    kind: Change
    before: Any
    after: Any
    note: Note
    meant: bool


class RoundTrip(Struct, frozen=True, kw_only=True):
    """The result: the translated body, the body after the way back, the differences.

    ``equal``: there are none; ``same``: none changes the meaning. ``error`` is the error of a
    translation, if any.
    """

    there: dict[str, Any] | None
    back: dict[str, Any] | None
    differences: tuple[Difference, ...]
    error: str = ""

    @property
    def equal(self) -> bool:
        """Whether there is no difference."""
        return not self.error and not self.differences

    @property
    def same(self) -> bool:
        """Whether the meaning is the same."""
        return not self.error and all(row.meant for row in self.differences)


def round_trip(
    body: dict[str, Any],
    *,
    source: str,
    target: str,
    accepts: Collection[str] = EXTENSIONS["diglot"],
) -> RoundTrip:
    """Translate a request of ``source`` to ``target`` and back.

    ``accepts`` names what the target is known to take beyond its dialect; both ways go through
    Diglot's own dialects unless it says otherwise. A body that breaks its dialect is no exception
    here but the ``error``.
    """
    there: dict[str, Any] | None = None
    try:
        there = translate_request(body, source=source, target=target, accepts=accepts)
        back = translate_request(there, source=target, target=source, accepts=accepts)
    except DiglotError as exc:
        return RoundTrip(there=there, back=None, differences=(), error=exc.message)
    rows = explain_request(body, there, source=source, target=target, accepts=accepts)
    found = tuple(_differences(body, back, source, {r.path: r for r in rows if r.path}))
    return RoundTrip(there=there, back=back, differences=found)


def _differences(
    body: Mapping[str, Any], back: Mapping[str, Any], dialect: str, rows: Mapping[str, ReportRow]
) -> Iterator[Difference]:
    before = {leaf.path: leaf.value for leaf in leaves(body, dialect)}
    after = {leaf.path: leaf.value for leaf in leaves(back, dialect)}
    for path, value in before.items():
        row = rows.get(path)
        if path not in after:
            meant = row is not None and row.outcome != "dropped"
            yield Difference(
                path=path, kind="lost", before=value, after=None, meant=meant,
                note=_MOVED if row is None else row.note,
            )  # fmt: skip
        elif type(after[path]) is not type(value) or after[path] != value:
            meant = row is not None and row.outcome != "dropped"
            note = _MOVED if row is None or row.outcome in ("kept", "renamed") else row.note
            yield Difference(
                path=path, kind="changed", before=value, after=after[path], meant=meant, note=note
            )
    for path, value in after.items():
        if path not in before:
            yield Difference(
                path=path, kind="added", before=None, after=value, meant=True, note=_NEW
            )
