"""The head of an answer says what matters of it, also where it was read once for many answers."""

from __future__ import annotations

from core.http.client import Client
from core.http.reply_head import read_head
from tests.http.test_connection import again, server

HEADERS = [(b"Content-Type", b"text/plain"), (b"RETRY-AFTER", b"3"), (b"location", b"/b"),
           (b"content-encoding", b"gzip"), (b"content-type", b"application/json")]  # fmt: skip


def test_names_are_of_any_case_and_the_last_one_counts() -> None:
    head = read_head(503, HEADERS)
    assert (head.status, head.content_type, head.retry_after) == (503, "application/json", "3")
    assert (head.location, head.encoding, head.headers) == ("/b", "gzip", HEADERS)


def test_what_is_not_there_is_empty_and_identity_is_no_coding() -> None:
    head = read_head(200, [(b"content-encoding", b"identity")])
    assert (head.content_type, head.retry_after, head.location, head.encoding) == ("",) * 4


async def test_equal_heads_of_a_connection_say_the_same() -> None:
    data = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Type: text/a\r\ncontent-length: 2\r\n\r\nhi"
    client = Client()
    async with server(again(data)) as place:
        try:
            for _ in range(4):
                reply = await client.send("POST", place.url, body=b"{}")
                assert (reply.status, reply.content_type, reply.encoding) == (200, "text/a", "")
                assert (b"x-a", b"b") in reply.headers and await reply.read() == b"hi"
            assert place.connections == 1
        finally:
            await client.close()
