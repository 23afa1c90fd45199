"""Chunks that are taken without the parser are those that the parser would find."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

import httptools
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.http.chunks import whole_chunk
from core.http.connection import Connection, Pool
from tests.support.examples import EXAMPLES

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Taker:
    """A listener that takes some of the pieces at once, and all others when it hears of them."""

    def __init__(self, connection: Connection, takes: list[bool]) -> None:
        self.connection = connection
        self.takes = takes
        self.body = b""
        self.at_once = 0

    def heard(self) -> None:
        self.body += self.connection.take()

    def took(self, piece: bytes) -> bool:
        takes = self.takes.pop() if self.takes else True
        if takes:
            self.body += piece
            self.at_once += 1
        return takes


class Found:
    """What httptools finds."""

    def __init__(self, reads: list[bytes]) -> None:
        self.body, self.whole, self.broken = b"", False, False
        parser: Any = httptools.HttpResponseParser(self)
        try:
            for read in reads:
                parser.feed_data(read)
        except httptools.HttpParserError:
            self.broken = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.whole = True


CONTENTS = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.sampled_from([b"5\r\nhello\r\n", b"\r\n", b"0\r\n\r\n", b"1\r\na\r\n0\r\n\r\n", b"a" * 300]),
)
FORMS = st.sampled_from([*[b"%x\r\n%b\r\n"] * 6, b"%X\r\n%b\r\n", b"0%x\r\n%b\r\n",
                         b"%x;a=b\r\n%b\r\n", b"%x\r\n%b\n", b" %x\r\n%b\r\n"])  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """The reads of a stream: a chunk each as a rule, else cut or joined anywhere."""
    chunks = [draw(FORMS) % (len(data), data) for data in draw(st.lists(CONTENTS, max_size=8))]
    reads = [HEAD, *chunks, b"0\r\n\r\n"]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(reads) - 1))
        cut = draw(st.integers(0, len(reads[at])))
        reads[at : at + 1] = [reads[at][:cut], reads[at][cut:]]
        at = draw(st.integers(0, len(reads) - 1))
        reads[at : at + 2] = [b"".join(reads[at : at + 2])]
    return [read for read in reads if read]


@settings(max_examples=3 * EXAMPLES)
@given(streams(), st.lists(st.booleans(), max_size=8), st.booleans())
def test_chunks_are_what_the_parser_finds(
    reads: list[bytes], takes: list[bool], listens: bool
) -> None:
    async def played() -> tuple[Connection, Taker]:
        connection = Connection(Pool(), ("127.0.0.1", 1))
        connection.connection_made(mock.Mock(spec=asyncio.Transport))
        connection.ask(b"", silence=60, total=None)
        taker = Taker(connection, takes)
        connection.listener = taker if listens else None
        for read in reads:
            connection.data_received(read)
        taker.heard()  # whoever does not listen reads it later
        return connection, taker

    connection, taker = asyncio.run(played())
    found = Found(reads)
    event(f"{min(taker.at_once, 2)} or more at once")
    assert connection.failed == found.broken
    assert taker.body == found.body and connection.arrived() == found.whole


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"5\r\nhello\r\n", b"hello"),
        (b"a\r\n0123456789\r\n", b"0123456789"),
        (b"A\r\n0123456789\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b""),
        (b"5\r\nhell\r\n", b""),
        (b"0\r\n\r\n", b""),
        (b"\r\n", b""),
        (b"5;a\r\nhello\r\n", b""),
    ],
)
def test_a_whole_chunk_is_told_by_its_size(data: bytes, content: bytes) -> None:
    assert whole_chunk(data) == content
