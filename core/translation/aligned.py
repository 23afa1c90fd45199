"""A request in two dialects, side by side: each row of the report with the values it is about.

Also: telling by its shape which dialect a pasted body is in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from core.errors import InvalidRequest
from core.translation import paths
from core.translation.notes import Note
from core.translation.report import Outcome, ReportRow, explain_request

__all__ = ["AlignedRow", "align", "align_request", "guess_dialect", "value_at"]

_GENERATE = ("prompt", "raw", "suffix", "template", "context")
_OLLAMA = ("options", "keep_alive", "think", "format", "truncate", "shift")
_OPENAI = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "response_format",
    "tool_choice", "stream_options", "reasoning_effort", "n", "user", "stop",
)  # fmt: skip


class AlignedRow(Struct, frozen=True, kw_only=True):
    """One row: what stands on the left, what happened, what stands on the right."""

    path: str | None
    value: Any
    outcome: Outcome
    target: str | None
    written: Any
    note: Note


def align(
    rows: Collection[ReportRow], body: Mapping[str, Any], written: Mapping[str, Any]
) -> tuple[AlignedRow, ...]:
    """Return the rows of a report with the values at their paths; None where there is none."""
    return tuple(
        AlignedRow(
            path=row.path,
            value=None if row.path is None else value_at(body, row.path),
            outcome=row.outcome,
            target=row.target,
            written=None if row.target is None else value_at(written, row.target),
            note=row.note,
        )
        for row in rows
    )


def align_request(
    body: Mapping[str, Any],
    written: Mapping[str, Any],
    *,
    source: str,
    target: str,
    accepts: Collection[str] = (),
    emulated: Mapping[str, str] | None = None,
) -> tuple[AlignedRow, ...]:
    """Return ``explain_request`` with the values it is about."""
    rows = explain_request(
        body, written, source=source, target=target, accepts=accepts, emulated=emulated
    )
    return align(rows, body, written)


def guess_dialect(body: Mapping[str, Any]) -> str:
    """Return the dialect whose request this is, by the fields that only one of them has.

    A body of nothing but a model and messages is legal in both and counts as OpenAI's. Raises
    InvalidRequest when it is in neither.
    """
    if "messages" not in body:
        if any(name in body for name in _GENERATE):
            return "generate"
        raise InvalidRequest("this is a request of neither API: it has no messages or prompt")
    native = sum(name in body for name in _OLLAMA)
    compatible = sum(name in body for name in _OPENAI)
    for message in body["messages"] if isinstance(body["messages"], list) else ():
        if isinstance(message, dict):
            native += ("images" in message) + ("tool_name" in message) + ("thinking" in message)
            compatible += ("tool_call_id" in message) + isinstance(message.get("content"), list)
    return "ollama" if native > compatible else "openai"


def value_at(body: Any, path: str) -> Any:
    """Return the value at a path such as ``messages[0].content``; None where there is none."""
    try:
        return paths.value_at(body, path)
    except KeyError:
        return None
