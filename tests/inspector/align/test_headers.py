"""Headers of both sides stand in one row by name, and a row says only what is so of the two."""

from __future__ import annotations

import pytest

from core.inspector.align.headers import align_headers
from core.inspector.align.response_notes import ANSWER_NOTES


def test_headers_are_aligned_by_name() -> None:
    left = [("content-type", "application/x-ndjson"), ("server", "x"), ("authorization", "***")]
    right = [("content-type", "text/event-stream"), ("x-diglot-id", "7"), ("authorization", "***")]
    rows = {row.path or row.target: row for row in align_headers(left, right)}
    assert rows["content-type"].note == ANSWER_NOTES["stream_type"]
    assert rows["server"].outcome == "retyped" and rows["server"].target is None
    assert rows["x-diglot-id"].outcome == "defaulted"
    assert rows["authorization"].note == ANSWER_NOTES["secret_header"]


@pytest.mark.parametrize(
    ("ours", "theirs", "note"),
    [
        ("application/json", "application/json; charset=utf-8", "content_type"),
        ("text/event-stream", "application/json", "content_type"),
        ("text/event-stream; charset=utf-8", "application/x-ndjson", "stream_type"),
    ],
)
def test_only_two_streams_are_called_streams(ours: str, theirs: str, note: str) -> None:
    (row,) = align_headers([("content-type", ours)], [("content-type", theirs)])
    assert row.note == ANSWER_NOTES[note] and row.outcome == "retyped"
