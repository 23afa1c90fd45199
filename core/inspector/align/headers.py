"""Headers of two sides, side by side: each in one row, by its name."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from core.exchanges.masking import MASK
from core.inspector.align.request import AlignedRow
from core.inspector.align.response_notes import ANSWER_NOTES
from core.translation.report.rows import Outcome

_TRANSPORT = frozenset(
    """accept accept-encoding accept-language cache-control connection content-encoding
    content-length date host keep-alive server transfer-encoding user-agent vary
    x-accel-buffering""".split()
)
_STREAMS = ("application/x-ndjson", "text/event-stream")


def align_headers(
    left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]
) -> tuple[AlignedRow, ...]:
    """Return the rows of two lists of headers, by name; ``path`` and ``target`` are the names."""
    others: dict[str, deque[str]] = defaultdict(deque)
    for name, value in right:
        others[name].append(value)
    rows = []
    for name, value in left:
        other = others[name].popleft() if others.get(name) else None
        rows.append(_header(name, value, other))
    for name, waiting in others.items():
        rows.extend(_header_added(name, value) for value in waiting)
    return tuple(rows)


def _header(name: str, value: str, other: str | None) -> AlignedRow:
    note, outcome = "kept", "kept"
    if MASK in (value, other):
        note, outcome = "secret_header", "retyped" if other is not None else "dropped"
    elif other is None:
        own = name.startswith("x-diglot-")
        note = "own_header" if own else "transport"
        outcome = "retyped" if own or name in _TRANSPORT else "dropped"
    elif value != other:
        note, outcome = (
            _type_note(value, other) if name == "content-type" else "transport",
            "retyped",
        )
    kind: Outcome = outcome  # type: ignore[assignment]
    return AlignedRow(
        path=name, value=value, outcome=kind, target=None if other is None else name,
        written=other, note=ANSWER_NOTES[note],
    )  # fmt: skip


def _type_note(value: str, other: str) -> str:
    """Return why two content types differ: as kinds of streams, or only as they are spelt."""
    kinds = {text.partition(";")[0].strip() for text in (value, other)}
    return "stream_type" if kinds == set(_STREAMS) else "content_type"


def _header_added(name: str, value: str) -> AlignedRow:
    note = "own_header" if name.startswith("x-diglot-") else "transport"
    if value == MASK:
        note = "secret_header"
    return AlignedRow(
        path=None, value=None, outcome="defaulted", target=name, written=value,
        note=ANSWER_NOTES[note],
    )  # fmt: skip
