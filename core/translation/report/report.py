"""The loss report: what a request translation did, one row per JSON path.

``explain_request`` walks the source body along the FIELDS table and holds each value against
the body that was really written, so a row says what happened, not what was planned:

kept       the same value at the same path
renamed    the same value at another path
retyped    said in another form, or by leaving it out, with nothing lost
defaulted  written although the client did not send it
emulated   not a thing the target can do; Diglot did it another way
dropped    not said at all
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from core.translation.report.rows import ReportRow
from core.translation.report.scene import Circumstances, Scene
from core.translation.report.walk import Walk


def explain_request(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    accepts: Collection[str] = (),
    about: Circumstances | None = None,
) -> tuple[ReportRow, ...]:
    """Return the rows of one translated request: those of ``body``, then what was added.

    ``written`` is the body that was sent, ``about`` says what else decided how it was written;
    without it, ``accepts`` alone did.
    """
    circumstances = about or Circumstances(accepts=frozenset(accepts))
    scene = Scene(body=body, written=written, source=source, target=target, about=circumstances)
    return Walk(scene).rows()


def explain_losses(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    about: Circumstances,
) -> tuple[ReportRow, ...]:
    """Return the rows of ``explain_request`` of what was dropped, and where anything is emulated
    all of them: in half the time, for whoever is told of nothing else.
    """
    walk = Walk(Scene(body=body, written=written, source=source, target=target, about=about))
    return walk.rows() if about.emulated else walk.lost()


def dropped(rows: tuple[ReportRow, ...]) -> tuple[str, ...]:
    """Return the paths that were lost, in the order of the body."""
    return tuple(row.path for row in rows if row.outcome == "dropped" and row.path is not None)


def losses(rows: tuple[ReportRow, ...]) -> tuple[ReportRow, ...]:
    """Return the rows of what was lost and may change the content of the answer."""
    return tuple(row for row in rows if row.outcome == "dropped" and not row.harmless)
