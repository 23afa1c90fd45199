"""ReplyHead: the head of a backend's answer."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class ReplyHead(Struct, frozen=True):
    """The head of an answer: its status and headers, and the values of those that matter here."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content_type: str
    retry_after: str
    location: str
    encoding: str


def read_head(status: int, headers: Sequence[tuple[bytes, bytes]]) -> ReplyHead:
    """Return the head with these headers, whose names may be of any case. The last one counts."""
    found = {name.lower(): value.decode("latin-1") for name, value in headers}
    coding = found.get(b"content-encoding", "")
    return ReplyHead(
        status,
        headers,
        content_type=found.get(b"content-type", ""),
        retry_after=found.get(b"retry-after", ""),
        location=found.get(b"location", ""),
        encoding="" if coding == "identity" else coding,
    )
